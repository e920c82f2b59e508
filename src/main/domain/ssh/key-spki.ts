import { createPublicKey } from "node:crypto";
import { openFields } from "./wire.ts";

const base64url = (bytes: Uint8Array): string => Buffer.from(bytes).toString("base64url");

const CURVES: { [name: string]: string } = { nistp256: "P-256", nistp384: "P-384", nistp521: "P-521" };

/**
 * The DER of the SubjectPublicKeyInfo (RFC 5280 4.1.2.7) of a public key in SSH's wire format, by which certificates know
 * it. Null for a kind of key that certificates do not have, or where the blob is not one whole key.
 */
export function spkiOfBlob(blob: Uint8Array): Uint8Array | null {
  const key = readJwk(blob);
  if (!key) return null;
  try {
    return new Uint8Array(createPublicKey({ key, format: "jwk" }).export({ type: "spki", format: "der" }));
  } catch {
    // No such point, or a kind of key that this runtime does not know.
    return null;
  }
}

function readJwk(blob: Uint8Array): { [name: string]: string } | null {
  const fields = openFields(blob);
  const type = fields.text();
  if (type === "ssh-ed25519") {
    const x = fields.octets();
    return x && { kty: "OKP", crv: "Ed25519", x: base64url(x) };
  }
  if (type === "ssh-rsa") {
    const [e, n] = [fields.octets(), fields.octets()];
    return e && n && { kty: "RSA", n: base64url(n), e: base64url(e) };
  }
  if (!type?.startsWith("ecdsa-sha2-")) return null;
  const crv = CURVES[fields.text() ?? ""];
  const point = fields.octets();
  // 4: both coordinates follow as they are (SEC 1 2.3.3).
  if (!crv || !point || point[0] !== 4) return null;
  const half = (point.length - 1) / 2;
  return {
    kty: "EC",
    crv,
    x: base64url(point.subarray(1, 1 + half)),
    y: base64url(point.subarray(1 + half)),
  };
}
