import { createPublicKey, verify } from "node:crypto";
import { jwkOfBlob } from "#codec/ssh-key.ts";
import { openFields } from "#codec/ssh-wire.ts";
import type { PublicKey } from "./key-blob.ts";

/** Signature names that a key of a type may make, and their digest; Ed25519 has its own. */
const SIGNATURES: Readonly<Record<string, Readonly<Record<string, string | null>>>> = {
  "ssh-ed25519": { "ssh-ed25519": null },
  "ssh-rsa": { "rsa-sha2-256": "sha256", "rsa-sha2-512": "sha512" },
  "ecdsa-sha2-nistp256": { "ecdsa-sha2-nistp256": "sha256" },
  "ecdsa-sha2-nistp384": { "ecdsa-sha2-nistp384": "sha384" },
  "ecdsa-sha2-nistp521": { "ecdsa-sha2-nistp521": "sha512" },
};
/** How many bytes each of the two numbers of a signature has. */
const WIDTHS: Readonly<Record<string, number>> = {
  "ecdsa-sha2-nistp256": 32,
  "ecdsa-sha2-nistp384": 48,
  "ecdsa-sha2-nistp521": 66,
};

/** Whether a signature in SSH's wire format is the key's over the bytes. RSA with SHA-1 does not count as one. */
export function isSignedBy(
  key: PublicKey,
  bytes: Uint8Array,
  signature: Uint8Array,
): "yes" | "no" | "unsupported" {
  const names = Object.hasOwn(SIGNATURES, key.keyType) ? SIGNATURES[key.keyType] : undefined;
  if (!names) return "unsupported";
  const fields = openFields(signature);
  const name = fields.text() ?? "";
  const value = fields.octets();
  if (!value || !Object.hasOwn(names, name)) return "no";
  const width = WIDTHS[key.keyType];
  const raw = width ? toFixedWidth(value, width) : value;
  if (!raw) return "no";
  const jwk = jwkOfBlob(key.blob, key.keyType);
  if (!jwk) return "unsupported";
  try {
    const publicKey = createPublicKey({ key: jwk, format: "jwk" });
    const isValid = verify(
      names[name] ?? null,
      bytes,
      width ? { key: publicKey, dsaEncoding: "ieee-p1363" } : publicKey,
      raw,
    );
    return isValid ? "yes" : "no";
  } catch (error) {
    // OpenSSL refuses keys that it finds absurd, such as an even modulus: such a signature cannot be checked.
    if (error instanceof Error) return "unsupported";
    throw error;
  }
}

/** r and s as SSH writes them (two numbers) -> as fixed-width halves. */
function toFixedWidth(value: Uint8Array, width: number): Uint8Array | null {
  const fields = openFields(value);
  const halves = [fields.octets(), fields.octets()].map((number) => number && withoutZeros(number));
  const raw = new Uint8Array(2 * width);
  for (const [index, half] of halves.entries()) {
    if (!half || half.length > width) return null;
    raw.set(half, (index + 1) * width - half.length);
  }
  return raw;
}

function withoutZeros(number: Uint8Array | null): Uint8Array {
  const start = number?.findIndex((byte) => byte !== 0) ?? -1;
  return number && start >= 0 ? number.subarray(start) : new Uint8Array();
}
