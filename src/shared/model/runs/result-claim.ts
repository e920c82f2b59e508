import { z } from "zod";
import { BundleSignature } from "../hosts/bundle.ts";
import { Instant } from "../instant.ts";

/**
 * Why nothing confirms or contradicts a claim so far. `no-evidence`: it says nothing that a reading of the host could
 * show. `no-reading`: the host was not read since its script was written. `unverified-reading`: nothing shows that the
 * reading is of the host with the plan's key. `earlier-reading`: nothing shows that it was made after the script was
 * written. `not-root`: another account than root or the owner has read it. `unreadable`: what the plan changes was not
 * read, or not whole. `key-not-verified`: the new key has not signed at its path. `other-key`: the run has another new
 * key. `left-out`: it leaves accounts out, for which no reading is evidence. `no-result`: the result itself is not
 * kept.
 */
export const ClaimGap = z.enum([
  "no-evidence",
  "no-reading",
  "unverified-reading",
  "earlier-reading",
  "not-root",
  "unreadable",
  "key-not-verified",
  "other-key",
  "left-out",
  "no-result",
]);
export type ClaimGap = z.infer<typeof ClaimGap>;

/** What a claim is confirmed or contradicted by: a scan from here, or a bundle that the host has signed. */
export const ClaimEvidence = z.enum(["scan", "bundle"]);
export type ClaimEvidence = z.infer<typeof ClaimEvidence>;

/**
 * The result of comparing a claim about a host with the host's last reading. `at`: when it was read. `path`: the one on
 * the host that it is about.
 */
export const ClaimEvaluation = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("confirmed"), by: ClaimEvidence, at: Instant }),
  z.object({ kind: z.literal("contradicted"), by: ClaimEvidence, at: Instant, path: z.string() }),
  z.object({ kind: z.literal("open"), why: ClaimGap, path: z.string().nullable() }),
]);
export type ClaimEvaluation = z.infer<typeof ClaimEvaluation>;

/** Who has signed the result of an offline script, and what has confirmed it since. */
export const ResultSignature = z.object({
  /** The host's own key, by its fingerprint; null: no key of it, as far as that could be verified. */
  hostKey: z.string().nullable(),
  person: BundleSignature,
  /** The reading of the host that shows what the result says. */
  confirmed: z.object({ by: ClaimEvidence, at: Instant }).nullable(),
});
export type ResultSignature = z.infer<typeof ResultSignature>;
