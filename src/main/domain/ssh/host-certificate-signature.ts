import { createPublicKey, type KeyObject, verify } from "node:crypto";
import type { PublicKey } from "./key-blob.ts";
import { openFields } from "./wire.ts";

/** Signature names that a key of a type may make, and their digest; Ed25519 has its own. */
const SIGNATURES: Readonly<Record<string, Readonly<Record<string, string | null>>>> = {
  "ssh-ed25519": { "ssh-ed25519": null },
  "ssh-rsa": { "rsa-sha2-256": "sha256", "rsa-sha2-512": "sha512" },
  "ecdsa-sha2-nistp256": { "ecdsa-sha2-nistp256": "sha256" },
  "ecdsa-sha2-nistp384": { "ecdsa-sha2-nistp384": "sha384" },
  "ecdsa-sha2-nistp521": { "ecdsa-sha2-nistp521": "sha512" },
};
const CURVES: Readonly<Record<string, { crv: string; bytes: number }>> = {
  "ecdsa-sha2-nistp256": { crv: "P-256", bytes: 32 },
  "ecdsa-sha2-nistp384": { crv: "P-384", bytes: 48 },
  "ecdsa-sha2-nistp521": { crv: "P-521", bytes: 66 },
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
  const curve = CURVES[key.keyType];
  const raw = curve ? toFixedWidth(value, curve.bytes) : value;
  if (!raw) return "no";
  try {
    const publicKey = toKeyObject(key);
    const isValid = verify(
      names[name] ?? null,
      bytes,
      curve ? { key: publicKey, dsaEncoding: "ieee-p1363" } : publicKey,
      raw,
    );
    return isValid ? "yes" : "no";
  } catch (error) {
    // OpenSSL refuses keys that it finds absurd, such as an even modulus: such a signature cannot be checked.
    if (error instanceof Error) return "unsupported";
    throw error;
  }
}

function toKeyObject({ keyType, blob }: PublicKey): KeyObject {
  const fields = openFields(blob);
  fields.octets();
  const url = (bytes: Uint8Array | null) => Buffer.from(bytes ?? []).toString("base64url");
  const curve = CURVES[keyType];
  if (curve) {
    fields.octets();
    const point = fields.octets() ?? new Uint8Array();
    const [x, y] = [point.subarray(1, 1 + curve.bytes), point.subarray(1 + curve.bytes)];
    return createPublicKey({ format: "jwk", key: { kty: "EC", crv: curve.crv, x: url(x), y: url(y) } });
  }
  if (keyType === "ssh-ed25519")
    return createPublicKey({ format: "jwk", key: { kty: "OKP", crv: "Ed25519", x: url(fields.octets()) } });
  const e = url(fields.octets());
  return createPublicKey({ format: "jwk", key: { kty: "RSA", e, n: url(withoutZeros(fields.octets())) } });
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
