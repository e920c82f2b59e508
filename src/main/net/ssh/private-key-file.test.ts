import { createPublicKey, generateKeyPairSync, type KeyObject, verify } from "node:crypto";
import fc from "fast-check";
import { expect, test } from "vitest";
import { viewKey } from "#codec/fingerprint.ts";
import { toField } from "#codec/ssh-wire.ts";
import { Redacted } from "#shared/model/secret.ts";
import { readPrivateKeyFile } from "./private-key-file.ts";

const MESSAGE = Buffer.from("prove it");
const pem = (key: KeyObject, type: "pkcs8" | "pkcs1" | "sec1") =>
  key.export({ format: "pem", type }).toString();

/** Signs with the key that was read, and checks it with the key that was written. */
function signsAs(text: string, publicKey: KeyObject, digest: string | null): boolean {
  const read = readPrivateKeyFile(Buffer.from(text));
  if (read.kind !== "usable") throw new Error(read.why);
  return verify(digest, MESSAGE, publicKey, Redacted.reveal(read.key).sign(MESSAGE, digest ?? undefined));
}

const rsa = generateKeyPairSync("rsa", { modulusLength: 2048 });

test("a key in any format that OpenSSL reads can be used, also those that ssh2 does not know", () => {
  expect(signsAs(pem(rsa.privateKey, "pkcs1"), rsa.publicKey, "sha256")).toBe(true);
  expect(signsAs(pem(rsa.privateKey, "pkcs8"), rsa.publicKey, "sha256")).toBe(true);
  for (const [namedCurve, digest] of [
    ["P-256", "sha256"],
    ["P-384", "sha384"],
    ["P-521", "sha512"],
  ] as const) {
    const ec = generateKeyPairSync("ec", { namedCurve });
    expect(signsAs(pem(ec.privateKey, "sec1"), ec.publicKey, digest)).toBe(true);
    expect(signsAs(pem(ec.privateKey, "pkcs8").replaceAll("\n", "\r\n"), ec.publicKey, digest)).toBe(true);
  }
});

test("an Ed25519 key in PKCS#8 can be used, whatever bytes are in it", () => {
  for (let count = 0; count < 300; count++) {
    const { privateKey, publicKey } = generateKeyPairSync("ed25519");
    expect(signsAs(pem(privateKey, "pkcs8"), publicKey, null)).toBe(true);
  }
});

test("what is read is the key, its type and its fingerprint, and no secret is printed by accident", () => {
  const read = readPrivateKeyFile(Buffer.from(pem(rsa.privateKey, "pkcs8")));
  if (read.kind !== "usable") throw new Error(read.why);
  expect(read).toMatchObject({
    keyType: "ssh-rsa",
    fingerprint: expect.stringMatching(/^SHA256:[A-Za-z0-9+/]{43}$/),
  });
  expect(createPublicKey(Redacted.reveal(read.key).getPublicPEM()).equals(rsa.publicKey)).toBe(true);
  expect(JSON.stringify(read.key)).toBe('"[redacted]"');
});

const LOCKED = { type: "pkcs8", format: "pem", cipher: "aes-256-cbc", passphrase: "secret" } as const;

/** As ssh-keygen would write it, for a derivation that would never end. */
function lockForever(blob: Uint8Array): string {
  const rounds = Buffer.from([255, 255, 255, 255]);
  const fields = [
    toField("aes256-ctr"),
    toField("bcrypt"),
    toField(Buffer.concat([toField(Buffer.alloc(16)), rounds])),
    Buffer.from([0, 0, 0, 1]),
    toField(blob),
    toField(Buffer.alloc(160)),
  ];
  const body = Buffer.concat([Buffer.from("openssh-key-v1\0"), ...fields]).toString("base64");
  return `-----BEGIN OPENSSH PRIVATE KEY-----\n${body}\n-----END OPENSSH PRIVATE KEY-----\n`;
}

const ED25519 = Buffer.concat([toField("ssh-ed25519"), toField(Buffer.alloc(32, 7))]);

test("a key under a passphrase is told by its header, at once, however much work it asks for", () => {
  const why = expect.stringContaining("it has a passphrase");
  expect(readPrivateKeyFile(Buffer.from(rsa.privateKey.export(LOCKED)))).toMatchObject({
    isEncrypted: true,
    fingerprint: null,
    why,
  });
  expect(readPrivateKeyFile(Buffer.from(rsa.privateKey.export({ ...LOCKED, type: "pkcs1" })))).toMatchObject({
    isEncrypted: true,
    why,
  });
  expect(readPrivateKeyFile(Buffer.from(lockForever(ED25519)))).toEqual({
    kind: "unusable",
    isEncrypted: true,
    lock: null,
    why: expect.stringContaining("4,294,967,295 rounds"),
    ...viewKey(ED25519),
  });
});

test.each([
  ["a PuTTY key", "PuTTY-User-Key-File-3: ssh-ed25519", "puttygen"],
  ["a public key", "ssh-ed25519 AAAA jo@here", "not a private key"],
  ["a PKCS#8 file cut short", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----", "damaged"],
  [
    "an OpenSSH file cut short",
    "-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n-----END OPENSSH PRIVATE KEY-----",
    "damaged",
  ],
  ["an Ed448 key", pem(generateKeyPairSync("ed448").privateKey, "pkcs8"), "ssh-keygen"],
  [
    "a key on another curve",
    pem(generateKeyPairSync("ec", { namedCurve: "secp256k1" }).privateKey, "pkcs8"),
    "ssh-keygen",
  ],
  ["a huge file", "x".repeat(100_000), "larger"],
])("%s is no key to log in with, and it is said why or what to do", (_, text, why) => {
  expect(readPrivateKeyFile(Buffer.from(text))).toMatchObject({
    kind: "unusable",
    why: expect.stringContaining(why),
  });
});

test("no bytes make it throw", () => {
  const key = Buffer.from(pem(rsa.privateKey, "pkcs8"));
  const container = Buffer.from(lockForever(ED25519));
  fc.assert(
    fc.property(
      fc.constantFrom(key, container),
      fc.array(fc.tuple(fc.nat(1_000), fc.nat(255)), { maxLength: 3 }),
      (file, changes) => {
        const copy = Buffer.from(file);
        for (const [at, byte] of changes) copy[at % copy.length] = byte;
        readPrivateKeyFile(copy);
      },
    ),
  );
});
