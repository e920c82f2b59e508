import { z } from "zod";

/** Why a chain is not valid, or cannot be judged. The codes are stable: scripts name them. */
export const ChainReasonCode = z.enum([
  "not-a-certificate",
  "no-path",
  "self-signed",
  "untrusted-root",
  "expired",
  "not-yet-valid",
  "dates-unreadable",
  "signature-invalid",
  "signature-forgeable",
  "signature-unsupported",
  "not-an-authority",
  "path-too-long",
  "may-not-sign",
  "wrong-usage",
  "wrong-purpose",
  "name-not-permitted",
  "name-excluded",
  "name-not-judged",
  "name-mismatch",
  "no-names",
  "policy-missing",
  "policy-mapping-invalid",
  "critical-unknown",
  "malformed",
  "revoked",
  "revocation-unknown",
  "too-much-work",
  "path-too-deep",
  // Rules of a profile.
  "not-der",
  "key-curve-explicit",
  "key-not-permitted",
  "key-too-short",
  "signature-not-permitted",
  "serial-not-positive",
  "serial-too-long",
  "subject-missing",
  "version-not-3",
  "extension-critical",
  "extension-not-critical",
  "extension-missing",
  "extension-misplaced",
  "extension-empty",
  "extension-malformed",
  "extension-field",
  "basic-constraints-inconsistent",
  "authority-as-leaf",
  "purpose-not-permitted",
  "qualifier-unknown",
  "constraint-malformed",
  "name-malformed",
  "name-kind-not-permitted",
  "wildcard-too-wide",
  "common-name-not-listed",
  "list-number",
]);
export type ChainReasonCode = z.infer<typeof ChainReasonCode>;

/**
 * What a chain is judged against. `rfc5280`: path validation, what RFC 5280 demands of the certificates themselves, and no SHA-1.
 * `webpki`: the CA/Browser Forum's Baseline Requirements (BR) as well. `clients`: what OpenSSL and Go both accept.
 */
export const Profile = z.enum(["rfc5280", "webpki", "clients"]);
export type Profile = z.infer<typeof Profile>;

/** Whose behaviour is known: `openssl verify` without -x509_strict, and crypto/x509 of Go. */
export const Client = z.enum(["openssl", "go"]);
export type Client = z.infer<typeof Client>;

/** A rule of a document: "RFC 5280, 4.2.1.9". */
export const ChainRule = z.object({ profile: z.enum(["rfc5280", "webpki"]), section: z.string() });
export type ChainRule = z.infer<typeof ChainRule>;

/** A reason in words, and the certificate that it is about where it is about one. */
export const ChainReason = z.object({
  code: ChainReasonCode,
  sentence: z.string(),
  sha256: z.string().optional(),
  /** The rule that is broken, for what a profile demands beyond path validation. */
  rule: ChainRule.optional(),
  /** Clients that accept what the rule forbids. */
  acceptedBy: z.array(Client).optional(),
});
export type ChainReason = z.infer<typeof ChainReason>;

/**
 * `valid`: against the profile. `valid-for-clients`: it breaks rules of the profile, and at least one client accepts it all
 * the same. `unsupported`: what this program cannot verify is not invalid for that.
 */
export const ChainState = z.enum(["valid", "valid-for-clients", "invalid", "unsupported"]);
export type ChainState = z.infer<typeof ChainState>;

export const Evaluation = z.object({
  profile: Profile,
  state: ChainState,
  /** The clients that accept the whole chain. Empty unless the state is `valid-for-clients`. */
  acceptedBy: z.array(Client),
  /** Empty when it is valid; else of the path that came nearest to a root. */
  reasons: z.array(ChainReason),
  /** Under the profile `clients`: rules of RFC 5280 that the chain breaks, and that every client passes over. */
  notes: z.array(ChainReason),
  /** From the leaf to the root, each by its SHA-256; as far as one leads. */
  path: z.array(z.string()),
});
export type Evaluation = z.infer<typeof Evaluation>;

/** What a certificate is to be used for. */
export const Purpose = z.enum(["server", "client"]);
export type Purpose = z.infer<typeof Purpose>;
