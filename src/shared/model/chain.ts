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
]);
export type ChainReasonCode = z.infer<typeof ChainReasonCode>;

/** A reason in words, and the certificate that it is about where it is about one. */
export const ChainReason = z.object({
  code: ChainReasonCode,
  sentence: z.string(),
  sha256: z.string().optional(),
});
export type ChainReason = z.infer<typeof ChainReason>;

/** A verification has three answers: what this program cannot verify is not invalid for that. */
export const ChainState = z.enum(["valid", "invalid", "unsupported"]);
export type ChainState = z.infer<typeof ChainState>;

export const Judgement = z.object({
  state: ChainState,
  /** Empty when it is valid; else of the path that came nearest to a root. */
  reasons: z.array(ChainReason),
  /** From the leaf to the root, each by its SHA-256; as far as one leads. */
  path: z.array(z.string()),
});
export type Judgement = z.infer<typeof Judgement>;

/** What a certificate is to be used for. */
export const Purpose = z.enum(["server", "client"]);
export type Purpose = z.infer<typeof Purpose>;
