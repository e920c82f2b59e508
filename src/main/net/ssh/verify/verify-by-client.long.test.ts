import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import { viewKey } from "#codec/fingerprint.ts";
import {
  createKey,
  hidePublic,
  inspectPrivateKey,
  installPrivateKey,
  removeOldPrivateKey,
  restoreOldPrivateKey,
  showPublic,
  tidyPrivateKey,
} from "#net/ssh/session/private-keys.ts";
import type { RemoteSession } from "#net/ssh/session/remote-session.ts";
import { letIn } from "#testing/lab/desk.ts";
import { canStartHosts, type LabHost, startHost } from "#testing/lab/start-host.ts";
import { type KeyFile, makeKeyFile } from "#testing/ssh/key-files.ts";
import { makeTemporaryFolder } from "#testing/temporary-folder.ts";
import { openHostSession, readHostKey } from "./testing/lab-route.ts";
import { type KeyHostRequest, verifyFromKeyHost } from "./verify-by-client.ts";

const lab = test.skipIf(!canStartHosts());
let folder: Awaited<ReturnType<typeof makeTemporaryFolder>>;
let admin: KeyFile;
let holder: LabHost;
let target: LabHost;

beforeAll(async () => {
  if (!canStartHosts()) return;
  folder = await makeTemporaryFolder();
  admin = await makeKeyFile(folder.path, "admin");
  target = await startHost({
    name: "db1",
    prepare: ["jo", "forced", "shut"].map((user) => letIn("", user, "/bin/sh")).join("\n"),
  });
  holder = await startHost({
    name: "ci1",
    prepare: `
      ${letIn(admin.publicLine.trim())}
      useradd --create-home --shell /bin/sh ci
      install -d -m 700 -o ci -g ci /home/ci/.ssh
      ssh-keygen -q -t ed25519 -N '' -C 'ci@ci1' -f /home/ci/.ssh/id
      chown ci:ci /home/ci/.ssh/*
    `,
  });
});

afterAll(async () => {
  await holder?.[Symbol.asyncDispose]();
  await target?.[Symbol.asyncDispose]();
  await folder?.[Symbol.asyncDispose]();
});

const enter = (host: LabHost): Promise<RemoteSession> => openHostSession(host, admin);

const DONE = { kind: "done" };
const ID = "/home/ci/.ssh/id";
const readFiles = (host: LabHost) => host.run("cd /home/ci/.ssh; ls -l --time-style=+ | tail -n +2");

/** A key that is created beside the key host's own, and granted to two accounts. */
async function makeBeside(hand: RemoteSession) {
  const before = createHash("sha256")
    .update(await readFile(`${holder.root}${ID}`))
    .digest("hex");
  const made = await createKey(hand, { path: ID, keyType: "ed25519", bits: null, comment: "ci@ci1" });
  if (made.kind !== "made") throw new Error(made.kind);
  const [type = "", base64 = ""] = made.line.split(" ");
  const blob = Buffer.from(base64, "base64");
  const { fingerprint } = viewKey(blob);
  const grant = (user: string, options = "") =>
    target.run(`echo '${options}${type} ${base64}' > /home/${user}/.ssh/authorized_keys`);
  await grant("jo");
  await grant("forced", 'command="touch /tmp/ran; echo no" ');
  const wish: KeyHostRequest = {
    target: { host: target.address, port: 22 },
    user: "jo",
    hostKey: await readHostKey(target),
    fingerprint,
    keyFile: `${ID}.latchkey-new`,
    runs: "command",
  };
  return {
    before,
    made,
    blob,
    wish,
    verified: { kind: "verified", fingerprint },
    look: () => inspectPrivateKey(hand, { path: ID, before, blob }),
  };
}

lab("a key that is made where its old private key is held verifies itself from there", async () => {
  await using hand = await enter(holder);
  const { before, made, wish, verified, look } = await makeBeside(hand);
  expect(await look()).toMatchObject({
    now: { kind: "before", hash: before },
    made: { kind: "new", hash: made.hash },
    old: { kind: "none" },
    publicFile: { kind: "other" },
  });
  expect(await verifyFromKeyHost(hand, wish)).toEqual(verified);
  expect(await verifyFromKeyHost(hand, { ...wish, runs: "nothing" })).toEqual(verified);
  expect(await verifyFromKeyHost(hand, { ...wish, user: "forced", runs: "nothing" })).toEqual(verified);
  expect(await target.run("ls /tmp")).not.toContain("ran");
  expect(await verifyFromKeyHost(hand, { ...wish, user: "shut" })).toMatchObject({
    kind: "refused",
    message: expect.stringContaining("every key was refused for shut"),
  });
  const wrong = { ...wish, hostKey: await readHostKey(holder) };
  expect(await verifyFromKeyHost(hand, wrong)).toMatchObject({ kind: "other-host-key" });
  const nowhere = { ...wish, target: { host: target.address, port: 23 } };
  expect(await verifyFromKeyHost(hand, nowhere)).toMatchObject({ kind: "inconclusive", why: "unreachable" });
});

const listIds = async () => (await readFiles(holder)).split("\n").filter((line) => / id/.test(line));

lab(
  "a private key that is put where the old one was verifies itself, and can be taken back or kept",
  async () => {
    await using hand = await enter(holder);
    const { before, made, blob, wish, verified, look } = await makeBeside(hand);
    const files = await listIds();
    const putting = { path: ID, before, newHash: made.hash, mode: "0600", bytes: "made" as const };
    expect(await hidePublic(hand, ID, blob)).toEqual(DONE);
    expect(await installPrivateKey(hand, putting)).toMatchObject({ kind: "put" });
    expect(await verifyFromKeyHost(hand, { ...wish, keyFile: ID })).toEqual(verified);
    expect(await showPublic(hand, ID, `${made.line}\n`)).toEqual(DONE);
    expect(await look()).toMatchObject({
      now: { kind: "new" },
      made: { kind: "none" },
      old: { kind: "before" },
      publicFile: { kind: "new" },
    });
    expect(await verifyFromKeyHost(hand, { ...wish, keyFile: ID })).toEqual(verified);
    expect(await hidePublic(hand, ID, blob)).toEqual(DONE);
    expect(await restoreOldPrivateKey(hand, { path: ID, wrote: made.hash, before })).toEqual(DONE);
    expect(await showPublic(hand, ID, null)).toEqual(DONE);
    expect((await listIds()).join()).toBe(files.filter((line) => !line.endsWith("latchkey-new")).join());
  },
);

lab("a private key that is committed leaves nothing of the old one", async () => {
  await using hand = await enter(holder);
  const { before, made, blob, look } = await makeBeside(hand);
  const putting = { path: ID, before, newHash: made.hash, mode: "0600", bytes: "made" as const };
  expect(await hidePublic(hand, ID, blob)).toEqual(DONE);
  expect(await installPrivateKey(hand, putting)).toMatchObject({ kind: "put" });
  expect(await showPublic(hand, ID, `${made.line}\n`)).toEqual(DONE);
  expect(await removeOldPrivateKey(hand, ID)).toEqual(DONE);
  const stuck = `${ID}.latchkey-new.pub`;
  // Nobody can remove a mount point.
  await holder.run(`touch ${stuck}; mount --bind ${stuck} ${stuck}`);
  expect(await tidyPrivateKey(hand, ID, "nothing")).toMatchObject({ kind: "failed" });
  await holder.run(`umount ${stuck}`);
  expect(await tidyPrivateKey(hand, ID, "nothing")).toEqual(DONE);
  expect(await look()).toMatchObject({ now: { kind: "new" }, old: { kind: "none" } });
  expect(await listIds()).toEqual([
    expect.stringMatching(/^-rw------- 1 ci ci .* id$/),
    expect.stringMatching(/^-rw-r--r-- 1 ci ci .* id\.pub$/),
  ]);
});

lab("a private key that has a passphrase cannot verify itself without it, which is no refusal", async () => {
  await using hand = await enter(holder);
  await holder.run(
    "su ci -s /bin/sh -c \"ssh-keygen -q -t ed25519 -N secret -C '' -f /home/ci/.ssh/locked\"",
  );
  const line = await readFile(`${holder.root}/home/ci/.ssh/locked.pub`, "utf8");
  await target.run(`echo '${line.trim()}' > /home/jo/.ssh/authorized_keys`);
  const blob = Buffer.from(line.split(" ")[1] ?? "", "base64");
  const verification = await verifyFromKeyHost(hand, {
    target: { host: target.address, port: 22 },
    user: "jo",
    hostKey: await readHostKey(target),
    keyFile: "/home/ci/.ssh/locked",
    fingerprint: viewKey(blob).fingerprint,
    runs: "command",
  });
  expect(verification).toMatchObject({ kind: "inconclusive", why: "impossible" });
  expect(await inspectPrivateKey(hand, { path: "/home/ci/.ssh/locked", before: null, blob })).toMatchObject({
    now: { kind: "new" },
    publicFile: { kind: "new" },
  });
});

lab("no verification leaves a file behind, also where the path is odd", async () => {
  await using hand = await enter(holder);
  const path = "/home/ci/.ssh/a b%d";
  await holder.run(`su ci -s /bin/sh -c "ssh-keygen -q -t ed25519 -N '' -f '${path}'"`);
  const blob = Buffer.from(
    (await readFile(`${holder.root}${path}.pub`, "utf8")).split(" ")[1] ?? "",
    "base64",
  );
  const wish = {
    target: { host: target.address, port: 22 },
    user: "shut",
    hostKey: await readHostKey(target),
    keyFile: path,
    fingerprint: viewKey(blob).fingerprint,
    runs: "command" as const,
  };
  expect(await verifyFromKeyHost(hand, wish)).toMatchObject({ kind: "refused" });
  expect(await readFiles(holder)).not.toMatch(/b%d\.latchkey/);
});
