import { createPublicKey, hash } from "node:crypto";

/** The public half of an account's key: the one kind that every authority has to take (RFC 8555, section 6.2). */
export type PublicJwk = { kty: "EC"; crv: "P-256"; x: string; y: string };

/** Null for keys of other kinds, and for what is no SubjectPublicKeyInfo. */
export function readAccountKey(spki: Uint8Array): PublicJwk | null {
  try {
    const key = createPublicKey({ key: Buffer.from(spki), format: "der", type: "spki" });
    const { kty, crv, x, y } = key.export({ format: "jwk" });
    return kty === "EC" && crv === "P-256" && x && y ? { kty, crv, x, y } : null;
  } catch {
    return null;
  }
}

/** RFC 7638: its members in alphabetical order, without a space. */
export const thumbprintOf = ({ crv, kty, x, y }: PublicJwk): string =>
  hash("sha256", JSON.stringify({ crv, kty, x, y }), "base64url");
