import { assertNever } from "../../model/assert-never.ts";
import type { ClaimReason, KeyPossession } from "../../model/hosts/host.ts";
import type { SshfpResult } from "../../model/hosts/host-key.ts";

type Key = { keyType: string | null; keyBits: number | null; curve?: string | null };

/** A key's kind and size for people: "RSA 2048", "EC P-256", "Ed25519", "ssh-ed25519"; without what is not known. */
export function formatKey({ keyType, keyBits, curve }: Key): string {
  if (keyType === null) return "not a key";
  if (curve) return `${keyType} ${curve}`;
  const hasOwnSize = /\d{3,}/.test(keyType);
  return keyBits === null || hasOwnSize ? keyType : `${keyType} ${keyBits}`;
}

const REASONS: Record<ClaimReason, string> = {
  locked: "it has a passphrase",
  "public-only": "only a public key lies there",
  "agent-silent": "the agent did not sign",
  "no-ssh-keygen": "the host has no ssh-keygen that signs (OpenSSH 8.1 or later)",
  "not-signed": "ssh-keygen did not sign with it, as it refuses to where others may read the file",
  unsupported: "signatures of such a key cannot be checked here",
  "not-tested": "it was not asked to sign",
};

export const formatClaimReason = (why: ClaimReason): string => REASONS[why];

/** `verified`; `claimed: it has a passphrase`. */
export function formatPossession(possession: KeyPossession): string {
  switch (possession.kind) {
    case "verified":
      return "verified";
    case "claimed":
      return `claimed: ${REASONS[possession.why]}`;
    case "other-key":
      return "holds another key than it shows";
  }
}

/** What DNS says of a key, in words for a screen and a terminal. */
export function formatSshfp(result: SshfpResult): string {
  switch (result) {
    case "match":
      return "DNS publishes this key";
    case "mismatch":
      return "DNS publishes another key of this type";
    case "not-published":
      return "DNS publishes no key of this type";
    case "no-number":
      return "no record can be written for this type";
    case "not-comparable":
      return "DNS has only a hash for which the bytes of this key are missing here";
    default:
      return assertNever(result);
  }
}
