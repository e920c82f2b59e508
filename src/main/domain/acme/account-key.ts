import { createPublicKey, hash } from "node:crypto";
import type { AcmeChallenge } from "#shared/model/issuers/issuer.ts";
import type { OfferedChallenge } from "./order.ts";

/** The public key of an account: of the one kind that every authority has to support (RFC 8555, section 6.2). */
export type PublicJwk = { kty: "EC"; crv: "P-256"; x: string; y: string };

/** Null for keys of other kinds, and if it is no SubjectPublicKeyInfo. */
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

/** A JSON Web Signature as ACME takes it (RFC 7515, section 7.2.2): one signature, flattened. */
type Jws = { protected: string; payload: string; signature: string };

type JwsHead = { alg: "ES256" | "HS256"; url: string; nonce?: string } & (
  | { kid: string }
  | { jwk: PublicJwk }
);

/**
 * The bytes to sign, and the finished JWS once there is a signature. `payload` is null for a POST-as-GET, which has
 * none.
 */
type OpenJws = { data: Uint8Array; seal: (signature: Uint8Array) => Jws };

export function openJws(head: JwsHead, payload: object | null): OpenJws {
  const parts = {
    protected: encode(JSON.stringify(head)),
    payload: payload ? encode(JSON.stringify(payload)) : "",
  };
  return {
    data: Buffer.from(`${parts.protected}.${parts.payload}`),
    seal: (signature) => ({ ...parts, signature: Buffer.from(signature).toString("base64url") }),
  };
}

/**
 * The external account binding: the owner of the MAC key says that the account's key is theirs (RFC 8555, section
 * 7.3.4).
 */
export const openBinding = (keyId: string, url: string, jwk: PublicJwk): OpenJws =>
  openJws({ alg: "HS256", kid: keyId, url }, jwk);

const encode = (text: string): string => Buffer.from(text).toString("base64url");

/** What the response to a challenge depends on: its kind and its token. */
type OfferedToken = { type: OfferedChallenge["type"]; token: string };

/** The response to a challenge for this name, by the account whose key has this thumbprint. */
export function challengeOf(name: string, { type, token }: OfferedToken, thumbprint: string): AcmeChallenge {
  const keyAuthorization = `${token}.${thumbprint}`;
  switch (type) {
    case "http-01":
      return { type, name, token, keyAuthorization };
    case "dns-01":
      return { type, name, txt: hash("sha256", keyAuthorization, "base64url") };
    case "tls-alpn-01":
      return { type, name, digest: hash("sha256", keyAuthorization, "buffer") };
  }
}
