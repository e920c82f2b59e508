import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { gatherIdentities } from "#net/ssh/identities.ts";
import { readPrivateKeyFile } from "#net/ssh/private-key-file.ts";
import { Redacted } from "#shared/model/secret.ts";
import { makeKeyFile } from "#testing/ssh/key-files.ts";
import { makeTemporaryFolder } from "#testing/temporary-folder.ts";
import { readKeyLock, unlock } from "./key-lock.ts";

const run = promisify(execFile);
const PASSPHRASE = new Redacted("correct horse");
const never = new AbortController().signal;

async function fingerprintIn(path: string): Promise<string | null> {
  const lock = readKeyLock(await readFile(path, "utf8"));
  if ("why" in lock) throw new Error(lock.why);
  expect(await unlock(lock, new Redacted("wrong"), never)).toEqual({ kind: "wrong" });
  const opened = await unlock(lock, PASSPHRASE, never);
  if (opened.kind !== "opened") throw new Error(opened.kind);
  return readPrivateKeyFile(Buffer.from(Redacted.reveal(opened.text))).fingerprint;
}

test("a key that ssh-keygen has locked is opened, under every cipher that OpenSSH has for it", async () => {
  await using folder = await makeTemporaryFolder();
  const { stdout } = await run("ssh", ["-Q", "cipher"]);
  const ciphers = stdout.trim().split("\n");
  expect(ciphers).toContain("chacha20-poly1305@openssh.com");
  for (const cipher of ciphers) {
    const options = ["-t", "ecdsa", "-N", "correct horse", "-a", "2", "-Z", cipher];
    const { path, fingerprint } = await makeKeyFile(folder.path, cipher, options);
    expect(await fingerprintIn(path), cipher).toBe(fingerprint);
  }
});

test("a key that OpenSSL has locked is opened, scrypt and every digest of PBKDF2 included", async () => {
  await using folder = await makeTemporaryFolder();
  const { path, fingerprint } = await makeKeyFile(folder.path, "plain", ["-t", "rsa", "-N", "", "-m", "PEM"]);
  const digests = ["hmacWithSHA1", "hmacWithSHA224", "hmacWithSHA256", "hmacWithSHA384", "hmacWithSHA512"];
  const ways = [
    ["-scrypt"],
    ["-scrypt", "-scrypt_N", "1024", "-scrypt_p", "4"],
    ...digests.map((digest) => ["-v2prf", digest]),
  ];
  for (const [index, way] of ways.entries()) {
    const locked = join(folder.path, `locked${index}`);
    const files = ["-in", path, "-out", locked, "-passout", "pass:correct horse"];
    await run("openssl", ["pkcs8", "-topk8", ...files, ...way]);
    expect(await fingerprintIn(locked), way.join(" ")).toBe(fingerprint);
  }
});

test("the .pub file beside a locked PEM tells whose it is, so that nobody is asked where the agent holds it", async () => {
  await using folder = await makeTemporaryFolder();
  const options = ["-t", "rsa", "-N", "correct horse", "-m", "PEM"];
  const { path, fingerprint } = await makeKeyFile(folder.path, "id_rsa", options);
  const asked: unknown[] = [];
  await gatherIdentities({
    identityFiles: [path],
    home: folder.path,
    agentSocket: null,
    unlock: async (file) => {
      asked.push({ path: file.path, fingerprint: file.fingerprint });
      return { why: "it was not unlocked" };
    },
  });
  expect(asked).toEqual([{ path, fingerprint }]);
});
