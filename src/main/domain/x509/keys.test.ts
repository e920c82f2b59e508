import { execFile } from "node:child_process";
import { chmod, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import { makeTemporaryFolder } from "#testing/temporary-folder.ts";
import { type Algorithm, makeWithOpenssl } from "#testing/tls/make-with-openssl.ts";
import { sshFingerprintOf } from "./keys.ts";

const run = promisify(execFile);

let folder: Awaited<ReturnType<typeof makeTemporaryFolder>>;
beforeAll(async () => {
  folder = await makeTemporaryFolder();
});
afterAll(() => folder[Symbol.asyncDispose]());

/** The fingerprint that ssh-keygen prints for the certificate's own private key. */
async function askKeygen(name: string, keyPath: string): Promise<string> {
  const path = join(folder.path, `${name}.ssh`);
  // ssh-keygen reads these types as PKCS#8, but Ed25519 only as a public key.
  const { stdout: pem } = await run("openssl", ["pkey", "-in", keyPath, "-pubout"]);
  await writeFile(path, pem);
  await chmod(path, 0o600);
  const { stdout: line } = await run("ssh-keygen", ["-i", "-m", "PKCS8", "-f", path]);
  await writeFile(path, line);
  const { stdout } = await run("ssh-keygen", ["-l", "-f", path]);
  return stdout.split(" ")[1] ?? "";
}

test.each<Algorithm>(["rsa", "rsa-1024", "p-256", "p-384", "p-521"])(
  "the fingerprint of a certificate's %s key is that of ssh-keygen for the same key",
  async (algorithm) => {
    const { der, keyPath } = await makeWithOpenssl(folder.path, algorithm, { algorithm });
    expect(sshFingerprintOf(der)).toBe(await askKeygen(algorithm, keyPath));
  },
);

test("that of an Ed25519 key, too, which ssh-keygen reads in its own form only", async () => {
  const { der, keyPath } = await makeWithOpenssl(folder.path, "ed25519", { algorithm: "ed25519" });
  const { stdout } = await run("openssl", ["pkey", "-in", keyPath, "-pubout", "-outform", "DER"], {
    encoding: "buffer",
  });
  const fields = [Buffer.from("ssh-ed25519"), stdout.subarray(-32)];
  const blob = Buffer.concat(
    fields.map((field) => Buffer.concat([Buffer.from([0, 0, 0, field.length]), field])),
  );
  const path = join(folder.path, "ed25519.pub");
  await writeFile(path, `ssh-ed25519 ${blob.toString("base64")}\n`);
  const { stdout: line } = await run("ssh-keygen", ["-l", "-f", path]);
  expect(sshFingerprintOf(der)).toBe(line.split(" ")[1]);
});

test.each<Algorithm>(["secp256k1", "brainpoolP256r1", "ed448", "explicit-p-256", "rsa-pss"])(
  "SSH has no %s key that could be the same",
  async (algorithm) => {
    const { der } = await makeWithOpenssl(folder.path, `no-${algorithm}`, { algorithm });
    expect(sshFingerprintOf(der)).toBeNull();
  },
);

test("bytes that are no certificate have none, whatever they are", async () => {
  const { der } = await makeWithOpenssl(folder.path, "spoilt", { algorithm: "p-256" });
  fc.assert(
    fc.property(fc.nat(der.length - 1), fc.integer({ min: 0, max: 255 }), (at, byte) => {
      const spoilt = Buffer.from(der);
      spoilt[at] = byte;
      const found = sshFingerprintOf(spoilt);
      expect(found === null || /^SHA256:[A-Za-z0-9+/]{43}$/.test(found)).toBe(true);
    }),
  );
  fc.assert(fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => void sshFingerprintOf(bytes)));
});
