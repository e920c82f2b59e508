/** Hosts with unusual contents: one scan of all of them, then the outcome of each. */
import { afterAll, beforeAll, expect, test } from "vitest";
import type { App } from "#app";
import type { Probe } from "#shared/model/hosts/probe.ts";
import type { SshTarget } from "#shared/model/hosts/target.ts";
import { letIn, makeDesk, scanAll } from "#testing/lab/desk.ts";
import { canStartHosts, startHost } from "#testing/lab/start-host.ts";
import { recordFault } from "./fault-table.ts";

const lab = test.skipIf(!canStartHosts());

/** Login shells, and what the account's own files do before a command runs; the name is the account's. */
const SHELLS: Record<string, { shell: string; files?: string }> = {
  restricted: { shell: "/bin/rbash" },
  nowhere: { shell: "/bin/rbash", files: "echo 'PATH=/nowhere' > $home/.bashrc" },
  tcsh: { shell: "/bin/tcsh", files: "echo 'echo welcome; set noglob' > $home/.cshrc" },
  fish: {
    shell: "/usr/bin/fish",
    files: "mkdir -p $home/.config/fish; echo 'echo welcome' > $home/.config/fish/config.fish",
  },
  nologin: { shell: "/usr/sbin/nologin" },
  false: { shell: "/bin/false" },
  forced: { shell: "/bin/sh", files: "sed -i 's/^/command=\"uptime\" /' $home/.ssh/authorized_keys" },
  strict: { shell: "/bin/bash", files: "echo 'set -euo pipefail; set -o noclobber' > $home/.bashrc" },
  noisy: {
    shell: "/bin/bash",
    files: "echo 'cat /etc/services; echo oh no >&2; read answer; alias sh=false ls=false' > $home/.bashrc",
  },
  slow: { shell: "/bin/bash", files: "echo 'sleep 2' > $home/.bashrc" },
  leaving: { shell: "/bin/bash", files: "echo 'exit 3' > $home/.bashrc" },
  behind: { shell: "/bin/bash", files: "echo 'sleep 1000 &' > $home/.bashrc" },
};

const shells = (publicKey: string): string =>
  Object.entries(SHELLS)
    .map(([account, { shell, files = "" }]) => `${letIn(publicKey, account, shell)}\n${files}\n`)
    .join("");

const MIB = 1_048_576;
const LINE = "ssh-ed25519 AAAA x\n";
/**
 * How many bytes of the first MiB of a huge file are one comment: in the long form none, so that all of it is grants.
 */
const REMARK_BYTES = Number(process.env.LATCHKEY_TEST_REMARK_BYTES ?? 1_000_000);

/** Files in place of authorized_keys; the name is the account's. */
const FILES: Record<string, string> = {
  pipe: "mkfifo $file",
  folder: "mkdir $file",
  endless: "ln -s /dev/zero $file",
  millionlines: `head -c ${REMARK_BYTES} /dev/zero | tr '\\0' '#' > $file; [ ! -s $file ] || echo >> $file
    yes '${LINE.trimEnd()}' | head -n 1000000 >> $file`,
  longline:
    "head -c 1000000 /dev/zero | tr '\\0' x > $file; echo >> $file; echo 'ssh-ed25519 AAAA after' >> $file",
  closed: "echo 'ssh-ed25519 AAAA x' > $file; chmod 000 $file",
};

const files = Object.entries(FILES)
  .map(
    ([account, make]) => `
      useradd --create-home ${account}; mkdir -m 755 /home/${account}/.ssh
      file=/home/${account}/.ssh/authorized_keys; ${make}`,
  )
  .join("\n");

/**
 * Traps of an authorized_keys file, each for an account of its own, with the first word of the verdict about its last
 * line.
 */
const TRAPS: Record<string, { make: string; said: string }> = {
  glued: { make: 'printf \'%s me\' "$other" > $file; echo "$key" >> $file', said: "yes" },
  cut: { make: "printf '%s me' \"$key\" > $file", said: "yes" },
  crlf: { make: "printf '%s me\\r\\n' \"$key\" > $file", said: "yes" },
  latin: { make: "printf '%s caf\\351\\n' \"$key\" > $file", said: "yes" },
  junk: {
    make: "head -c 8192 /dev/zero | tr '\\0' x > $file; printf '\\n%s\\n' \"$key\" >> $file",
    said: "yes",
  },
  long: { make: 'echo "command=\\"$(head -c 20000 /dev/zero | tr \'\\0\' x)\\" $key" > $file', said: "yes" },
  linked: { make: 'echo "$key" > /srv/linked; ln -s /srv/linked $file', said: "yes" },
  noshell: { make: 'echo "$key" > $file; usermod -s /bin/false noshell', said: "yes" },
  marked: { make: "printf '\\357\\273\\277%s\\n' \"$key\" > $file", said: "no: a byte order mark" },
  option: { make: 'echo "no-such-option $key" > $file', said: "no: unknown option" },
  named: { make: 'echo "from=\\"localhost\\" $key" > $file', said: "no: from=" },
  late: { make: 'echo "expiry-time=\\"20200101\\" $key" > $file', said: "no: expiry-time=" },
  open: { make: 'echo "$key" > $file; chmod 666 $file', said: "no: StrictModes" },
  gone: { make: 'echo "$key" > $file; usermod -e 2020-01-01 gone', said: "no: the account gone expired" },
};

const traps = (publicKey: string): string => `
  key='${publicKey}' other='ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAICMSwu0quwdyYK/Bht1UG58PZJInaOyuyxTF4N/aWeSg'
  ${Object.entries(TRAPS)
    .map(
      ([account, { make }]) => `
      useradd --create-home ${account}; mkdir -m 755 /home/${account}/.ssh
      file=/home/${account}/.ssh/authorized_keys; ${make}; chown -h ${account} $file`,
    )
    .join("\n")}`;

/** The search path has nothing but busybox. */
const BARE = `
  mkdir -p /opt/bare; cp "$(command -v busybox)" /opt/bare/
  usermod --shell /bin/sh root
  for tool in $(busybox --list); do ln -sf busybox /opt/bare/$tool; done
  mount --bind /opt/bare /usr/bin`;

/** A home and a /tmp without a free byte, on a read-only root. */
const FULL = `
  for folder in /home /tmp; do
    mount -t tmpfs -o size=64k tmpfs $folder
  done
  head -c 1M /dev/zero > /home/full 2>/dev/null || :
  head -c 1M /dev/zero > /tmp/full 2>/dev/null || :
  mount -o remount,bind,ro /`;

/** A line for "late" that expired a year ago, or that expires in two years by a clock that is three years behind. */
const lateOn = (publicKey: string): string => `
  useradd --create-home late; mkdir -m 755 /home/late/.ssh
  echo "expiry-time=\\"$(date -d '1 year ago' +%Y%m%d)Z\\" ${publicKey}" > /home/late/.ssh/authorized_keys
  chown late /home/late/.ssh/authorized_keys
`;

/** sshd runs, and would not start again: its file includes itself. */
const LOOP = "echo 'Include /etc/ssh/sshd_config' >> /etc/ssh/sshd_config";

const world = new AsyncDisposableStack();
const probes = new Map<string, Probe>();
let app: App;

beforeAll(async () => {
  if (!canStartHosts()) return;
  const desk = world.use(await makeDesk());
  app = world.use(desk.open());
  const root = letIn(desk.publicKey);
  const prepared = {
    shells: root + shells(desk.publicKey),
    files: root + files,
    bare: root + BARE,
    full: root + FULL,
    traps: root + traps(desk.publicKey),
    looping: root + letIn(desk.publicKey, "looped"),
    dated: `${root}${lateOn(desk.publicKey)} printf '#!/bin/sh\\nexec faketime -f -3y /bin/date.real "$@"\\n' > /tmp/date
      mv /bin/date /bin/date.real; install /tmp/date /bin/date`,
  };
  const hosts = await Promise.all(
    Object.entries(prepared).map(([name, prepare]) => startHost({ name, prepare })),
  );
  for (const host of hosts) world.use(host);
  const [many, ...others] = hosts;
  await hosts.find(({ name }) => name === "looping")?.run(LOOP);
  await many?.run(`dropbearkey -t ed25519 -f /run/dropbear.key >/dev/null 2>&1
    dropbear -r /run/dropbear.key -p ${many.address}:2222 -P /run/dropbear.pid`);
  const targets = [
    ...Object.keys(SHELLS).map((account) => `${account}@${many?.address}`),
    `root@${many?.address}:2222`,
    ...others.map(({ address }) => address),
  ];
  const names = new Map(others.map(({ address, name }) => [address, name]));
  for (const probe of await scanAll(app, { text: targets.join(" "), only: "ssh", acceptNew: true })) {
    const { host, port, user } = probe.target as SshTarget;
    probes.set(port === 2222 ? "dropbear" : (user ?? names.get(host) ?? ""), probe);
  }
}, 300_000);

afterAll(() => world.disposeAsync());

const outcomes = (names: readonly string[]) =>
  Object.fromEntries(names.map((name) => [name, probes.get(name)?.outcome]));
const say = (name: string): string => `${name} ${probes.get(name)?.outcome}`;
/** The verdict about the last line of each account of a host: its state and the first reason. */
const saidOn = async (hostname: string): Promise<Record<string, string>> => {
  const { host } = await hostNamed(hostname);
  const { rows } = await app.client.access.list({ host });
  return Object.fromEntries(
    rows.map(({ account, verdict }) => [
      account,
      `${verdict.effective.state}: ${verdict.effective.reasons[0]}`,
    ]),
  );
};
const hostNamed = async (hostname: string) => {
  const { rows } = await app.client.hosts.list({});
  const id = rows.find((row) => row.hostname === hostname)?.id ?? 0;
  return app.client.hosts.find({ id });
};

lab(
  "S14: whatever the login shell is and does first, the host is read, or it is told why not",
  ({ task }) => {
    const read = ["restricted", "tcsh", "fish", "strict", "noisy", "slow", "behind", "dropbear"];
    const refused = ["nowhere", "nologin", "false", "forced", "leaving"];
    const expected = [
      ...read.map((name) => [name, "collected"]),
      ...refused.map((name) => [name, "restricted-shell"]),
    ];
    expect(outcomes([...read, ...refused])).toEqual(Object.fromEntries(expected));
    const message = (name: string) => probes.get(name)?.message;
    expect(message("nologin")).toContain("currently not available");
    expect(message("forced")).toContain("load average");
    expect(message("leaving")).toContain("status 3");
    recordFault(task, {
      id: "S14",
      injected: "13 shells and rc files on one host",
      seen: `read: ${read.join(", ")}; restricted-shell, with what it said: ${refused.join(", ")}`,
    });
  },
);

lab("S14: busybox alone, a full disk and a root that cannot be written are enough to be read", ({ task }) => {
  expect(outcomes(["bare", "full"])).toEqual({ bare: "collected", full: "collected" });
  recordFault(task, {
    id: "S14",
    injected: "busybox only; /home and /tmp full, / read-only",
    seen: `${say("bare")}, ${say("full")}`,
  });
});

lab(
  "S15: what is no key file is named and not opened, and of a huge one the first part is taken",
  async ({ task }) => {
    expect(outcomes(["files"])).toEqual({ files: "truncated" });
    const host = await hostNamed("files");
    const why = (account: string) =>
      host.coverage?.notRead.find(({ what }) => what === `/home/${account}/.ssh/authorized_keys`)?.why;
    expect(Object.keys(FILES).map(why)).toEqual([
      "it is not a regular file",
      "it is not a regular file",
      "it is not a regular file",
      "only its first MiB was read",
      undefined,
      "the account itself may not read it, so sshd would not either",
    ]);
    const { rows } = await app.client.access.list({ account: "longline" });
    expect(rows).toMatchObject([{ line: 1 }, { line: 2, comment: "after" }]);
    const { total } = await app.client.access.list({ account: "millionlines" });
    const before = REMARK_BYTES > 0 ? REMARK_BYTES + 1 : 0;
    expect(total).toBe(Math.floor((MIB - before) / LINE.length));
    recordFault(task, {
      id: "S15",
      injected: "FIFO, folder, link to /dev/zero, 1 M lines, 1 MB line, mode 000",
      seen: `${say("files")}; 3 not opened, ${total} of 1 M lines, the long line and what follows it, 1 unreadable`,
    });
  },
);

lab(
  "S15: a configuration that includes itself costs no host, and no verdict is made of it",
  async ({ task }) => {
    expect(outcomes(["looping"])).toEqual({ looping: "collected" });
    const { coverage } = await hostNamed("looping");
    const told = coverage?.notRead.find(({ why }) => why.includes("recursive"));
    expect(told?.why).toContain("sshd did not answer");
    expect(await saidOn("looping")).toMatchObject({ looped: expect.stringMatching(/^unknown/) });
    recordFault(task, {
      id: "S15",
      injected: "Include of sshd_config in sshd_config",
      seen: `${say("looping")}; ${told?.what}: ${told?.why}`,
    });
  },
);

lab("T12: a trap in authorized_keys is told for what sshd makes of it", async ({ task }) => {
  const said = await saidOn("traps");
  const expected = Object.entries(TRAPS).map(([account, { said: words }]) => [
    account,
    expect.stringMatching(new RegExp(`^${words}`)),
  ]);
  expect(said).toMatchObject(Object.fromEntries(expected));
  recordFault(task, {
    id: "T12",
    injected: `${Object.keys(TRAPS).length} traps on one host`,
    seen: Object.entries(TRAPS)
      .map(([account, { said: words }]) => `${account} ${words.split(":")[0]}`)
      .join(", "),
  });
});

lab("S16: a host whose clock is three years behind is read, and the skew is shown", async ({ task }) => {
  const { clockAheadSeconds } = await hostNamed("dated");
  const years = (clockAheadSeconds ?? 0) / (365 * 86_400);
  expect(years).toBeCloseTo(-3, 1);
  // Lines expire by the host's own clock, which is what sshd uses.
  expect(await saidOn("dated")).toMatchObject({ late: expect.stringMatching(/^yes/) });
  recordFault(task, {
    id: "S16",
    injected: "date by faketime on the host",
    seen: `${say("dated")}, clock ${clockAheadSeconds} s ahead`,
  });
});
