/**
 * Who has a private key shows it by a signature. The public half of a key is known to everybody, and a file that shows it
 * proves nothing.
 */
import { randomBytes } from "node:crypto";
import { checkSignature } from "#domain/bundle/check-signature.ts";
import type { KeyPossession } from "#shared/model/possession.ts";

/** What these signatures are for: one that was made for anything else is none, and one of ours serves for nothing else. */
export const POSSESSION_NAMESPACE = "latchkey-possession";

/** Where a key is to sign. `hostKey`: the fingerprint of the key that the host has proved to have on this very connection. */
export type Location = { hostKey: string; path: string; fingerprint: string };

/** What is signed. It names where, so that a signature from another host or file is none, and a nonce, so that an old one is none. */
export const writeStatement = ({ hostKey, path, fingerprint }: Location, nonce: string): Uint8Array =>
  Buffer.from(
    `${POSSESSION_NAMESPACE} 1\nnonce ${nonce}\nkey ${fingerprint}\nhost ${hostKey}\npath ${path}\n`,
  );

/** 256 bits, in hex. */
export const makeNonce = (): string => randomBytes(32).toString("hex");

/** What an SSHSIG signature over a statement says of whoever made it. `fingerprint`: of the key that is to have signed. */
export function verifyPossession(
  signature: string,
  statement: Uint8Array,
  fingerprint: string,
): KeyPossession {
  const checked = checkSignature(signature, statement, POSSESSION_NAMESPACE);
  switch (checked.kind) {
    case "good":
      return { kind: checked.key.fingerprint === fingerprint ? "verified" : "other-key" };
    case "bad":
      return { kind: "other-key" };
    case "unsupported":
      return { kind: "claimed", why: "unsupported" };
  }
}
