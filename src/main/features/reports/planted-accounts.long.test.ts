import { expect, test } from "vitest";
import { type App, createApp } from "#app";
import { readPublicKeyLine } from "#domain/ssh/key-blob.ts";
import type { AccountKind, AccountRow, RootStanding } from "#shared/model/access/account.ts";
import { type Desk, letIn, makeDesk, scanAll } from "#testing/lab/desk.ts";
import { runCollector } from "#testing/lab/run-in-host.ts";
import { type LabHost, startHost } from "#testing/lab/start-host.ts";
import { makeKeyPair } from "#testing/ssh/ssh-server.ts";

/** People whom a people source lists, of whom Carol has left, and keys that it does not have. */
const PEOPLE = ["ann", "bob", "carol", "dora"] as const;
const NAMES = { ann: "Ann Moore", bob: "Bob Hill", carol: "Carol Nolan", dora: "Dora Wood" } as const;
type Key = (typeof PEOPLE)[number] | "ci" | "nas";
const KEYS: Record<Key, string> = {
  ann: makeKeyPair().public,
  bob: makeKeyPair().public,
  carol: makeKeyPair().public,
  dora: makeKeyPair().public,
  ci: makeKeyPair().public,
  nas: makeKeyPair().public,
};
const printOf = (key: Key): string => readPublicKeyLine(KEYS[key])?.key.fingerprint ?? "";

/** What was planted of one account. `login`: whether a log has one to it. */
type Planted = {
  name: string;
  kind: AccountKind;
  root?: RootStanding;
  owner?: string;
  login?: boolean;
  findings?: string[];
};

const account = (name: string, kind: AccountKind, more: Omit<Planted, "name" | "kind"> = {}): Planted => ({
  name,
  kind,
  root: "no",
  owner: "",
  login: false,
  findings: [],
  ...more,
});

const COMMON = `
logged() { echo "$(date -u -d '-1 hour' +%Y-%m-%dT%H:%M:%SZ) $(uname -n) sshd-session[9]: $*" >> /var/log/auth.log; }
by_key() { logged "Accepted publickey for $1 from 10.1.2.9 port 3 ssh2: ED25519 $2"; }
made() { useradd --create-home --shell /bin/bash "$@"; }
password() { echo "$1:some words" | chpasswd; }
keys() { name=$1; shift; install -d -m 700 -o $name /home/$name/.ssh; printf '%s\\n' "$@" > /home/$name/.ssh/authorized_keys
  chown $name /home/$name/.ssh/authorized_keys; }
service() { printf '[Service]\\nUser=%s\\nExecStart=/srv/%s\\n[Install]\\nWantedBy=multi-user.target\\n' $2 $1 \\
    > /etc/systemd/system/$1.service
  mkdir -p /etc/systemd/system/multi-user.target.wants; ln -s ../$1.service /etc/systemd/system/multi-user.target.wants/; }
rm -rf /etc/ssl/certs/* /etc/nginx /etc/apache2
`;

const line = (...keys: Key[]): string => keys.map((key) => `'${KEYS[key]}'`).join(" ");

/** Fourteen hosts, each with whom it was made for. */
const HOSTS: readonly { name: string; prepare: string; planted: readonly Planted[] }[] = [
  {
    name: "person",
    prepare: `made ann; password ann; keys ann ${line("ann")}; by_key ann ${printOf("ann")}`,
    planted: [account("ann", "person", { login: true, owner: "Ann Moore" })],
  },
  {
    name: "key-alone",
    prepare: `made bob; keys bob ${line("bob")}; by_key bob ${printOf("bob")}; made ubuntu; keys ubuntu ${line("nas")}`,
    planted: [account("bob", "person", { login: true }), account("ubuntu", "unknown")],
  },
  {
    name: "service",
    prepare: `useradd --system --shell /usr/sbin/nologin shop; service shop shop
      useradd --system --shell /usr/sbin/nologin cache
      useradd --create-home --shell /usr/sbin/nologin web; service web web`,
    planted: [account("shop", "service"), account("cache", "system"), account("web", "service")],
  },
  {
    name: "bots",
    prepare: `made deploy; keys deploy ${line("ci")}; by_key deploy ${printOf("ci")}
      made mirror; keys mirror 'restrict,command="/usr/bin/rsync" ${KEYS.nas}'`,
    planted: [account("deploy", "bot", { login: true }), account("mirror", "bot")],
  },
  {
    name: "leaver",
    prepare: `made carol; keys carol ${line("carol")}; by_key carol ${printOf("carol")}`,
    planted: [account("carol", "person", { login: true })],
  },
  {
    name: "returned",
    prepare: `made eve; password eve; made stays; password stays`,
    planted: [account("eve", "person", { findings: ["account-returned"] }), account("stays", "person")],
  },
  {
    name: "docker",
    prepare: `groupadd docker; made --groups docker dora; password dora; keys dora ${line("dora")}
      made bob; password bob; echo 'bob ALL=(dora) NOPASSWD: ALL' > /etc/sudoers.d/bob
      python3 -c 'import socket; socket.socket(socket.AF_UNIX).bind("/run/docker.sock")'
      chown root:docker /run/docker.sock; chmod 660 /run/docker.sock`,
    planted: [
      account("dora", "person", { root: "becomes-root" }),
      account("bob", "person", { root: "becomes-root" }),
    ],
  },
  {
    name: "shared",
    prepare: `made ops; password ops; keys ops ${line("ann", "bob")}; by_key ops ${printOf("ann")}
      made release; keys release ${line("ann", "dora")}`,
    planted: [account("ops", "unknown", { login: true }), account("release", "unknown")],
  },
  {
    name: "helper",
    prepare: `made ann; password ann; cp /bin/true /opt/helper; chmod 4777 /opt/helper
      cp /bin/true /opt/own; chown ann: /opt/own; chmod 4755 /opt/own`,
    planted: [account("ann", "person", { root: "maybe" })],
  },
  {
    name: "human-use",
    prepare: `useradd --system --create-home --shell /bin/bash runner; service runner runner
      logged 'Accepted password for runner from 10.1.2.9 port 3 ssh2'`,
    planted: [account("runner", "service", { login: true, findings: ["account-used-by-person"] })],
  },
  {
    name: "mixed",
    prepare: `made app; password app; service app app; made dora; password dora; chage -E 2020-01-01 dora`,
    planted: [account("app", "unknown"), account("dora", "person")],
  },
  {
    name: "crontab",
    prepare: `useradd --create-home --shell /usr/sbin/nologin backup2; mkdir -p /etc/cron.d
      echo '@daily backup2 /usr/bin/save' > /etc/cron.d/save; made toor; usermod -o -u 0 toor
      printf '#!/bin/sh\\necho "   2 host/crontab@EXAMPLE"\\n' > /usr/bin/klist; chmod 755 /usr/bin/klist
      echo x > /etc/krb5.keytab; chmod 600 /etc/krb5.keytab`,
    planted: [account("backup2", "service"), account("toor", "unknown", { root: "is-root" })],
  },
  {
    name: "unused",
    prepare: `for day in $(seq 100 -1 1); do
        echo "$(date -u -d "-$day days" +%Y-%m-%d)T00:00:01Z unused CRON[9]: pam_unix(cron:session): session opened"
      done >> /var/log/auth.log
      useradd --system --create-home --shell /bin/bash nightly; service nightly nightly
      useradd --system --create-home --shell /bin/bash weekly; service weekly weekly
      keys weekly ${line("ci")}; by_key weekly ${printOf("ci")}`,
    planted: [
      account("nightly", "service", { findings: ["account-unused"] }),
      account("weekly", "service", { login: true }),
    ],
  },
  {
    name: "disabled",
    prepare: `made frank; password frank; chage -E 2020-01-01 frank
      logged 'Accepted password for frank from 10.1.2.9 port 3 ssh2'`,
    planted: [account("frank", "person", { login: true, findings: ["account-disabled-in-use"] })],
  },
];

/** What follows from how long a host has been known, of these. */
const KNOWN_FOR_LONG = new Set(["unused", "disabled"]);
const longAgo = () => new Date(Date.now() - 100 * 86_400_000);

const CSV = [
  "name,login,key,state",
  ...PEOPLE.map((who) => `${NAMES[who]},${who},${KEYS[who]},${who === "carol" ? "gone" : "active"}`),
].join("\n");

/** Lists accounts that were planted, each by its host. */
async function read({ client }: App, hosts: readonly LabHost[]): Promise<Map<string, AccountRow>> {
  const nameOf = new Map(hosts.map(({ address, name }) => [address, name]));
  const rows = await Promise.all(
    hosts.map(async ({ address }) => (await client.accounts.list({ host: address, limit: 200 })).rows),
  );
  return new Map(rows.flat().map((row) => [`${row.name}@${nameOf.get(row.host)}`, row]));
}

const importPeople = ({ client }: App) =>
  client.people.import({ name: "people.csv", files: [{ name: "people.csv", base64: btoa(CSV) }] });

const importBundle = ({ client }: App, { address }: LabHost, stream: Buffer) =>
  client.bundles.import({ base64: stream.toString("base64"), as: { host: address, port: 22 } });

const own = ({ client }: App, { address }: LabHost, name: string, owner: string) =>
  client.labels.set({ things: [{ kind: "account", host: address, port: 22, name }], owner });

/** What is said of each planted account. */
const said = (accounts: ReadonlyMap<string, AccountRow>) =>
  HOSTS.flatMap(({ name: host, planted }) =>
    planted.map(({ name }) => {
      const found = accounts.get(`${name}@${host}`);
      return {
        at: `${name}@${host}`,
        name,
        kind: found?.kind,
        root: found?.root,
        owner: found?.owner,
        login: found !== undefined && found.lastLoginAt !== null,
        findings: found?.findings.map(({ rule }) => rule).filter((rule) => rule.startsWith("account-")),
      };
    }),
  );

const TRUTH = HOSTS.flatMap(({ name: host, planted }) =>
  planted.map((one) => ({ at: `${one.name}@${host}`, ...one })),
);

const scanAs = (app: App, user: string, hosts: readonly LabHost[]) =>
  scanAll(app, {
    text: hosts.map(({ address }) => `${user}@${address}`).join(" "),
    only: "ssh",
    acceptNew: true,
  });

/** Reads some hosts as root as if it were a hundred days ago. */
async function readEarly({ databasePath, workstation }: Desk, hosts: readonly LabHost[]): Promise<void> {
  await using app = createApp({ databasePath, workstation, now: longAgo });
  await importPeople(app);
  await scanAs(
    app,
    "root",
    hosts.filter(({ name }) => KNOWN_FOR_LONG.has(name)),
  );
}

/** Reads the host as root: as it was, without Eve, and with her again. */
async function readThrice(app: App, hosts: readonly LabHost[]): Promise<void> {
  const scan = (only: readonly LabHost[]) => scanAs(app, "root", only);
  const states = new Set((await scan(hosts)).map(({ state }) => state));
  expect(states).toEqual(new Set(["ok"]));
  const returned = hosts.filter(({ name }) => name === "returned");
  for (const change of [
    "userdel eve",
    "useradd --create-home --shell /bin/bash eve; echo eve:more | chpasswd",
  ]) {
    for (const host of returned) await host.run(change);
    await scan(returned);
  }
}

test("of fourteen hosts every account is what it was planted as, by root, by an ordinary user, later and by bundle", async () => {
  await using desk = await makeDesk();
  await using hosts = await startAll(desk);
  await readEarly(desk, hosts.all);
  await using app = desk.open();
  await importPeople(app);
  await readThrice(app, hosts.all);
  const first = hosts.all.find(({ name }) => name === "person");
  if (first) await own(app, first, "ann", "Ann Moore");
  const asRoot = await read(app, hosts.all);
  expect(said(asRoot)).toEqual(TRUTH);
  const isUnowned = (at: string) =>
    asRoot.get(at)?.findings.some(({ rule }) => rule === "identity-without-owner");
  expect(["shop@service", "deploy@bots", "ann@person", "cache@service"].map(isUnowned)).toEqual([
    true,
    true,
    false,
    false,
  ]);
  const rowOf = (at: string) => app.client.accounts.find({ id: asRoot.get(at)?.id ?? 0 });
  expect((await rowOf("root@crontab")).keytabs).toEqual([
    { path: "/etc/krb5.keytab", principals: ["host/crontab@EXAMPLE"] },
  ]);
  expect((await rowOf("ann@helper")).setuidPrograms).toMatchObject([{ path: "/opt/own", owner: "ann" }]);
  expect((await rowOf("dora@mixed")).passwordAge).toMatchObject({ accountExpiresAt: "2020-01-01T00:00:00Z" });

  // Whoever reads later without root takes nothing of it away.
  await scanAs(app, "audit", hosts.all);
  expect(said(await read(app, hosts.all))).toEqual(TRUTH);

  // Without root nothing is said that is wrong: it is unknown, or as planted.
  await using alone = await makeDesk();
  await using user = alone.open();
  await importPeople(user);
  for (const host of hosts.all) {
    await importBundle(user, host, await runCollector(host, { user: "audit" }));
  }
  const wrong = said(await read(user, hosts.all)).filter(({ at, kind, root, login }) => {
    const truth = TRUTH.find((one) => one.at === at);
    const isKind = kind === "unknown" || kind === truth?.kind;
    const isRoot = root === "unknown" || root === "maybe" || root === truth?.root;
    return !(isKind && isRoot && (!login || truth?.login === true));
  });
  expect(wrong).toEqual([]);

  // By bundle all is as it was read live.
  await using carried = await makeDesk();
  await using offline = carried.open();
  await importPeople(offline);
  for (const host of hosts.all) {
    await importBundle(offline, host, await runCollector(host));
  }
  for (const [at, row] of asRoot) {
    const found = { host: row.host, port: 22, name: row.name };
    const [live, brought] = await Promise.all([
      app.client.accounts.find(found),
      offline.client.accounts.find(found),
    ]);
    expect({ at, ...timeless(brought) }).toEqual({ at, ...timeless(live) });
  }

  // A way to root that has come since, and that anybody sees, counts from whoever sees it.
  await first?.run("cp /bin/true /opt/new; chmod 4777 /opt/new");
  await scanAs(
    app,
    "audit",
    hosts.all.filter(({ name }) => name === "person"),
  );
  expect((await read(app, hosts.all)).get("ann@person")?.root).toBe("maybe");
}, 600_000);

/** Without numbers, dates of readings, what others have said of it, and what comes and goes meanwhile. */
const timeless = ({
  kind,
  reasons,
  root,
  passwordState,
  passwordAge,
  grantCount,
  authorityCount,
  setuidPrograms,
  keytabs,
  becomes,
  becomeIt,
  groups,
  shell,
  home,
  uid,
}: Awaited<ReturnType<App["client"]["accounts"]["find"]>>) => ({
  kind,
  reasons: reasons.filter(({ what }) => what !== "runs"),
  root,
  passwordState,
  passwordAge,
  grantCount,
  authorityCount,
  setuidPrograms,
  keytabs,
  becomes,
  becomeIt,
  groups,
  shell,
  home,
  uid,
});

async function startAll(desk: Desk) {
  const stack = new AsyncDisposableStack();
  const all: LabHost[] = [];
  for (const { name, prepare } of HOSTS)
    all.push(
      stack.use(
        await startHost({
          name,
          prepare: `${COMMON}\n${letIn(desk.publicKey)} ${letIn(desk.publicKey, "audit", "/bin/bash")}\n${prepare}`,
        }),
      ),
    );
  return { all, [Symbol.asyncDispose]: () => stack[Symbol.asyncDispose]() };
}

test("a setuid program of root's that everybody may write to keeps its bit when it is changed in memory", async () => {
  await using host = await startHost({
    name: "helper",
    prepare: "useradd --create-home ann; cp /bin/true /opt/helper; chmod 4777 /opt/helper",
  });
  const write = `import mmap; f = open("/opt/helper", "r+b"); m = mmap.mmap(f.fileno(), 4); m[0:4] = b"EVIL"; m.close()`;
  await host.run(`setpriv --reuid ann --regid ann --init-groups python3 -c '${write}'`);
  expect(await host.run("stat -c %a,%u /opt/helper; head -c 4 /opt/helper")).toBe("4777,0\nEVIL");
});
