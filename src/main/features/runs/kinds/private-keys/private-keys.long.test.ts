import { createHash } from "node:crypto";
import { copyFile, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type KeyPair, sealKeyPair } from "#net/local/private-keys/key-pair.ts";
import { gatherIdentities, listAgentKeys } from "#net/ssh/identities.ts";
import type { PromptUser } from "#net/ssh/interactive-login.ts";
import type { RemoteSession } from "#net/ssh/session/remote-session.ts";
import { openHostSession } from "#net/ssh/verify/testing/lab-route.ts";
import type { AccessHost, NewKey, PrivateKeyPlan, RotateKeyPlan } from "#shared/model/runs/plan.ts";
import { Redacted } from "#shared/model/secret.ts";
import { letIn } from "#testing/lab/desk.ts";
import { canStartHosts, type LabHost, startHost } from "#testing/lab/start-host.ts";
import { type KeyFile, makeKeyFile, startSshAgent } from "#testing/ssh/key-files.ts";
import { makeTemporaryFolder } from "#testing/temporary-folder.ts";
import type { PrivateKeyContext } from "./locations.ts";
import { createPrivateKeys } from "./private-keys.ts";

const lab = test.skipIf(!canStartHosts());
const SECRET = "a secret passphrase";
const DONE = { kind: "done" };
const HELD = "/home/ci/.ssh/id";

let folder: Awaited<ReturnType<typeof makeTemporaryFolder>>;
let admin: KeyFile;
let host: LabHost;

beforeAll(async () => {
  if (!canStartHosts()) return;
  folder = await makeTemporaryFolder();
  admin = await makeKeyFile(folder.path, "admin");
  host = await startHost({
    name: "ci1",
    prepare: `${letIn(admin.publicLine.trim())}
      useradd --create-home --shell /bin/sh ci; install -d -m 700 -o ci -g ci /home/ci/.ssh`,
  });
});

afterAll(async () => {
  await host?.[Symbol.asyncDispose]();
  await folder?.[Symbol.asyncDispose]();
});

const enter = (): Promise<RemoteSession> => openHostSession(host, admin);

const hashOf = async (path: string) =>
  createHash("sha256")
    .update(await readFile(path))
    .digest("hex");

const plan = (more: Partial<RotateKeyPlan>): RotateKeyPlan => ({
  format: "latchkey-plan-1",
  kind: "rotate-key",
  title: "",
  madeAt: "2026-01-01T00:00:00.000Z" as RotateKeyPlan["madeAt"],
  asOf: null,
  remaining: [],
  oldKey: "",
  newKey: { kind: "provided", line: "", comment: "", path: null },
  hosts: [],
  here: [],
  checks: [],
  leftOut: [],
  confirm: null,
  options: {
    canary: true,
    batchSize: 8,
    maxFailures: 1,
    graceDays: 0,
    undoHours: 0,
    rollbackAfterSeconds: 120,
  },
  ...more,
});

const holder = (more: Partial<PrivateKeyPlan>): PrivateKeyPlan => ({
  host: null,
  kind: "file",
  path: "",
  uid: 0,
  gid: 0,
  owner: "root",
  mode: "0600",
  isEncrypted: false,
  before: null,
  hasPublicFile: true,
  possession: { kind: "verified" },
  ...more,
});

/** Answers with the secret; counts the prompts. */
function makeAsk() {
  const asked: string[] = [];
  const ask: PromptUser = async ({ about, prompts }) => {
    asked.push(about.kind === "passphrase" ? about.file : about.kind);
    return { answers: prompts.map(() => new Redacted(SECRET)), isForSameUser: false };
  };
  return { ask, asked };
}

const privateKeys = createPrivateKeys({ agentSocket: null });

/**
 * A key that is locked here, in an agent, and unlocked on the host; and a plan that replaces it in all these locations.
 */
async function makeDesk(name: string) {
  const home = await makeTemporaryFolder();
  const old = await makeKeyFile(home.path, "id", ["-t", "ed25519", "-N", "", "-C", "jo@desk"]);
  await host.run(`rm -f ${HELD}*; printf %s '${await readFile(old.path, "utf8")}' > ${HELD}
    echo '${old.publicLine.trim()}' > ${HELD}.pub; chmod 400 ${HELD}; chmod 644 ${HELD}.pub; chown ci:ci ${HELD}*`);
  const agent = await startSshAgent(home.path, [old.path]);
  const beforeThere = await hashOf(`${host.root}${HELD}`);
  await old.lock(SECRET);
  const here = [
    holder({ path: old.path, isEncrypted: true, before: await hashOf(old.path) }),
    holder({ path: agent.socketPath, kind: "agent", before: null, isEncrypted: null }),
  ];
  const uid = Number(await host.run("id -u ci"));
  const there = holder({ path: HELD, before: beforeThere, uid, owner: "ci", mode: "0400" });
  const newKey: NewKey = { kind: "made-here", keyType: "ed25519", comment: `${name}@desk`, path: old.path };
  const { ask, asked } = makeAsk();
  const hostPlan = { host: host.address, port: 22, privateKeyLocations: [there] } as unknown as AccessHost;
  const near: PrivateKeyContext & { plan: RotateKeyPlan } = {
    plan: plan({ oldKey: old.fingerprint, newKey, here, hosts: [hostPlan] }),
    newKey: null,
    secrets: null,
    promptUser: ask,
    signal: new AbortController().signal,
  };
  return {
    home,
    old,
    agent,
    near,
    asked,
    here,
    there,
    read: async () => ({
      here: await readFiles(home.path),
      there: await host.run("cd /home/ci/.ssh; sha256sum *; stat -c '%n %a %U %G' *"),
      agent: (await listAgentKeys(agent.socketPath)).keys.map(({ fingerprint }) => fingerprint),
    }),
    async [Symbol.asyncDispose]() {
      await agent[Symbol.asyncDispose]();
      await home.remove();
    },
  };
}

async function readFiles(path: string) {
  const names = (await readdir(path)).filter((name) => name !== "agent").sort();
  return Promise.all(names.map(async (name) => `${name} ${await hashOf(join(path, name))}`));
}

async function make(near: PrivateKeyContext): Promise<PrivateKeyContext> {
  const made = await privateKeys.createKey(near, null);
  if (made.kind !== "made") throw new Error(JSON.stringify(made.cause));
  return { ...near, newKey: made, secrets: made.secrets };
}

lab("a key that is held here, locked, in an agent and on a host is replaced in all places", async () => {
  await using desk = await makeDesk("whole");
  await using hand = await enter();
  const near = await make(desk.near);
  const all = [...desk.here.map((one) => [one, null] as const), [desk.there, hand] as const];
  const look = () => Promise.all(all.map(([one, by]) => privateKeys.inspect(near, one, by)));
  expect(await look()).toEqual(["old", "old", "old"]);
  for (const [one, by] of all) expect(await privateKeys.install(near, one, by)).toEqual(DONE);
  expect(await look()).toEqual(["new", "new", "new"]);
  for (const [one, by] of all) expect(await privateKeys.install(near, one, by)).toEqual(DONE);
  expect((await host.run(`cat ${HELD}.pub; stat -c '%a %U' ${HELD}; ssh-keygen -y -f ${HELD}`)).trim()).toBe(
    `${near.newKey?.line} whole@desk\n400 ci\n${near.newKey?.line} whole@desk`,
  );
  for (const [one, by] of all) expect(await privateKeys.commit(near, one, by, false)).toEqual(DONE);
  for (const [one, by] of all) expect(await privateKeys.commit(near, one, by, false)).toEqual(DONE);
  expect(await look()).toEqual(["committed", "committed", "committed"]);
  const after = await desk.read();
  expect(after.here.map((line) => line.split(" ")[0])).toEqual(["id", "id.pub"]);
  expect(after.there).not.toContain("latchkey");
  expect(after.agent).toEqual([near.newKey?.fingerprint]);
  expect(desk.asked).toEqual([desk.old.path]);
  expect(await readFile(desk.old.path, "utf8")).toContain("OPENSSH PRIVATE KEY");
  const { identities } = await gatherIdentities({
    identityFiles: [desk.old.path],
    home: "/nonexistent",
    agentSocket: null,
  });
  expect(identities).toEqual([]);
});

lab("what was handed over everywhere is taken back to the same bytes and modes", async () => {
  await using desk = await makeDesk("back");
  await using hand = await enter();
  const before = await desk.read();
  const near = await make(desk.near);
  const all = [...desk.here.map((one) => [one, null] as const), [desk.there, hand] as const];
  for (const [one, by] of all) await privateKeys.install(near, one, by);
  for (let times = 0; times < 2; times++) {
    for (const [one, by] of all.toReversed()) expect(await privateKeys.undo(near, one, by)).toEqual(DONE);
    expect(await privateKeys.undoMake(near, null)).toEqual(DONE);
  }
  expect(await desk.read()).toEqual(before);
});

lab("after a restart the key is opened again where it lies by then, and goes on from there", async () => {
  await using desk = await makeDesk("again");
  await using hand = await enter();
  const { newKey } = await make(desk.near);
  const near = { ...desk.near, newKey };
  const opened = await privateKeys.reopen(near);
  if (opened.kind !== "open") throw new Error(JSON.stringify(opened.cause));
  expect(opened.secrets?.keyPair).toMatchObject({ fingerprint: newKey?.fingerprint, comment: "again@desk" });
  expect(await make({ ...desk.near, promptUser: near.promptUser })).toMatchObject({
    newKey: { fingerprint: newKey?.fingerprint },
  });
  const going = { ...near, secrets: opened.secrets };
  const [file] = desk.here as [PrivateKeyPlan];
  expect(await privateKeys.install(going, file, null)).toEqual(DONE);
  expect(await privateKeys.reopen(near)).toMatchObject({ kind: "open" });
  expect(await privateKeys.install(going, desk.there, hand)).toEqual(DONE);
  expect(await privateKeys.verificationKey(going, newKey?.fingerprint ?? "")).toMatchObject({
    source: desk.old.path,
  });
});

lab("where nobody tells the passphrase nothing is made, and the refusal says what to do", async () => {
  await using desk = await makeDesk("silent");
  const before = await desk.read();
  expect(await privateKeys.createKey({ ...desk.near, promptUser: async () => null }, null)).toEqual({
    kind: "failed",
    cause: {
      kind: "described",
      text: `${desk.old.path} has a passphrase, and nobody entered it: run this where it can be asked for, at a terminal or in the window`,
    },
  });
  expect(await desk.read()).toEqual(before);
});

lab("a half on a host that somebody has changed meanwhile is left as it is", async () => {
  await using desk = await makeDesk("changed");
  await using hand = await enter();
  const near = await make(desk.near);
  await host.run(`chmod 600 ${HELD}; echo >> ${HELD}`);
  const changed = { kind: "failed", cause: { kind: "key-file-changed" } };
  expect(await privateKeys.inspect(near, desk.there, hand)).toBe("other");
  expect(await privateKeys.install(near, desk.there, hand)).toMatchObject(changed);
  expect(await privateKeys.undo(near, desk.there, hand)).toMatchObject(changed);
  expect(await privateKeys.commit(near, desk.there, hand, false)).toMatchObject(changed);
});

lab.each(["hidden", "kept", "written in part"])(
  "a hand-over that was ended on a host when the old half was %s is seen to have begun, and is taken back wholly or ended",
  async (how) => {
    await using desk = await makeDesk(how);
    await using hand = await enter();
    const before = await desk.read();
    const near = await make(desk.near);
    const cutShort = `mv ${HELD}.pub ${HELD}.latchkey-old.pub
      ${how === "hidden" ? "" : `cp -p ${HELD} ${HELD}.latchkey-old`}
      ${how === "written in part" ? `echo piece > ${HELD}.latchkey-part` : ""}`;
    await host.run(cutShort);
    expect(await privateKeys.inspect(near, desk.there, hand)).toBe("begun");
    expect(await privateKeys.undo(near, desk.there, hand)).toEqual(DONE);
    expect((await desk.read()).there).toBe(before.there);
    expect(await privateKeys.inspect(near, desk.there, hand)).toBe("old");
    await host.run(cutShort);
    expect(await privateKeys.install(near, desk.there, hand)).toEqual(DONE);
    expect(await privateKeys.commit(near, desk.there, hand, false)).toEqual(DONE);
    expect(await host.run(`cd /home/ci/.ssh; ls; cat id.pub`)).toBe(
      `id\nid.pub\n${near.newKey?.line} ${how}@desk\n`,
    );
  },
);

lab("a hand-over that was ended here is seen to have begun, and is taken back wholly", async () => {
  await using desk = await makeDesk("here");
  const [file] = desk.here as [PrivateKeyPlan];
  const before = await desk.read();
  const near = await make(desk.near);
  expect(await privateKeys.inspect(near, file, null)).toBe("old");
  await rename(`${file.path}.pub`, `${file.path}.latchkey-old.pub`);
  expect(await privateKeys.inspect(near, file, null)).toBe("begun");
  expect(await privateKeys.undo(near, file, null)).toEqual(DONE);
  // Not where the key is created, so that only the installation can have put it there.
  const second = { ...file, path: join(desk.home.path, "second") };
  for (const end of ["", ".pub"]) await copyFile(`${file.path}${end}`, `${second.path}${end}`);
  await writeFile(
    `${second.path}.latchkey-new`,
    Redacted.reveal(await sealKeyPair(near.secrets?.keyPair as KeyPair, null)),
  );
  expect(await privateKeys.inspect(near, second, null)).toBe("begun");
  expect(await privateKeys.undo(near, second, null)).toEqual(DONE);
  for (const end of ["", ".pub"]) await rm(`${second.path}${end}`);
  expect(await desk.read()).toEqual(before);
});

lab("a public file on a host that is a link gives way to a file of mode 644, and comes back", async () => {
  await using desk = await makeDesk("link");
  await using hand = await enter();
  const near = await make(desk.near);
  await host.run(
    `cd /home/ci/.ssh; mv id.pub shared; chmod 666 shared; ln -s shared id.pub; chown -h ci:ci id.pub`,
  );
  const before = (await desk.read()).there;
  expect(await privateKeys.install(near, desk.there, hand)).toEqual(DONE);
  expect(await host.run(`cd /home/ci/.ssh; stat -c '%F %a %U' id.pub; stat -c %a shared`)).toBe(
    "regular file 644 ci\n666\n",
  );
  expect(await privateKeys.undo(near, desk.there, hand)).toEqual(DONE);
  expect((await desk.read()).there).toBe(before);
  await host.run(`rm /home/ci/.ssh/shared`);
});

lab("a key that is made where it is held never comes here, and is taken back there", async () => {
  await using desk = await makeDesk("there");
  await using hand = await enter();
  const where = {
    host: host.address as NonNullable<PrivateKeyPlan["host"]>["host"],
    port: 22 as 22 & AccessHost["port"],
  };
  const newKey: NewKey = {
    kind: "made-on-host",
    keyType: "ecdsa",
    comment: "ci@ci1",
    ...where,
    path: HELD,
  };
  const before = (await desk.read()).there;
  const undone: PrivateKeyContext = { ...desk.near, plan: { ...desk.near.plan, newKey, here: [] } };
  const made = await privateKeys.createKey(undone, hand);
  if (made.kind !== "made") throw new Error(JSON.stringify(made.cause));
  expect(made).toMatchObject({ line: expect.stringMatching(/^ecdsa-sha2-nistp256 \S+$/), secrets: null });
  const near = { ...undone, newKey: made };
  expect(await privateKeys.createKey(near, hand)).toEqual(made);
  expect(await privateKeys.install(near, desk.there, hand)).toEqual(DONE);
  expect(await host.run(`ssh-keygen -y -f ${HELD}`)).toBe(`${made.line} ci@ci1\n`);
  expect(await privateKeys.undo(near, desk.there, hand)).toEqual(DONE);
  expect(await privateKeys.undoMake(near, hand)).toEqual(DONE);
  expect((await desk.read()).there).toBe(before);
  expect(await privateKeys.createKey(undone, hand)).toMatchObject({ kind: "made" });
  expect(await privateKeys.undoMake(undone, hand)).toEqual(DONE);
  expect((await desk.read()).there).toBe(before);
});

lab("a new half that another run has made is not taken, here or on a host, and stays as it is", async () => {
  await using desk = await makeDesk("two");
  const made = await privateKeys.createKey(desk.near, null, true);
  expect(made).toMatchObject({ kind: "made" });
  const before = await desk.read();
  const cause = expect.objectContaining({ kind: "key-made-by-another-run" });
  expect(await privateKeys.createKey(desk.near, null, true)).toEqual({ kind: "failed", cause });
  expect(await desk.read()).toEqual(before);

  const newKey: NewKey = {
    kind: "made-on-host",
    keyType: "ed25519",
    comment: "",
    host: host.address,
    port: 22,
    path: HELD,
  };
  const near = { ...desk.near, plan: { ...desk.near.plan, newKey, here: [] } };
  await using hand = await enter();
  expect(await privateKeys.createKey(near, hand, true)).toMatchObject({ kind: "made" });
  const there = await desk.read();
  expect(await privateKeys.createKey(near, hand, true)).toEqual({
    kind: "failed",
    cause: expect.objectContaining({ kind: "refused", why: "new-occupied" }),
  });
  expect(await desk.read()).toEqual(there);
  await host.run(`rm -f ${HELD}*`);
});

lab("where the new half cannot be put in its place, the public one lies beside the old again", async () => {
  await using desk = await makeDesk("refused");
  await using hand = await enter();
  const near = await make(desk.near);
  await host.run(`echo of another > ${HELD}.latchkey-old; chown ci:ci ${HELD}.latchkey-old`);
  const { there: before } = await desk.read();
  expect(await privateKeys.install(near, desk.there, hand)).toMatchObject({ kind: "failed" });
  expect((await desk.read()).there).toBe(before);
});
