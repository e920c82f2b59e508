import { createPrivateKey, createPublicKey, type KeyObject } from "node:crypto";
import { hashKey } from "#codec/fingerprint.ts";

/**
 * The hash that a private key is matched with certificates by: SHA-256 of its SubjectPublicKeyInfo, lower-case hex.
 * The key itself is forgotten. Null: it is of a kind that this runtime does not know, or is no key.
 */
export function hashPublicHalf(pkcs8: Buffer): string | null {
  try {
    return hashSpki(createPrivateKey({ key: pkcs8, format: "der", type: "pkcs8" }));
  } catch {
    return null;
  }
}

export function hashSpki(key: KeyObject): string | null {
  try {
    const half = key.type === "private" ? createPublicKey(key) : key;
    return hashKey(half.export({ format: "der", type: "spki" }));
  } catch {
    return null;
  }
}
