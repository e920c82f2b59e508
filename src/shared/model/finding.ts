import { z } from "zod";
import { ChainReasonCode, ChainRule, Client, Profile } from "./certificates/chain.ts";
import { Instant } from "./instant.ts";

export const Severity = z.enum(["critical", "high", "medium", "low", "info"]);
export type Severity = z.infer<typeof Severity>;

/** The ids of the rules. They are stable: scripts and acceptances name them. */
export const RuleId = z.enum([
  "certificate-expired",
  "certificate-expiring",
  "certificate-not-yet-valid",
  "certificate-revoked",
  "certificate-weak-key",
  "certificate-weak-signature",
  "certificate-invalid",
  "certificate-against-profile",
  "issuer-against-profile",
  "certificate-self-signed",
  "certificate-name-mismatch",
  "certificate-not-reloaded",
  "endpoint-other-certificate",
  "certificate-file-unnamed",
  "certificate-file-gone",
  "certificate-file-unreadable",
  "certificate-file-misordered",
  "certificates-of-one-key-kind",
  "certificate-without-key",
  "certificate-key-mismatch",
  "tls-key-without-certificate",
  "keystore-default-password",
  "endpoint-addresses-differ",
  "chain-incomplete",
  "chain-misordered",
  "chain-extra",
  "chain-expiring",
  "certificate-lifetime-over-limit",
  "certificate-client-auth-ends",
  "certificate-changed",
  "certificate-key-shared",
  "certificate-key-kept",
  "certificate-wildcard-spread",
  "certificate-key-is-ssh-key",
  "endpoint-key-exchange-classical",
  "grant-for-root",
  "grant-orphaned",
  "grant-since-baseline",
  "grant-returned",
  "approval-due",
  "account-since-baseline",
  "account-returned",
  "account-replaced",
  "account-disabled-in-use",
  "account-used-by-person",
  "account-unused",
  "account-becomes-root",
  "identity-without-owner",
  "identity-owner-left",
  "identity-without-purpose",
  "identity-review-overdue",
  "key-obsolete",
  "key-weak",
  "key-leaked",
  "key-on-several-accounts",
  "key-on-several-hosts",
  "key-across-environments",
  "key-file-without-passphrase",
  "key-file-readable-by-others",
  "host-key-changed",
  "host-key-leaked",
  "host-key-shared",
]);
export type RuleId = z.infer<typeof RuleId>;

/** What a finding is about, by that thing's identity; the screens open it from there. */
export const FindingObject = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("certificate"), sha256: z.string() }),
  z.object({ kind: z.literal("grant"), id: z.int() }),
  z.object({ kind: z.literal("key"), fingerprint: z.string() }),
  z.object({ kind: z.literal("key-file"), id: z.int() }),
  z.object({ kind: z.literal("account"), id: z.int() }),
  z.object({ kind: z.literal("host"), id: z.int() }),
  z.object({ kind: z.literal("endpoint"), id: z.int() }),
  /** A key of certificates, by the SHA-256 of its SubjectPublicKeyInfo. */
  z.object({ kind: z.literal("tls-key"), spki: z.string() }),
  /** Certificates of one issuer that break the same rules of one profile. */
  z.object({ kind: z.literal("profile-violation"), id: z.int() }),
  /** Who signs certificates for us. */
  z.object({ kind: z.literal("issuer"), id: z.int() }),
  z.object({ kind: z.literal("tag"), id: z.int() }),
]);
export type FindingObject = z.infer<typeof FindingObject>;

/** Somebody accepts that a rule fails for a thing. From the day `until` on it counts again. */
export const Acceptance = z.object({ reason: z.string(), until: z.iso.date(), acceptedAt: Instant });
export type Acceptance = z.infer<typeof Acceptance>;

/**
 * A rule of a profile that a certificate breaks, or a demand of path validation. A demand has no section of its own,
 * and no client accepts what fails it.
 */
export const BrokenRule = z.object({
  code: ChainReasonCode,
  rule: ChainRule.nullable(),
  acceptedBy: z.array(Client),
});
export type BrokenRule = z.infer<typeof BrokenRule>;

/** A rule that fails for a thing, with its evidence. */
export const Finding = z.object({
  /** Stable over scans: the rule and the identity of what it is about. */
  id: z.string(),
  rule: RuleId,
  severity: Severity,
  sentence: z.string(),
  evidence: z.array(z.string()),
  remedy: z.string(),
  /** The standard, or the document, that the rule goes back to. */
  reference: z.string(),
  /** The profile of the evaluation, where the finding is about a chain or whether a certificate is valid; else null. */
  profile: Profile.nullable(),
  /** The rules of that profile that are broken; empty where it is about something else. */
  brokenRules: z.array(BrokenRule),
  object: FindingObject,
  /** The thing in a few words: a subject, a fingerprint, a path. Written by strangers. */
  label: z.string(),
  /** The host it was found on, as the user named it; null when it is on several. */
  host: z.string().nullable(),
  firstSeen: Instant,
  /** Null while it counts. */
  acceptance: Acceptance.nullable(),
});
export type Finding = z.infer<typeof Finding>;

/** How a finding reads: what is wrong, what shows it, and what to do. */
export type FindingText = { sentence: string; evidence: string[]; remedy: string };

/** A finding as it stands in the row of the thing it is about. */
export const FindingBrief = Finding.pick({ rule: true, severity: true, sentence: true });
export type FindingBrief = z.infer<typeof FindingBrief>;

/**
 * A finding before it is stored, about a thing by its natural identity: a certificate by its hash, a grant
 * by account, file and line on the host that is probed, a key file by its path there, an account by its name. What depends on
 * the date alone (expired, expiring, not yet valid) and what depends on other hosts (a key on several accounts)
 * is never stored: queries find it.
 */
export type FindingDraft = Pick<
  Finding,
  "rule" | "severity" | "sentence" | "evidence" | "remedy" | "label"
> & {
  about:
    | { kind: "certificate"; sha256: string }
    | { kind: "grant"; account: string; file: string; line: number }
    | { kind: "key-file"; path: string }
    | { kind: "account"; name: string }
    | { kind: "host" }
    /** The endpoint that is probed. */
    | { kind: "endpoint" };
  /**
   * What else it is about, as data: paths, fingerprints. An acceptance covers the members at the time when it is given.
   */
  members?: readonly string[];
};

/** High: no client accepts the certificate. Medium: some do. Low: all do. */
export type ViolationSeverity = Extract<Severity, "high" | "medium" | "low">;

/** Rules of a profile that a certificate breaks. */
export type Violation = {
  /** What the certificate was evaluated against: `clients` where no client accepts it. */
  profile: Profile;
  severity: ViolationSeverity;
  /** At least one; in an order that is always the same. */
  rules: BrokenRule[];
};
