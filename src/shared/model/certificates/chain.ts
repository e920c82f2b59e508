import { z } from "zod";
import { Instant } from "../instant.ts";

/** Why a chain is not valid, or cannot be evaluated. The codes are stable: scripts name them. */
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
  "name-not-evaluated",
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
 * What a chain is evaluated against. `rfc5280`: path validation, what RFC 5280 demands of the certificates themselves,
 * and no SHA-1. `webpki`: the CA/Browser Forum's Baseline Requirements (BR) as well. `clients`: what OpenSSL and Go
 * both accept.
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
 * `valid`: against the profile. `valid-for-clients`: it breaks rules of the profile, and at least one client accepts it
 * all the same. `unsupported`: this program cannot verify it, which does not make it invalid.
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
  /** Under the profile `clients`: rules of RFC 5280 that the chain breaks, and that every client ignores. */
  notes: z.array(ChainReason),
  /** From the leaf to the root, each by its SHA-256; as far as it could be built. */
  path: z.array(z.string()),
});
export type Evaluation = z.infer<typeof Evaluation>;

/** What a certificate should be valid for. */
export const Purpose = z.enum(["server", "client"]);
export type Purpose = z.infer<typeof Purpose>;

/** A root or a revocation list that the user has provided. */
export const TrustItem = z.object({
  sha256: z.string(),
  kind: z.enum(["root", "crl"]),
  /** Its subject or its issuer. Written by strangers. */
  label: z.string(),
  /** The file, or the address, that it came from. */
  source: z.string(),
  addedAt: Instant,
});
export type TrustItem = z.infer<typeof TrustItem>;

/** Whose roots: Mozilla's, this system's, or those that the user has provided. */
export const TrustStore = z.enum(["mozilla", "system", "yours"]);
export type TrustStore = z.infer<typeof TrustStore>;

/** The verdict of one store on a chain; a store without roots gives none. */
export const StoreVerdict = z.object({
  store: TrustStore,
  /** Where its roots are from, in words. */
  source: z.string(),
  rootCount: z.int(),
  evaluation: Evaluation.nullable(),
});
export type StoreVerdict = z.infer<typeof StoreVerdict>;

/** The role of a certificate in the chain that it was sent in. */
export const ChainRole = z.enum(["leaf", "intermediate", "root", "stray", "duplicate"]);
export type ChainRole = z.infer<typeof ChainRole>;

export const ChainLink = z.object({ sha256: z.string(), label: z.string(), role: ChainRole });
export type ChainLink = z.infer<typeof ChainLink>;

/** A chain as an endpoint sends it, or, without one, what is known above a certificate. */
export const ChainView = z.object({
  /** Null: no endpoint sends it; the chain is built from what was seen elsewhere. */
  endpoint: z
    .object({ host: z.string(), port: z.int(), serverName: z.string(), lastSeen: Instant })
    .nullable(),
  links: z.array(ChainLink),
  verdicts: z.array(StoreVerdict),
});
export type ChainView = z.infer<typeof ChainView>;

/** The state of a certificate's revocation. `not-checked`: nobody was asked. */
export const RevocationState = z.enum(["good", "revoked", "unknown", "not-checked"]);
export type RevocationState = z.infer<typeof RevocationState>;

export const RevocationView = z.object({
  state: RevocationState,
  /** Who says so: a stapled answer of an endpoint, or the lists that are known. */
  by: z.string(),
  sentence: z.string(),
  /**
   * A host that a certificate names, and that is contacted only if the user names it: it is this computer or on its own
   * link.
   */
  refusedHost: z.string().optional(),
});
export type RevocationView = z.infer<typeof RevocationView>;

/** That somebody says of a certificate that it is revoked. */
export type Revoked = Pick<RevocationView, "by" | "sentence">;
