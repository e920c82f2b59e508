import { z } from "zod";
import { BundleSignature } from "./bundle.ts";
import { ClaimEvidence } from "./claim-evaluation.ts";
import { Instant } from "./instant.ts";

/** Who has signed the result of an offline script, and what has confirmed it since. */
export const ResultSignature = z.object({
  /** The host's own key, by its fingerprint; null: none of it that could be checked. */
  hostKey: z.string().nullable(),
  person: BundleSignature,
  /** The reading of the host that shows what the result says. */
  confirmed: z.object({ by: ClaimEvidence, at: Instant }).nullable(),
});
export type ResultSignature = z.infer<typeof ResultSignature>;
