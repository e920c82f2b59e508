import type { ClaimReason, KeyPossession } from "../model/possession.ts";

const REASONS: Record<ClaimReason, string> = {
  locked: "it has a passphrase",
  "public-only": "only a public key lies there",
  "agent-silent": "the agent did not sign",
  "no-ssh-keygen": "the host has no ssh-keygen that signs (OpenSSH 8.1 or later)",
  "not-signed": "ssh-keygen did not sign with it, as it refuses to where others may read the file",
  unsupported: "signatures of such a key cannot be checked here",
  "not-asked": "it was not asked to sign",
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
