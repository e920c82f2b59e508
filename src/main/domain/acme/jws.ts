import type { PublicJwk } from "./account-key.ts";

/** A JSON Web Signature as ACME takes it (RFC 7515, section 7.2.2): one signature, flattened. */
type Jws = { protected: string; payload: string; signature: string };

type JwsHead = { alg: "ES256" | "HS256"; url: string; nonce?: string } & (
  | { kid: string }
  | { jwk: PublicJwk }
);

/** What is to be signed, and the whole once it is. `payload` is null for a POST-as-GET, which has none. */
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

/** That whoever has the MAC key says that the account's key is his (RFC 8555, section 7.3.4). */
export const openBinding = (keyId: string, url: string, jwk: PublicJwk): OpenJws =>
  openJws({ alg: "HS256", kid: keyId, url }, jwk);

const encode = (text: string): string => Buffer.from(text).toString("base64url");
