import { createPrivateKey, createPublicKey, type KeyObject } from "node:crypto";
import { readEncryptedKey } from "#codec/pbes2.ts";
import { formsOf, MOST_WORK, readEncryption } from "./password-encryption.ts";

/**
 * Private keys under a passphrase outside of keystores: PKCS#8 (EncryptedPrivateKeyInfo, RFC 5958 section 3) and
 * OpenSSL's old PEM, whose derivation is one MD5. Only the public key of an opened key is returned.
 */
export type LockedKey = {
  canBeOpened: boolean;
  /** What keeps it locked, and what to do. */
  why: string;
  /** What one passphrase costs to try, in iterations of PBKDF2. */
  work: number;
  /** The public key; null: the passphrase is wrong, or this runtime does not know this kind of key. */
  open(passphrase: string): KeyObject | null;
};

const NEEDS = "it needs its passphrase";

/** Null if the bytes are no such key, or if its header is damaged. */
export function readLockedPkcs8(der: Buffer): LockedKey | null {
  const sealed = readEncryptedKey(der);
  const encryption = readEncryption(sealed?.algorithm);
  if (!sealed || !encryption) return null;
  if (!encryption.isKnown) return shut(`it is locked by ${encryption.words}, which is not known here`, 0);
  if (encryption.work > MOST_WORK)
    return shut(
      `it makes each passphrase so costly to try (${encryption.words}) that it is not opened here`,
      encryption.work,
    );
  return {
    canBeOpened: true,
    why: NEEDS,
    work: encryption.work,
    open: (passphrase) =>
      formsOf(passphrase).reduce<KeyObject | null>((key, password) => {
        const plain = key ? null : encryption.decrypt(password, sealed.secret);
        return plain ? orNull(() => createPrivateKey({ key: plain, format: "der", type: "pkcs8" })) : key;
      }, null),
  };
}

const shut = (why: string, work: number): LockedKey => ({ canBeOpened: false, why, work, open: () => null });

/** `Proc-Type: 4,ENCRYPTED`. */
export const readLockedPem = (pem: string): LockedKey => ({
  canBeOpened: true,
  why: NEEDS,
  work: 1,
  open: (passphrase) => orNull(() => createPrivateKey({ key: pem, passphrase })),
});

function orNull(open: () => KeyObject): KeyObject | null {
  try {
    return createPublicKey(open());
  } catch {
    // A wrong passphrase decrypts to garbage, which OpenSSL notices in one way or another.
    return null;
  }
}
