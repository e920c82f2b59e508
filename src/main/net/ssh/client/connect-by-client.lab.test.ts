import { readdir, readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import ssh2 from "ssh2";
import { afterAll, beforeAll, expect, test } from "vitest";
import { SSH_LIMITS } from "#net/ssh/collect.ts";
import { type ClientProbeOptions, collectByClient } from "#net/ssh/testing/collect-by.ts";
import { hostile } from "#testing/faults/hostile-servers.ts";
import { makeKeyFile, startSshAgent } from "#testing/ssh/key-files.ts";
import { makeKeyPair, startSshServer } from "#testing/ssh/ssh-server.ts";
import { makeTemporaryFolder } from "#testing/temporary-folder.ts";
import { findSsh } from "./start-ssh.ts";

const NONCE = "0123456789abcdef";
const WHOLE = `welcome\nlatchkey-collection 1 ${NONCE}\nend 0 ${NONCE} none\n`;
const SOON = { ...SSH_LIMITS, readyMs: 2_500, beginMs: 1_500, probeMs: 4_000, streamBytes: 512 * 1024 };
const ssh = findSsh();
const withSsh = test.skipIf(ssh === null);
const hostKey = makeKeyPair();
const HOST_BLOB = (ssh2.utils.parseKey(hostKey.private) as ssh2.ParsedKey).getPublicSSH();

const NOTHING_ASKED = {
  hostKeyAlias: null,
  agentSocket: null,
  proxyCommand: null,
  certificateFiles: [],
  pkcs11Provider: null,
  securityKeyProvider: null,
  gssapi: false,
};

/** A key, and a function that logs in with it to a host whose host key is trusted. */
async function makeDesk() {
  const folder = await makeTemporaryFolder();
  const key = await makeKeyFile(folder.path, "id");
  const options = (server: { host: string; port: number }, wish: Partial<ClientProbeOptions> = {}) => ({
    ssh: ssh ?? "",
    user: "jo",
    useSudo: false,
    nonce: NONCE,
    collectorScript: Buffer.from("true\n"),
    target: { host: server.host, port: server.port },
    hostKeyTypes: ["ssh-ed25519"],
    login: { address: server.host, ...NOTHING_ASKED },
    keys: [{ kind: "file" as const, path: key.path, keyType: "ssh-ed25519", fingerprint: key.fingerprint }],
    trustedKeys: [HOST_BLOB],
    verifyHostKey: ({ blob }: { blob: Uint8Array }) =>
      HOST_BLOB.equals(blob)
        ? ({ kind: "trusted" } as const)
        : ({ kind: "refused", outcome: "host-key-changed", message: "not that one" } as const),
    limits: SSH_LIMITS,
    signal: new AbortController().signal,
    ...wish,
  });
  return {
    folder,
    key,
    visit: (...asked: Parameters<typeof options>) => collectByClient(options(...asked)),
    [Symbol.asyncDispose]: () => folder.remove(),
  };
}

const serve = (run: Parameters<typeof startSshServer>[0]["run"], more: object = {}) =>
  startSshServer({ run, hostKey: hostKey.private, ...more });

/** The temporary folders of this file alone are in here. */
const place = await makeTemporaryFolder();
const { TMPDIR } = process.env;

beforeAll(() => {
  process.env.TMPDIR = place.path;
});

afterAll(async () => {
  if (TMPDIR === undefined) delete process.env.TMPDIR;
  else process.env.TMPDIR = TMPDIR;
  await place.remove();
});

/** Our folders that are left, and the processes that were started with one of them. */
async function findOurs() {
  const folders = (await readdir(place.path)).filter((name) => name.startsWith("latchkey-ssh-"));
  const pids = (await readdir("/proc")).filter((name) => /^\d+$/.test(name));
  const read = (pid: string, what: string) => readFile(`/proc/${pid}/${what}`, "utf8").catch(() => "");
  const all = await Promise.all(
    pids.map(async (pid) => ({
      words: (await read(pid, "cmdline")).split("\0"),
      environ: await read(pid, "environ"),
    })),
  );
  return { folders, clients: all.filter(({ words }) => words.some((word) => word.includes(place.path))) };
}

withSsh("a host is read: what it says, its key, and the key that let us in", async () => {
  await using desk = await makeDesk();
  let given = "";
  await using server = await serve(async ({ channel, script }) => {
    given = await script;
    channel.write(WHOLE);
    channel.exit(3);
    channel.end();
  });
  expect(await desk.visit(server)).toMatchObject({
    state: "ok",
    outcome: "collected",
    stream: Buffer.from(WHOLE),
    loginKey: desk.key.fingerprint,
    hostKey: { keyType: "ssh-ed25519", blob: Uint8Array.from(HOST_BLOB) },
    ending: "the script ended with status 3",
  });
  expect(given).toContain(`--login-key '${desk.key.fingerprint}' --login-account 'jo'`);
  await server.untilLeft();
});

withSsh("a key of the agent is found by its public half, and no other that it holds is offered", async () => {
  await using desk = await makeDesk();
  const other = await makeKeyFile(desk.folder.path, "other");
  await using agent = await startSshAgent(desk.folder.path, [other.path, desk.key.path]);
  await using server = await serve(({ channel }) => channel.end(WHOLE), {
    admits: ({ keyIndex }: { keyIndex: number }) => keyIndex === 0,
  });
  const blob = Buffer.from(desk.key.publicLine.split(" ")[1] ?? "", "base64");
  const { fingerprint } = desk.key;
  const reading = await desk.visit(server, {
    login: { address: server.host, ...NOTHING_ASKED, agentSocket: agent.socketPath },
    keys: [{ kind: "agent", blob, keyType: "ssh-ed25519", fingerprint }],
  });
  expect(reading).toMatchObject({ state: "ok", loginKey: fingerprint });
});

withSsh("a key that is not the host's is not logged in to, and the verifier says why", async () => {
  await using desk = await makeDesk();
  await using server = await startSshServer({ run: null });
  expect(await desk.visit(server)).toMatchObject({
    state: "failed",
    outcome: "host-key-changed",
    message: "not that one",
    isKeyRefused: true,
    hostKey: { keyType: "ssh-ed25519" },
  });
  expect(server.attempts).toEqual([]);
  expect(server.seen.clients).toBe(1);
});

withSsh("a login that no key opens, and a host that runs nothing, are told as over ssh2", async () => {
  await using desk = await makeDesk();
  await using strict = await serve(null, { admits: () => false });
  expect(await desk.visit(strict)).toMatchObject({
    state: "failed",
    outcome: "login-refused",
    isKeyRefused: false,
    message: `every key was refused for jo at 127.0.0.1:${strict.port}, which takes publickey; 1 key was offered by ssh: ${desk.key.path}`,
  });
  await using idle = await serve(null);
  expect(await desk.visit(idle)).toMatchObject({ state: "failed", outcome: "restricted-shell" });
  await using closed = await serve(({ channel }) => {
    channel.write("This account is not available\n");
    channel.exit(1);
    channel.end();
  });
  expect(await desk.visit(closed)).toMatchObject({
    state: "failed",
    outcome: "restricted-shell",
    message: expect.stringContaining('it answered "This account is not available"'),
  });
});

withSsh("where nobody listens, and where no name is known, is told as over ssh2", async () => {
  await using desk = await makeDesk();
  const server = await serve(null);
  await server[Symbol.asyncDispose]();
  expect(await desk.visit(server)).toMatchObject({ outcome: "refused", transient: "refused", hostKey: null });
  const nowhere = { host: "web1.invalid", port: 22 };
  expect(await desk.visit(nowhere)).toMatchObject({ outcome: "no-such-name" });
});

withSsh("a key that ssh does not show is one that was refused, and nothing of ours was sent", async () => {
  await using desk = await makeDesk();
  await using server = await serve(null);
  const old = join(desk.folder.path, "old-ssh");
  const asOld = `#!/bin/sh\nsed -i '/^KnownHostsCommand/d' "$2"\nexec '${ssh}' "$@"\n`;
  await writeFile(old, asOld, { mode: 0o700 });
  const other = (ssh2.utils.parseKey(makeKeyPair().private) as ssh2.ParsedKey).getPublicSSH();
  expect(await desk.visit(server, { ssh: old, trustedKeys: [other] })).toMatchObject({
    outcome: "host-key-unknown",
    isKeyRefused: true,
    hostKey: null,
    message: `the host key of 127.0.0.1:${server.port} is not trusted, and the ssh of this computer does not show it: add it to known_hosts once it was compared, then try again`,
  });
  expect(server.attempts).toEqual([]);
});

const ANY_KEY = { trustedKeys: [], verifyHostKey: () => ({ kind: "trusted" }) as const };

withSsh.each<[name: keyof typeof hostile, outcome: string]>([
  ["silent", "timed-out"],
  ["drippedGreeting", "timed-out"],
  ["bannerFlood", "reset"],
  ["lineFlood", "reset"],
  ["randomBytes", "reset"],
  ["http", "reset"],
  ["oldSsh", "reset"],
  ["hugePacket", "reset"],
  ["neverReplies", "timed-out"],
  ["neverExits", "timed-out"],
  ["stdoutFlood", "flooded"],
  ["stderrFlood", "flooded"],
])("a hostile server, %s, is let go in time, with nothing left behind", async (name, outcome) => {
  await using desk = await makeDesk();
  await using server = await hostile[name]();
  expect(await desk.visit(server, { ...ANY_KEY, limits: SOON })).toMatchObject({ outcome });
  await server.untilLeft();
  expect(await findOurs()).toEqual({ folders: [], clients: [] });
});

/** A ProxyCommand that connects, and ignores the signals to end. */
const DEAF_LEAD = `
trap '' TERM HUP
'${process.execPath}' -e 'const [host, port] = process.argv.slice(1);
const s = require("net").connect(port, host); process.stdin.pipe(s).pipe(process.stdout); setInterval(() => 1, 1000)' "$@" "$0"
`;

withSsh(
  "told to stop, it ends what it has started, the command that leads there too, and leaves nothing",
  async () => {
    await using desk = await makeDesk();
    const spoken = Promise.withResolvers<void>();
    await using server = await serve(({ channel }) => {
      channel.write(`latchkey-collection 1 ${NONCE}\n`);
      spoken.resolve();
    });
    const stop = new AbortController();
    const lead = join(desk.folder.path, "lead.sh");
    await writeFile(lead, DEAF_LEAD);
    const proxyCommand = { value: `sh ${lead} %h %p`, location: "config:1" };
    const visit = desk.visit(server, {
      login: { address: server.host, ...NOTHING_ASKED, proxyCommand },
      signal: stop.signal,
    });
    await spoken.promise;
    const { folders, clients } = await findOurs();
    expect(folders).toHaveLength(1);
    const [folder = ""] = folders;
    const inside = (file: string) => join(place.path, folder, file);
    expect(clients.map(({ words }) => words).filter(([program]) => program === ssh)).toEqual([
      [ssh, "-F", inside("config"), "-E", inside("log"), "-T", "--", "127.0.0.1", "sh -s", ""],
    ]);
    expect(clients).toHaveLength(3);
    for (const { environ } of clients) expect(environ).not.toContain(NONCE);
    const modes = await Promise.all(
      ["", "config", "known_hosts", "log"].map(async (file) => (await stat(inside(file))).mode & 0o777),
    );
    expect(modes).toEqual([0o700, 0o600, 0o600, 0o600]);
    expect((await readdir(inside(""))).sort()).toEqual(["HOSTNAME", "config", "known_hosts", "log"]);
    stop.abort(new Error("enough"));
    await expect(visit).rejects.toThrow("enough");
    await server.untilLeft();
    expect(await findOurs()).toEqual({ folders: [], clients: [] });
  },
);
