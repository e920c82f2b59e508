import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { hashSpki } from "#domain/inspect/read-private-key.ts";
import { makeTemporaryFolder } from "#testing/temporary-folder.ts";
import { makeWithOpenssl } from "#testing/tls/make-with-openssl.ts";
import { readLockedPkcs8 } from "./locked-key.ts";
import { openKeystore, readKeystore } from "./read-keystore.ts";

const run = promisify(execFile);

/** Every algorithm by which the openssl command locks a PKCS#12 that may still be found. */
const STORES = [
  [],
  ["-legacy"],
  ["-legacy", "-certpbe", "PBE-SHA1-3DES", "-keypbe", "PBE-SHA1-3DES"],
  ["-legacy", "-certpbe", "PBE-SHA1-2DES", "-keypbe", "PBE-SHA1-RC2-128"],
  ["-legacy", "-certpbe", "PBE-SHA1-RC2-128", "-keypbe", "PBE-SHA1-RC2-40"],
  ["-certpbe", "AES-128-CBC", "-keypbe", "AES-192-CBC", "-macalg", "sha1"],
  ["-certpbe", "CAMELLIA-256-CBC", "-keypbe", "ARIA-128-CBC", "-macalg", "sha384"],
  ["-certpbe", "DES-EDE3-CBC", "-macalg", "sha512", "-iter", "10000"],
  ["-noiter", "-nomaciter"],
  ["-nomac"],
  ["-certpbe", "NONE", "-keypbe", "NONE"],
  ["-pbmac1_pbkdf2", "-pbmac1_pbkdf2_md", "sha1", "-macalg", "sha256"],
  ["-pbmac1_pbkdf2", "-pbmac1_pbkdf2_md", "sha512", "-macalg", "sha512"],
];

/** And a key: PBES2 with each function that PBKDF2 is built on, scrypt, PKCS#12's schemes and PBES1. */
const KEYS = [
  ...["hmacWithSHA1", "hmacWithSHA224", "hmacWithSHA256", "hmacWithSHA384", "hmacWithSHA512"].map((prf) => [
    "-v2",
    "aes-256-cbc",
    "-v2prf",
    prf,
  ]),
  ["-v2", "aes-128-cbc", "-iter", "20000"],
  ["-v2", "des3"],
  ["-scrypt", "-scrypt_N", "4096", "-scrypt_r", "4", "-scrypt_p", "2"],
  ["-v1", "PBE-SHA1-3DES"],
  ["-v1", "PBE-SHA1-RC2-128", "-provider", "default", "-provider", "legacy"],
  ["-v1", "PBE-MD5-DES", "-provider", "default", "-provider", "legacy"],
  ["-v1", "PBE-SHA1-RC2-64", "-provider", "default", "-provider", "legacy"],
];

test("a PKCS#12 opens with its password however openssl has locked it, and with no other", async () => {
  await using folder = await makeTemporaryFolder();
  const authority = await makeWithOpenssl(folder.path, "authority");
  const made = await makeWithOpenssl(folder.path, "leaf", { issuer: authority });
  const path = join(folder.path, "store.p12");
  for (const options of STORES)
    for (const password of ["zürich 日本 😀", ""]) {
      const names = ["-name", "sérver", "-certfile", authority.certificatePath];
      const files = ["-in", made.certificatePath, "-inkey", made.keyPath, "-out", path];
      await run("openssl", [
        "pkcs12",
        "-export",
        ...files,
        ...names,
        "-passout",
        `pass:${password}`,
        ...options,
      ]);
      const bytes = await readFile(path);
      const opened = openKeystore(bytes, password);
      expect([options, opened]).toMatchObject([
        options,
        {
          kind: "opened",
          store: { state: "open", malformed: [], entries: [{ alias: "sérver", what: "key" }] },
        },
      ]);
      if (opened?.kind !== "opened") throw new Error("it is opened");
      const [entry] = opened.store.entries;
      expect(entry?.certificates.map((der) => Buffer.from(der))).toEqual([made.der, authority.der]);
      const isLocked = readKeystore(bytes)?.lock !== null;
      if (isLocked)
        expect([options, openKeystore(bytes, "wrong")]).toEqual([options, { kind: "wrong-password" }]);
    }
});

test("a private key opens with its passphrase however openssl has locked it, and with no other", async () => {
  await using folder = await makeTemporaryFolder();
  const made = await makeWithOpenssl(folder.path, "leaf");
  const path = join(folder.path, "locked.der");
  for (const options of KEYS) {
    const files = ["-in", made.keyPath, "-out", path, "-outform", "DER"];
    await run("openssl", ["pkcs8", "-topk8", ...files, "-passout", "pass:zürich", ...options]);
    const lock = readLockedPkcs8(await readFile(path));
    const key = lock?.open("zürich");
    expect([options, lock?.canBeOpened, key && hashSpki(key)]).toEqual([
      options,
      true,
      expect.stringMatching(/^[0-9a-f]{64}$/),
    ]);
    expect([options, lock?.open("zurich")]).toEqual([options, null]);
  }
});
