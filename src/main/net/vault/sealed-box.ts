import { createCipheriv, createDecipheriv, createECDH, hkdfSync, randomBytes } from "node:crypto";
import type { Receiver, Sealed } from "#shared/model/issuers/vault.ts";
import { Refusal } from "#shared/model/refusal.ts";
import { Redacted, secretCopy } from "#shared/model/secret.ts";

/** The renderer's seal-secret.ts uses the same. */
const CURVE = "prime256v1";
const INFO = "latchkey vault";
const NONCE_BYTES = 12;
const TAG_BYTES = 16;

/** Encrypts bytes to a receiver, and overwrites them. */
export function sealTo(receiver: Receiver, secret: Redacted<Uint8Array>): Sealed {
  const plain = Redacted.reveal(secret);
  const mine = createECDH(CURVE);
  const publicKey = mine.generateKeys();
  const theirs = Buffer.from(receiver.publicKey, "base64");
  const key = deriveKey(mine.computeSecret(theirs), publicKey, theirs);
  const nonce = randomBytes(NONCE_BYTES);
  const cipher = createCipheriv("aes-256-gcm", key, nonce);
  const box = Buffer.concat([nonce, cipher.update(plain), cipher.final(), cipher.getAuthTag()]);
  for (const bytes of [plain, key]) bytes.fill(0);
  return { to: receiver.id, publicKey: publicKey.toString("base64"), box: box.toString("base64") };
}

/** A key pair that opens what was sealed to it, for as long as the process lives. */
export function createReceiver() {
  const mine = createECDH(CURVE);
  const own = mine.generateKeys();
  const receiver: Receiver = { id: randomBytes(16).toString("hex"), publicKey: own.toString("base64") };
  return {
    receiver,
    open({ to, publicKey, box }: Sealed): Redacted<Uint8Array> {
      if (to !== receiver.id)
        throw new Refusal("conflict", "the vault has locked itself since this was typed; type it again");
      try {
        const theirs = Buffer.from(publicKey, "base64");
        const key = deriveKey(mine.computeSecret(theirs), theirs, own);
        return new Redacted(decipher(key, Buffer.from(box, "base64")));
      } catch {
        throw new Refusal("invalid-input", "what was typed did not arrive as it was sent; type it again");
      }
    },
  };
}

function decipher(key: Buffer, box: Buffer): Buffer {
  const opening = createDecipheriv("aes-256-gcm", key, box.subarray(0, NONCE_BYTES), {
    authTagLength: TAG_BYTES,
  });
  opening.setAuthTag(box.subarray(-TAG_BYTES));
  const plain = opening.update(box.subarray(NONCE_BYTES, -TAG_BYTES));
  key.fill(0);
  opening.final();
  return plain;
}

function deriveKey(shared: Buffer, sender: Buffer, receiver: Buffer): Buffer {
  const key = Buffer.from(hkdfSync("sha256", shared, Buffer.concat([sender, receiver]), INFO, 32));
  shared.fill(0);
  return key;
}

const MASK_CURVE = "prime256v1";
const PART_BYTES = 6_400;

/** A secret, masked, on its way out of the vault process. */
export type Masked = { publicKey: Uint8Array; bytes: Uint8Array };

/**
 * Masks a secret for one requester, once. It is no cipher, because Node's ciphers leave decrypted bytes in memory that
 * nobody can overwrite. An HKDF mask is applied in place, and both ends overwrite the mask.
 */
export function maskFor(publicKey: Uint8Array, secret: Uint8Array): Masked {
  const mine = createECDH(MASK_CURVE);
  const own = mine.generateKeys();
  const bytes = secretCopy(secret);
  layMask(bytes, mine.computeSecret(publicKey), own);
  return { publicKey: own, bytes };
}

/** The requester's side: its public key goes to the vault process; `open` unmasks the answer, once. */
export function createUnmasking() {
  const mine = createECDH(MASK_CURVE);
  return {
    publicKey: mine.generateKeys(),
    open({ publicKey, bytes }: Masked): Redacted<Uint8Array> {
      layMask(bytes, mine.computeSecret(publicKey), publicKey);
      return new Redacted(bytes);
    },
  };
}

function layMask(bytes: Uint8Array, shared: Buffer, salt: Uint8Array): void {
  for (let start = 0; start < bytes.length; start += PART_BYTES) {
    const part = bytes.subarray(start, start + PART_BYTES);
    const mask = new Uint8Array(hkdfSync("sha256", shared, salt, `latchkey ${start}`, part.length));
    for (let at = 0; at < part.length; at++) part[at] = (part[at] as number) ^ (mask[at] as number);
    mask.fill(0);
  }
  shared.fill(0);
}
