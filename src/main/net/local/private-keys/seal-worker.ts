import { createCipheriv, randomBytes } from "node:crypto";
import { parentPort, workerData } from "node:worker_threads";
import bcrypt from "bcrypt-pbkdf";
import { writeContainer } from "#codec/ssh-key.ts";
import { toField } from "#codec/ssh-wire.ts";

/** The same as ssh-keygen of OpenSSH 10. */
const CIPHER = { name: "aes256-ctr", node: "aes-256-ctr", keyBytes: 32, ivBytes: 16 };
const ROUNDS = 24;

/** `secret` is padded to the block size. Takes half a second. */
function sealLock(blob: Uint8Array, secret: Uint8Array, passphrase: string): string {
  const salt = randomBytes(16);
  const pass = Buffer.from(passphrase);
  const derived = new Uint8Array(CIPHER.keyBytes + CIPHER.ivBytes);
  if (bcrypt.pbkdf(pass, pass.length, salt, salt.length, derived, derived.length, ROUNDS) !== 0)
    throw new Error("bcrypt did not take what it was given");
  const [key, iv] = [derived.subarray(0, CIPHER.keyBytes), derived.subarray(CIPHER.keyBytes)];
  const rounds = Buffer.alloc(4);
  rounds.writeUInt32BE(ROUNDS);
  return writeContainer({
    cipher: CIPHER.name,
    kdf: "bcrypt",
    kdfOptions: Buffer.concat([toField(salt), rounds]),
    blob: Buffer.from(blob),
    secret: createCipheriv(CIPHER.node, key, iv).update(secret),
  });
}

/** Encrypts one private key under a passphrase in a thread of its own, posts the result, and ends. */

const { blob, secret, passphrase } = workerData as Record<"blob" | "secret", Uint8Array> & {
  passphrase: string;
};

parentPort?.postMessage(sealLock(blob, secret, passphrase));
