import { type CipherGCMTypes, createDecipheriv, createPrivateKey, type KeyObject } from "node:crypto";
import { parentPort, workerData } from "node:worker_threads";
import bcrypt from "bcrypt-pbkdf";
import { decrypt, deriveKey } from "#codec/pbes2.ts";
import { writeOpenContainer } from "#codec/ssh-key.ts";
import type { KeyLock } from "./key-lock.ts";

/** The private key without its passphrase, as text; null: the passphrase is wrong. As slow as the file demands. */
function openLock(lock: KeyLock, passphrase: string): string | null {
  switch (lock.kind) {
    case "openssh":
      return openOpenssh(lock, Buffer.from(passphrase));
    case "pem":
      return writePem(() => createPrivateKey({ key: lock.text, passphrase }));
    case "pkcs8": {
      const key = deriveKey(lock.kdf, passphrase, lock.cipher.keyBytes);
      const der = decrypt({ cipher: lock.cipher, key, iv: lock.iv }, lock.secret);
      return der && writePem(() => createPrivateKey({ key: der, format: "der", type: "pkcs8" }));
    }
  }
}

/** A wrong passphrase decrypts to garbage, which OpenSSL notices in one way or another. */
function unlessRubbish<Result>(open: () => Result): Result | null {
  try {
    return open();
  } catch (error) {
    if (error instanceof Error) return null;
    throw error;
  }
}

function writePem(open: () => KeyObject): string | null {
  return unlessRubbish(() => open().export({ format: "pem", type: "pkcs8" }).toString());
}

function openOpenssh(lock: Extract<KeyLock, { kind: "openssh" }>, passphrase: Buffer): string | null {
  const { cipher, salt, rounds } = lock;
  const derived = new Uint8Array(cipher.keyBytes + cipher.ivBytes);
  if (bcrypt.pbkdf(passphrase, passphrase.length, salt, salt.length, derived, derived.length, rounds) !== 0)
    throw new Error("bcrypt did not take what the header says");
  const [key, iv] = [derived.subarray(0, cipher.keyBytes), derived.subarray(cipher.keyBytes)];
  const secret = unlessRubbish(() => decipher(lock, key, iv));
  // OpenSSH writes a random number twice: it shows whether the passphrase is right.
  const isRight = secret && secret.length >= 8 && secret.readUInt32BE(0) === secret.readUInt32BE(4);
  return isRight ? writeOpenContainer(Buffer.from(lock.blob), secret) : null;
}

/**
 * `chacha20` is chacha20-poly1305@openssh.com: two keys, of which a file uses the first, from its second block on. Its
 * tag is not verified, because Node has no Poly1305 by itself: whoever could change the file could replace it as well,
 * and the key must match the public key beside it.
 */
function decipher(
  { cipher, secret, tag }: Extract<KeyLock, { kind: "openssh" }>,
  key: Uint8Array,
  iv: Uint8Array,
): Buffer {
  if (cipher.name === "chacha20") {
    const secondBlock = Buffer.alloc(16);
    secondBlock[0] = 1;
    return createDecipheriv("chacha20", key.subarray(0, 32), secondBlock).update(secret);
  }
  const opening = createDecipheriv(cipher.name as CipherGCMTypes, key, iv);
  if (cipher.tagBytes > 0) opening.setAuthTag(tag);
  else opening.setAutoPadding(false);
  return Buffer.concat([opening.update(secret), opening.final()]);
}

/** Opens one private key in a thread of its own, posts the result, and ends. */

const { lock, passphrase } = workerData as { lock: KeyLock; passphrase: string };

parentPort?.postMessage(openLock(lock, passphrase));
