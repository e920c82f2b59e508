import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import {
  chmod,
  link,
  lstat,
  readdir,
  readFile,
  readlink,
  rename,
  rm,
  stat,
  symlink,
  writeFile,
} from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { listAgentKeys } from "#net/ssh/identities.ts";
import { unlock } from "#net/ssh/locked/key-lock.ts";
import { readPrivateKeyFile } from "#net/ssh/private-key-file.ts";
import type { FileHash } from "#shared/model/runs/deployment.ts";
import { Redacted } from "#shared/model/secret.ts";
import { makeKeyFile, startSshAgent } from "#testing/ssh/key-files.ts";
import { makeTemporaryFolder } from "#testing/temporary-folder.ts";
import {
  addToAgent,
  createKeyPair,
  type NewKeyType,
  readKeyPair,
  removeFromAgent,
  sealKeyPair,
  toIdentity,
} from "./key-pair.ts";
import {
  inspectPrivateKey,
  installPrivateKey,
  type KeyReplacement,
  removeOldPrivateKey,
  restoreOldPrivateKey,
  writeNewPrivateKey,
} from "./replace-private-key.ts";

const run = promisify(execFile);
const DONE = { kind: "done" };

const hashOf = async (path: string): Promise<FileHash> =>
  createHash("sha256")
    .update(await readFile(path))
    .digest("hex");

/** The content and the mode of every file in a folder. */
async function readFolder(path: string): Promise<Record<string, string>> {
  const names = (await readdir(path)).sort();
  const read = async (name: string) => {
    const file = join(path, name);
    return [name, `${((await stat(file)).mode & 0o777).toString(8)} ${await hashOf(file)}`] as const;
  };
  return Object.fromEntries(await Promise.all(names.map(read)));
}

async function makeDesk() {
  const folder = await makeTemporaryFolder();
  const old = await makeKeyFile(folder.path, "id", ["-t", "ed25519", "-N", "", "-C", "jo@desk"]);
  const replacement: KeyReplacement = { path: old.path, before: await hashOf(old.path), hasPublicFile: true };
  const keyPair = await createKeyPair({ keyType: "ed25519", comment: "jo@desk" });
  return { folder, old, replacement, keyPair, [Symbol.asyncDispose]: () => folder.remove() };
}

test.each<[NewKeyType, string]>([
  ["ed25519", "256 SHA256"],
  ["ecdsa", "256 SHA256"],
  ["rsa", "3072 SHA256"],
])("a key of type %s that is made here is what ssh-keygen takes it for", async (keyType, size) => {
  await using folder = await makeTemporaryFolder();
  const keyPair = await createKeyPair({ keyType, comment: "jo@desk" });
  const path = join(folder.path, "id");
  await writeFile(path, Redacted.reveal(await sealKeyPair(keyPair, null)), { mode: 0o600 });
  expect((await run("ssh-keygen", ["-y", "-f", path])).stdout.trim()).toBe(`${keyPair.line} jo@desk`);
  expect((await run("ssh-keygen", ["-lf", path])).stdout).toContain(
    `${size.split(" ")[0]} ${keyPair.fingerprint} jo@desk`,
  );
  const again = readKeyPair(new Redacted(await readFile(path, "utf8")));
  expect(again).toMatchObject({ line: keyPair.line, comment: "jo@desk" });
  expect(Redacted.reveal(again?.secret as Redacted<Buffer>)).toEqual(Redacted.reveal(keyPair.secret));
  expect(toIdentity(keyPair, path)).toMatchObject({ fingerprint: keyPair.fingerprint, source: path });
  await run("ssh-keygen", ["-q", "-p", "-P", "", "-N", "", "-m", "PEM", "-f", path]);
  expect(readKeyPair(new Redacted(await readFile(path, "utf8")))?.line).toBe(keyPair.line);
});

test("a passphrase that is put on a key opens it, here and in ssh-keygen, and no other does", async () => {
  await using folder = await makeTemporaryFolder();
  const keyPair = await createKeyPair({ keyType: "ed25519", comment: "jo" });
  const text = Redacted.reveal(await sealKeyPair(keyPair, new Redacted("pass phrase é")));
  const path = join(folder.path, "id");
  await writeFile(path, text, { mode: 0o600 });
  expect((await run("ssh-keygen", ["-y", "-P", "pass phrase é", "-f", path])).stdout).toContain(keyPair.line);
  await expect(run("ssh-keygen", ["-y", "-P", "pass phrase", "-f", path])).rejects.toThrow();
  const file = readPrivateKeyFile(Buffer.from(text));
  if (file.kind !== "unusable" || !file.lock) throw new Error("it has no lock");
  const opened = await unlock(file.lock, new Redacted("pass phrase é"), new AbortController().signal);
  expect(opened.kind === "opened" && readKeyPair(opened.text)?.line).toBe(keyPair.line);
});

test("a new private key replaces the old one, with its mode, and the old one is kept until it is committed", async () => {
  await using desk = await makeDesk();
  const { replacement, keyPair, old } = desk;
  await chmod(old.path, 0o400);
  const before = await hashOf(old.path);
  expect(await inspectPrivateKey(replacement, keyPair.fingerprint)).toEqual({
    kind: "untouched",
    isBegun: false,
  });
  expect(await writeNewPrivateKey(replacement, keyPair, null)).toEqual(DONE);
  expect(await inspectPrivateKey(replacement, keyPair.fingerprint)).toEqual({ kind: "made", isBegun: false });
  expect((await stat(`${old.path}.latchkey-new`)).mode & 0o777).toBe(0o600);
  expect(await hashOf(old.path)).toBe(before);
  expect(await installPrivateKey(replacement, keyPair.fingerprint)).toEqual(DONE);
  expect(await inspectPrivateKey(replacement, keyPair.fingerprint)).toEqual({ kind: "installed" });
  expect((await stat(old.path)).mode & 0o777).toBe(0o400);
  expect(await hashOf(`${old.path}.latchkey-old`)).toBe(before);
  expect(await readFile(`${old.path}.pub`, "utf8")).toBe(`${keyPair.line} jo@desk\n`);
  expect(await readFile(`${old.path}.latchkey-old.pub`, "utf8")).toBe(old.publicLine);
  expect((await run("ssh-keygen", ["-y", "-f", old.path])).stdout).toContain(keyPair.line);
  expect(await removeOldPrivateKey(replacement, keyPair.fingerprint)).toEqual(DONE);
  expect(await removeOldPrivateKey(replacement, keyPair.fingerprint)).toEqual(DONE);
  expect(await readdir(desk.folder.path)).toEqual(["id", "id.pub"]);
  expect(await restoreOldPrivateKey(replacement, keyPair.fingerprint)).toEqual({
    kind: "refused",
    message: `${old.path} is the new key, and the old one is gone`,
  });
});

test.each(["made", "installed"])(
  "what was %s is undone to the same bytes, modes and times",
  async (stage) => {
    await using desk = await makeDesk();
    const { replacement, keyPair, old } = desk;
    await chmod(old.path, 0o400);
    const [before, { mtimeMs }] = [await readFolder(desk.folder.path), await stat(old.path)];
    await writeNewPrivateKey(replacement, keyPair, null);
    if (stage === "installed") await installPrivateKey(replacement, keyPair.fingerprint);
    expect(await readFolder(desk.folder.path)).not.toEqual(before);
    expect(await restoreOldPrivateKey(replacement, keyPair.fingerprint)).toEqual(DONE);
    expect(await restoreOldPrivateKey(replacement, keyPair.fingerprint)).toEqual(DONE);
    expect(await readFolder(desk.folder.path)).toEqual(before);
    expect((await stat(old.path)).mtimeMs).toBe(mtimeMs);
  },
);

test("where no key was, a new one is put, and its undoing leaves nothing", async () => {
  await using folder = await makeTemporaryFolder();
  const replacement = { path: join(folder.path, "sub", "id"), before: null, hasPublicFile: true };
  const keyPair = await createKeyPair({ keyType: "ed25519", comment: "" });
  expect(await writeNewPrivateKey(replacement, keyPair, null)).toEqual(DONE);
  expect(await installPrivateKey(replacement, keyPair.fingerprint)).toEqual(DONE);
  expect(await removeOldPrivateKey(replacement, keyPair.fingerprint)).toEqual(DONE);
  expect(await readdir(join(folder.path, "sub"))).toEqual(["id", "id.pub"]);
  expect(await readFile(`${replacement.path}.pub`, "utf8")).toBe(`${keyPair.line}\n`);
  expect(await restoreOldPrivateKey(replacement, keyPair.fingerprint)).toEqual(DONE);
  expect(await readdir(join(folder.path, "sub"))).toEqual([]);
});

test("a key that somebody else has changed or moved meanwhile, or that is a link, is left as it is", async () => {
  await using desk = await makeDesk();
  const { replacement, keyPair, old } = desk;
  await writeNewPrivateKey(replacement, keyPair, null);
  const text = await readFile(old.path);
  await writeFile(old.path, `${text}\n`);
  const strange = { kind: "refused", message: expect.stringContaining("was changed by somebody else") };
  for (const step of [installPrivateKey, removeOldPrivateKey, restoreOldPrivateKey])
    expect(await step(replacement, keyPair.fingerprint)).toMatchObject(strange);
  expect((await readFile(old.path)).length).toBe(text.length + 1);
  await rm(old.path);
  expect(await installPrivateKey(replacement, keyPair.fingerprint)).toMatchObject({
    message: `${old.path} is gone`,
  });
  const elsewhere = join(desk.folder.path, "elsewhere");
  await writeFile(elsewhere, text);
  await symlink(elsewhere, old.path);
  expect(await installPrivateKey(replacement, keyPair.fingerprint)).toMatchObject(strange);
  expect(await readFile(elsewhere)).toEqual(text);
});

test("what lies beside a key under our names and is of another run is not touched", async () => {
  await using desk = await makeDesk();
  const { replacement, keyPair, old } = desk;
  await writeFile(`${old.path}.latchkey-old`, "another");
  expect(await writeNewPrivateKey(replacement, keyPair, null)).toEqual({
    kind: "refused",
    message: `${old.path}.latchkey-old is not of this run: move it away`,
  });
  await rm(`${old.path}.latchkey-old`);
  await writeFile(`${old.path}.latchkey-new`, "another");
  expect(await writeNewPrivateKey(replacement, keyPair, null)).toMatchObject({ kind: "refused" });
  expect(await readFile(`${old.path}.latchkey-new`, "utf8")).toBe("another");
});

test("a key that is put half-way, the old one under both names, is put or taken back from there", async () => {
  await using desk = await makeDesk();
  const { replacement, keyPair, old } = desk;
  const before = await readFolder(desk.folder.path);
  for (const finish of [restoreOldPrivateKey, installPrivateKey]) {
    await writeNewPrivateKey(replacement, keyPair, null);
    await rename(`${old.path}.pub`, `${old.path}.latchkey-old.pub`);
    await link(old.path, `${old.path}.latchkey-old`);
    expect(await finish(replacement, keyPair.fingerprint)).toEqual(DONE);
    if (finish === restoreOldPrivateKey) expect(await readFolder(desk.folder.path)).toEqual(before);
  }
  expect(await inspectPrivateKey(replacement, keyPair.fingerprint)).toEqual({ kind: "installed" });
});

test("a public file that is a link gives way to a file of mode 644, and the link comes back where that is undone", async () => {
  for (const leadsTo of ["elsewhere", "nowhere"]) {
    await using desk = await makeDesk();
    const { replacement, keyPair, old } = desk;
    await rename(`${old.path}.pub`, join(desk.folder.path, "elsewhere"));
    await chmod(join(desk.folder.path, "elsewhere"), 0o666);
    await symlink(leadsTo, `${old.path}.pub`);
    await writeNewPrivateKey(replacement, keyPair, null);
    expect(await installPrivateKey(replacement, keyPair.fingerprint)).toEqual(DONE);
    const about = await lstat(`${old.path}.pub`);
    expect([about.isFile(), (about.mode & 0o777).toString(8)]).toEqual([true, "644"]);
    expect(await readFile(`${old.path}.pub`, "utf8")).toBe(`${keyPair.line} jo@desk\n`);
    expect(await readFile(join(desk.folder.path, "elsewhere"), "utf8")).toBe(old.publicLine);
    expect(await restoreOldPrivateKey(replacement, keyPair.fingerprint)).toEqual(DONE);
    expect(await readlink(`${old.path}.pub`)).toBe(leadsTo);
    expect((await readdir(desk.folder.path)).sort()).toEqual(["elsewhere", "id", "id.pub"]);
  }
});

test("an old public key in the way of the one that is to be kept stops it before a client could take the wrong one", async () => {
  await using desk = await makeDesk();
  const { replacement, keyPair, old } = desk;
  await writeNewPrivateKey(replacement, keyPair, null);
  await writeFile(`${old.path}.latchkey-old.pub`, "another");
  const before = await readFolder(desk.folder.path);
  expect(await installPrivateKey(replacement, keyPair.fingerprint)).toEqual({
    kind: "refused",
    message: `${old.path}.latchkey-old.pub is not of this run: move it away`,
  });
  expect(await readFolder(desk.folder.path)).toEqual(before);
});

test("a real agent takes a new key of each type and forgets an old one, as often as it is told", async () => {
  await using folder = await makeTemporaryFolder();
  const old = await makeKeyFile(folder.path, "old");
  await using agent = await startSshAgent(folder.path, [old.path]);
  const { socketPath } = agent;
  const pairs = await Promise.all(
    (["ed25519", "ecdsa", "rsa"] as const).map((keyType) =>
      createKeyPair({ keyType, comment: `the ${keyType}` }),
    ),
  );
  for (const keyPair of pairs) {
    expect(await addToAgent(socketPath, keyPair)).toEqual(DONE);
    expect(await addToAgent(socketPath, keyPair)).toEqual(DONE);
  }
  const oldBlob = Buffer.from(old.publicLine.split(" ")[1] ?? "", "base64");
  expect(await removeFromAgent(socketPath, oldBlob)).toEqual(DONE);
  expect(await removeFromAgent(socketPath, oldBlob)).toEqual(DONE);
  const { keys } = await listAgentKeys(socketPath);
  expect(keys.map(({ fingerprint, comment }) => [fingerprint, comment])).toEqual(
    pairs.map(({ fingerprint, comment }) => [fingerprint, comment]),
  );
});

test("an agent that has ended holds no old key, and takes no new one", async () => {
  await using folder = await makeTemporaryFolder();
  const keyPair = await createKeyPair({ keyType: "ed25519", comment: "" });
  const nobody = join(folder.path, "agent");
  expect(await removeFromAgent(nobody, keyPair.blob)).toEqual(DONE);
  expect(await addToAgent(nobody, keyPair)).toMatchObject({
    kind: "failed",
    message: expect.stringContaining("add it with ssh-add"),
  });
});
