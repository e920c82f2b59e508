import { z } from "zod";

/**
 * What DNS (SSHFP, RFC 4255) says of a host key. `mismatch`: it publishes another one of the same kind. `no-number`:
 * no record can be written for this type. `not-comparable`: only by a hash for which the key's bytes are missing here.
 */
export const SshfpResult = z.enum(["match", "mismatch", "not-published", "no-number", "not-comparable"]);
export type SshfpResult = z.infer<typeof SshfpResult>;

/** What DNS says of one name, beside its keys. */
export const SshfpComparison = z.object({
  name: z.string(),
  /** The rows of host keys that it is the name of. */
  ids: z.array(z.string()),
  /** `not-asked`: nothing was sent for it, for it is no full name of DNS. */
  answer: z.enum(["records", "none", "no-such-name", "failed", "not-asked"]),
  /** A sentence: how far the answer is to be believed, or why there is none. */
  why: z.string(),
  /** DNSSEC holds, says a resolver on this computer. */
  isValidated: z.boolean(),
  /** Empty where there is no record. */
  keys: z.array(z.object({ id: z.string(), result: SshfpResult })),
});
export type SshfpComparison = z.infer<typeof SshfpComparison>;
