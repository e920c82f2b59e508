import { assertNever } from "../../model/assert-never.ts";
import type { ClaimReason, KeyPossession } from "../../model/hosts/host.ts";
import type { SshfpComparison, SshfpResult } from "../../model/hosts/host-key.ts";
import type { KnownBeside, KnownElsewhere } from "../../model/hosts/offered-key.ts";
import { formatCount } from "../count.ts";

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

const ANSWERS: Record<SshfpComparison["answer"], string> = {
  records: "DNS publishes nothing about this key",
  none: "DNS publishes no host key of this name",
  "no-such-name": "DNS does not know this name",
  failed: "DNS did not answer",
  "not-queried": "DNS was not queried",
};

/** What DNS says of a name, where it says nothing of the key. */
export const formatSshfpAnswer = (answer: SshfpComparison["answer"]): string => ANSWERS[answer];

/** What this computer knows beside a host key that was offered, as a sentence. */
export function formatKnownBeside(known: KnownBeside): string {
  switch (known.kind) {
    case "nothing":
      return "not in known_hosts, under this name or another one";
    case "same-key":
      return `the same key is in known_hosts as ${formatLines(known, ({ names }) => names ?? "a hashed name")}`;
    case "other-type":
      return `a key of another type is in known_hosts for this address: ${formatLines(known, formatKnownKey)}`;
    case "mismatch":
      return `another key is known for this host: ${formatLines(known, formatKnownKey)}`;
    case "revoked":
      return `this key is revoked (${known.where})`;
    case "no-certificate":
      return `an authority vouches for this host (${known.where}), but it showed no certificate of it`;
    default:
      return assertNever(known);
  }
}

const formatKnownKey = ({ keyType, fingerprint }: KnownElsewhere): string => `${keyType} ${fingerprint}`;

function formatLines(
  { total, known }: { total: number; known: readonly KnownElsewhere[] },
  formatLine: (line: KnownElsewhere) => string,
): string {
  const lines = known.map((line) => `${formatLine(line)} (${LOCATIONS[line.where] ?? line.where})`);
  const more = total - known.length;
  return [...lines, ...(more > 0 ? [formatCount(more, "more line")] : [])].join(", ");
}

/** Where a key is known, if that is no file. */
const LOCATIONS: Record<string, string> = { pin: "pinned", bundle: "it has signed the host's bundle" };
