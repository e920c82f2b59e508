import { z } from "zod";
import { ClaimEvaluation } from "./claim-evaluation.ts";
import { RunId, RunState, ScriptOutcome } from "./run.ts";
import { SIGNED } from "./signed.ts";
import { HostName, Port } from "./target.ts";

/** What a carried script has written, and what is known of it beside its bytes; as for a bundle. */
export const GivenResult = z.object({
  base64: z.base64().max(2 * 1024 * 1024),
  ...SIGNED,
});
export type GivenResult = z.infer<typeof GivenResult>;

export const TakenResult = z.object({
  runId: RunId,
  state: RunState,
  host: HostName,
  port: Port,
  outcome: ScriptOutcome,
  /**
   * By whose signature it is verified, of the host's own key or of a person; or which reading of the host has confirmed it. Null: it is
   * a claim, and nothing follows from it.
   */
  verifiedBy: z.enum(["host", "person", "scan", "bundle"]).nullable(),
  /** What the last reading of the host makes of a claim; null where it is none. */
  evaluation: ClaimEvaluation.nullable(),
  /** Who has signed it, as a sentence. */
  signature: z.string(),
  /** The key that it says was made there. */
  newKey: z.object({ line: z.string(), fingerprint: z.string() }).nullable(),
  /** Paths of files that its script has left out there, for what their owners have laid in its way. */
  leftOut: z.array(z.string()),
  /** Why the run is in its state; empty where the word says it all. */
  message: z.string(),
  /** This very result was taken before: nothing has changed. */
  wasKnown: z.boolean(),
});
export type TakenResult = z.infer<typeof TakenResult>;
