import { z } from "zod";
import { SIGNED } from "../hosts/bundle.ts";
import { HostKeyView } from "../hosts/probe.ts";
import { HostName, Port } from "../hosts/target.ts";
import { ClaimEvaluation } from "./result-claim.ts";
import { Phase, RunId, RunState, ScriptOutcome } from "./run.ts";

/** What a signature of a script is for: one that was made for something else is none. */
export const SCRIPT_NAMESPACE = "latchkey-script";

/** What the host's own key signs a result for. */
export const RESULT_NAMESPACE = "latchkey-result";

/** What a new key signs a script's nonce for: whoever made it holds its private key. */
export const NEW_KEY_NAMESPACE = "latchkey-new-key";

/** What is agreed to where scripts are written that nobody signs: it is named, and `--yes` does not stand for it. */
export const UNSIGNED_SCRIPTS = "unsigned-scripts";

/** A part of a plan that is carried to its host. */
export const ScriptFile = z.object({
  name: z.string(),
  host: HostName,
  port: Port,
  phases: z.array(Phase),
  text: z.string(),
  /** As `ssh-keygen -Y sign` writes it, for NAME.sig; null: it is not signed. */
  signature: z.string().nullable(),
});
export type ScriptFile = z.infer<typeof ScriptFile>;

export const Scripts = z.object({
  files: z.array(ScriptFile),
  /** The key that has signed them. */
  signer: HostKeyView.nullable(),
  /** What whoever carries them has to know, each a sentence. */
  notes: z.array(z.string()),
});
export type Scripts = z.infer<typeof Scripts>;

/** What a offline script has written, and what is known of it beside its bytes; as for a bundle. */
export const ResultInput = z.object({
  base64: z.base64().max(2 * 1024 * 1024),
  ...SIGNED,
});
export type ResultInput = z.infer<typeof ResultInput>;

export const ImportedResult = z.object({
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
export type ImportedResult = z.infer<typeof ImportedResult>;
