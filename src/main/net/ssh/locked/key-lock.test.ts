import { generateKeyPairSync } from "node:crypto";
import fc from "fast-check";
import { expect, test } from "vitest";
import { toField } from "#codec/ssh-wire.ts";
import { readPrivateKeyFile } from "#net/ssh/private-key-file.ts";
import { Redacted } from "#shared/model/secret.ts";
import { makeLockedKey } from "#testing/ssh/key-files.ts";
import { type KeyLock, readKeyLock, unlock } from "./key-lock.ts";

const PASSPHRASE = "correct horse – Batterie";
const never = new AbortController().signal;

function lockOf(text: string): KeyLock {
  const lock = readKeyLock(text);
  if ("why" in lock) throw new Error(lock.why);
  return lock;
}

/** The fingerprint of the key that the right passphrase opens, after a wrong one did not. */
async function openWith(text: string, passphrase: string): Promise<string> {
  const lock = lockOf(text);
  expect(await unlock(lock, new Redacted("wrong"), never)).toEqual({ kind: "wrong" });
  const opened = await unlock(lock, new Redacted(passphrase), never);
  if (opened.kind !== "opened") throw new Error(opened.kind);
  const key = readPrivateKeyFile(Buffer.from(Redacted.reveal(opened.text)));
  if (key.kind !== "usable") throw new Error(key.why);
  return key.fingerprint;
}

const fingerprintOf = (text: string) => {
  const key = readPrivateKeyFile(Buffer.from(text));
  return "fingerprint" in key ? key.fingerprint : null;
};

test.each(["aes128-ctr", "aes256-ctr", "aes256-cbc", "aes128-gcm@openssh.com", "aes256-gcm@openssh.com"])(
  "a key in OpenSSH's format under %s is opened by its passphrase and by no other",
  async (cipher) => {
    const key = makeLockedKey({ passphrase: PASSPHRASE, cipher, rounds: 2 });
    expect(await openWith(key, PASSPHRASE)).toBe(fingerprintOf(key));
  },
);

const rsa = generateKeyPairSync("rsa", { modulusLength: 2048 });
const ec = generateKeyPairSync("ec", { namedCurve: "P-384" });
const ed25519 = generateKeyPairSync("ed25519");

test.each([
  ["RSA in PEM, AES", rsa.privateKey, "pkcs1", "aes-256-cbc"],
  ["RSA in PEM, triple DES", rsa.privateKey, "pkcs1", "des-ede3-cbc"],
  ["ECDSA in PEM", ec.privateKey, "sec1", "aes-128-cbc"],
  ["RSA in PKCS#8", rsa.privateKey, "pkcs8", "aes-256-cbc"],
  ["Ed25519 in PKCS#8", ed25519.privateKey, "pkcs8", "aes-128-cbc"],
  ["ECDSA in PKCS#8, triple DES", ec.privateKey, "pkcs8", "des-ede3-cbc"],
] as const)("%s is opened by its passphrase and by no other", async (_, key, type, cipher) => {
  const locked = key.export({ format: "pem", type, cipher, passphrase: PASSPHRASE } as never) as string;
  const plain = key.export({ format: "pem", type: "pkcs8" }).toString();
  expect(await openWith(locked, PASSPHRASE)).toBe(fingerprintOf(plain));
});

test("a passphrase is tried in a thread that ends when told to stop, and at its limit", async () => {
  const slow = lockOf(containerOf({ rounds: 1_000 }));
  const controller = new AbortController();
  const cancelled = unlock(slow, new Redacted(PASSPHRASE), controller.signal);
  controller.abort(new Error("the scan was cancelled"));
  await expect(cancelled).rejects.toThrow("the scan was cancelled");
  await expect(unlock(slow, new Redacted(PASSPHRASE), controller.signal)).rejects.toThrow();
  expect(await unlock(slow, new Redacted(PASSPHRASE), never, 1)).toEqual({
    kind: "failed",
    why: expect.stringContaining("not opened within"),
  });
});

/** As ssh-keygen writes it, except that nobody can open it. */
function containerOf({ rounds, cipher = "aes256-ctr", kdf = "bcrypt", tag = "" }: Partial<Parts>): string {
  const count = Buffer.alloc(4);
  count.writeUInt32BE(rounds ?? 16);
  const body = Buffer.concat([
    Buffer.from("openssh-key-v1\0"),
    toField(cipher),
    toField(kdf),
    toField(Buffer.concat([toField(Buffer.alloc(16, 1)), count])),
    Buffer.from([0, 0, 0, 1]),
    toField("a public key"),
    toField(Buffer.alloc(160)),
    Buffer.from(tag),
  ]);
  return `-----BEGIN OPENSSH PRIVATE KEY-----\n${body.toString("base64")}\n-----END OPENSSH PRIVATE KEY-----\n`;
}

type Parts = { rounds: number; cipher: string; kdf: string; tag: string };

test.each([
  ["2^31 rounds of bcrypt", containerOf({ rounds: 2 ** 31 }), "2,147,483,648 rounds of bcrypt"],
  ["1,001 rounds of bcrypt", containerOf({ rounds: 1_001 }), "at most 1,000 are taken"],
  ["no round at all", containerOf({ rounds: 0 }), "damaged"],
  ["a cipher of the future", containerOf({ cipher: "ascon128" }), "not known here"],
  ["a derivation of the future", containerOf({ kdf: "argon2id" }), "not known here"],
  ["a tag that is missing", containerOf({ cipher: "aes256-gcm@openssh.com" }), "damaged"],
  ["2^31 iterations of PBKDF2", pkcs8Of(pbkdf2(2 ** 31)), "2,147,483,648 iterations of PBKDF2"],
  ["iterations beyond counting", pkcs8Of(pbkdf2(2 ** 47)), "iterations of PBKDF2"],
  ["scrypt with an N of 2^21", pkcs8Of(scrypt(2 ** 21, 1, 1)), "2,097,152 as the N of scrypt"],
  ["scrypt with 512 MiB", pkcs8Of(scrypt(2 ** 19, 8, 1)), "536,870,912 bytes of memory by scrypt"],
  ["scrypt with many lanes", pkcs8Of(scrypt(2, 1, 1_000)), "1,000 as the p of scrypt"],
  ["PBES1", pkcs8Of(pbkdf2(1), "2a864886f70d010503"), "not known here"],
  ["triple DES told apart from DES", "DEK-Info: DES-CBC,0011223344556677\n", "not known here"],
])("%s is refused by the header, without a try", (_, text, why) => {
  expect(readKeyLock(text)).toEqual({ why: expect.stringContaining(why) });
});

test("what is at the limits is taken", () => {
  expect(readKeyLock(containerOf({ rounds: 1_000 }))).toMatchObject({ kind: "openssh", rounds: 1_000 });
  expect(readKeyLock(pkcs8Of(pbkdf2(10_000_000)))).toMatchObject({ kdf: { iterations: 10_000_000 } });
  expect(readKeyLock(pkcs8Of(scrypt(2 ** 18, 8, 1)))).toMatchObject({ kdf: { N: 2 ** 18, r: 8, p: 1 } });
});

/** DER, for lengths up to 64 KiB. */
function der(tag: number, ...parts: readonly Uint8Array[]): Buffer {
  const content = Buffer.concat(parts);
  const { length } = content;
  const size = length < 0x80 ? [length] : [0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.from([tag, ...size]), content]);
}

function integer(value: number): Buffer {
  const hex = value.toString(16);
  return der(0x02, Buffer.from([0]), Buffer.from(hex.length % 2 ? `0${hex}` : hex, "hex"));
}

function oid(hex: string): Buffer {
  return der(0x06, Buffer.from(hex, "hex"));
}

function pbkdf2(iterations: number): Buffer {
  return der(0x30, oid("2a864886f70d01050c"), der(0x30, der(0x04, Buffer.alloc(8)), integer(iterations)));
}

function scrypt(N: number, r: number, p: number): Buffer {
  const parameters = [der(0x04, Buffer.alloc(8)), integer(N), integer(r), integer(p)];
  return der(0x30, oid("2b06010401da47040b"), der(0x30, ...parameters));
}

function pkcs8Of(derivation: Buffer, scheme = "2a864886f70d01050d"): string {
  const cipher = der(0x30, oid("60864801650304012a"), der(0x04, Buffer.alloc(16)));
  const algorithm = der(0x30, oid(scheme), der(0x30, derivation, cipher));
  const body = der(0x30, algorithm, der(0x04, Buffer.alloc(64))).toString("base64");
  return `-----BEGIN ENCRYPTED PRIVATE KEY-----\n${body}\n-----END ENCRYPTED PRIVATE KEY-----\n`;
}

test("no header makes it throw, or take on more work than is taken", () => {
  const samples = [containerOf({}), pkcs8Of(pbkdf2(2_048)), pkcs8Of(scrypt(2 ** 14, 8, 1))];
  const changes = fc.array(fc.tuple(fc.nat(400), fc.nat(255)), { maxLength: 4 });
  fc.assert(
    fc.property(fc.constantFrom(...samples), changes, (sample, edits) => {
      const [begin = "", end = ""] = sample.match(/-----.*-----/g) ?? [];
      const body = Buffer.from(sample.replace(/-----.*-----/g, ""), "base64");
      for (const [at, byte] of edits) body[at % body.length] = byte;
      const lock = readKeyLock(`${begin}\n${body.toString("base64")}\n${end}`);
      if ("why" in lock || lock.kind === "pem") return;
      if (lock.kind === "openssh") expect(lock.rounds).toBeLessThanOrEqual(1_000);
      else if (lock.kdf.name === "pbkdf2") expect(lock.kdf.iterations).toBeLessThanOrEqual(10_000_000);
      else expect(128 * lock.kdf.N * lock.kdf.r).toBeLessThanOrEqual(256 * 1024 * 1024);
    }),
  );
});
