import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { viewKey } from "#codec/fingerprint.ts";
import { gatherIdentities, type Identity } from "#net/ssh/identities.ts";
import { letIn } from "#testing/lab/desk.ts";
import { canStartHosts, type LabHost, startHost } from "#testing/lab/start-host.ts";
import { makeSecurityKey, startSecurityKeyAgent } from "#testing/matrix/login-keys.ts";
import { type KeyFile, makeKeyFile, startSshAgent } from "#testing/ssh/key-files.ts";
import { makeTemporaryFolder } from "#testing/temporary-folder.ts";
import { blobOf, readIdentity as read, routeTo } from "./testing/lab-route.ts";
import { verifyLogin, verifyRefused } from "./verify-login.ts";

const lab = test.skipIf(!canStartHosts());

let folder: Awaited<ReturnType<typeof makeTemporaryFolder>>;
let oldKey: KeyFile;
let newKey: KeyFile;
let host: LabHost;
const securityKey = makeSecurityKey("ed25519");

beforeAll(async () => {
  if (!canStartHosts()) return;
  folder = await makeTemporaryFolder();
  oldKey = await makeKeyFile(folder.path, "old");
  newKey = await makeKeyFile(folder.path, "new");
  host = await startHost({
    name: "web1",
    prepare: `
      ${letIn(newKey.publicLine.trim(), "jo")}
      ${letIn(`command="touch /tmp/ran; echo no" ${newKey.publicLine.trim()}`, "forced")}
      ${letIn(`restrict ${newKey.publicLine.trim()}`, "closed", "/usr/sbin/nologin")}
      ${letIn(securityKey.publicLine, "sk")}
      ${letIn(newKey.publicLine.trim(), "twice")}
      echo '${oldKey.publicLine.trim()}' > /home/twice/.ssh/authorized_keys2
      printf 'echo welcome; read line\\n' > /home/jo/.profile
    `,
  });
});

afterAll(async () => {
  await host?.[Symbol.asyncDispose]();
  await folder?.[Symbol.asyncDispose]();
});

lab.each(["ssh2", "system"] as const)("a key that is granted verifies itself over %s", async (transport) => {
  const route = await routeTo(host, { transport });
  const key = await read(newKey);
  const { fingerprint } = newKey;
  expect(await verifyLogin(route, { user: "jo", key, runs: "command" })).toEqual({
    kind: "verified",
    fingerprint,
  });
  expect(await verifyLogin(route, { user: "jo", key, runs: "nothing" })).toEqual({
    kind: "verified",
    fingerprint,
  });
});

lab.each(["ssh2", "system"] as const)(
  "where nothing is to be run, a login alone verifies over %s, and no forced command runs",
  async (transport) => {
    const route = await routeTo(host, { transport });
    const key = await read(newKey);
    for (const user of ["forced", "closed"])
      expect(await verifyLogin(route, { user, key, runs: "nothing" })).toMatchObject({ kind: "verified" });
    expect(await host.run("ls /tmp")).not.toContain("ran");
    expect(await verifyLogin(route, { user: "closed", key, runs: "command" })).toMatchObject({
      kind: "refused",
      message: expect.stringContaining("ran no command"),
    });
  },
);

lab.each(["ssh2", "system"] as const)(
  "a key that is granted nowhere is refused over %s",
  async (transport) => {
    const route = await routeTo(host, { transport });
    const key = await read(oldKey);
    expect(await verifyLogin(route, { user: "jo", key, runs: "command" })).toMatchObject({
      kind: "refused",
      message: expect.stringContaining("refused"),
    });
  },
);

lab.each(["ssh2", "system"] as const)(
  "that an old key is refused, and the new one is not, is verified over one connection of %s, without a penalty",
  async (transport) => {
    await using strict = await startHost({
      name: "strict",
      keepPenalties: true,
      sshdOptions: ["-o", "PerSourcePenalties=authfail:100s min:1s"],
      prepare: letIn(newKey.publicLine.trim(), "jo"),
    });
    const route = await routeTo(strict, { transport });
    const wish = { user: "jo", oldKey: blobOf(oldKey), newKey: await read(newKey) };
    for (let nth = 0; nth < 5; nth++)
      expect(await verifyRefused(route, wish)).toEqual({ kind: "refused", loggedIn: true });
    expect(await readFile(`${strict.root}/var/log/auth.log`, "utf8")).not.toContain("penalty");
  },
);

lab.each(["ssh2", "system"] as const)(
  "without another key an old one that is gone is refused over %s at the price of one failed login",
  async (transport) => {
    const route = await routeTo(host, { transport });
    expect(await verifyRefused(route, { user: "jo", oldKey: blobOf(oldKey), newKey: null })).toEqual({
      kind: "refused",
      loggedIn: false,
    });
  },
);

lab.each(["ssh2", "system"] as const)(
  "an old key that another file still grants is found over %s",
  async (transport) => {
    const route = await routeTo(host, { transport });
    const granted = await read(newKey);
    const found = { kind: "still-accepted", message: expect.stringContaining("it is in another file") };
    expect(
      await verifyRefused(route, { user: "twice", oldKey: blobOf(oldKey), newKey: granted }),
    ).toMatchObject(found);
    expect(await verifyRefused(route, { user: "twice", oldKey: blobOf(oldKey), newKey: null })).toMatchObject(
      found,
    );
    const lines = (await readFile(`${host.root}/var/log/auth.log`, "utf8")).split("\n");
    const accepted = lines.filter((line) => line.includes("Accepted publickey for twice"));
    expect(accepted.every((line) => line.includes(newKey.fingerprint))).toBe(true);
  },
);

lab("an agent's key verifies itself, and no other key of that agent is tried", async () => {
  await using agent = await startSshAgent(folder.path, [newKey.path, oldKey.path]);
  const { identities } = await gatherIdentities({
    identityFiles: [],
    home: "/nonexistent",
    agentSocket: agent.socketPath,
  });
  const [granted, stranger] = identities as [Identity, Identity];
  const route = await routeTo(host);
  expect(await verifyLogin(route, { user: "jo", key: granted, runs: "command" })).toMatchObject({
    kind: "verified",
  });
  expect(await verifyLogin(route, { user: "jo", key: stranger, runs: "command" })).toMatchObject({
    kind: "refused",
  });
});

lab(
  "a key on a security key verifies itself by OpenSSH's client, and ssh2 is not tried with it",
  async () => {
    await using agent = await startSecurityKeyAgent(join(folder.path, "sk"), [securityKey], "touches");
    const plain = await routeTo(host);
    const login = plain.client && { ...plain.client.login, agentSocket: agent.socketPath };
    const route = { ...plain, client: plain.client && login && { ssh: plain.client.ssh, login } };
    const { blob } = securityKey;
    const key = { kind: "agent" as const, blob, ...viewKey(blob) };
    const wish = { user: "sk", key, runs: "command" as const };
    expect(await verifyLogin(route, wish)).toMatchObject({ kind: "verified" });
    expect(await verifyLogin({ ...route, client: null }, wish)).toMatchObject({ why: "impossible" });
    expect(await verifyRefused(route, { user: "jo", oldKey: blob, newKey: await read(newKey) })).toEqual({
      kind: "refused",
      loggedIn: true,
    });
    expect(await verifyRefused(route, { user: "sk", oldKey: blob, newKey: null })).toMatchObject({
      kind: "still-accepted",
    });
  },
);

lab("who does not answer, and who hangs up, has neither taken nor refused a key", async () => {
  const gone = await startHost({ name: "gone" });
  const route = await routeTo(gone);
  process.kill(gone.pid, "SIGSTOP");
  const hasty = { ...route, limits: { connectMs: 1_000, readyMs: 300 } };
  const wish = { user: "jo", key: await read(newKey), runs: "command" as const };
  const refusal = { user: "jo", oldKey: blobOf(oldKey), newKey: null };
  expect(await verifyLogin(hasty, wish)).toMatchObject({ kind: "inconclusive", why: "timed-out" });
  expect(await verifyRefused(hasty, refusal)).toMatchObject({ kind: "inconclusive", why: "timed-out" });
  process.kill(gone.pid, "SIGCONT");
  await gone[Symbol.asyncDispose]();
  expect(await verifyLogin(route, wish)).toMatchObject({ kind: "inconclusive", why: "unreachable" });
  expect(await verifyRefused(route, refusal)).toMatchObject({ kind: "inconclusive", why: "unreachable" });
});
