import { z } from "zod";
import { SIGNED } from "../hosts/bundle.ts";
import { HostKeyView } from "../hosts/probe.ts";
import { HostName, Port } from "../hosts/target.ts";
import { ClaimEvaluation } from "./result-claim.ts";
import { Phase, RunId, RunState, ScriptOutcome } from "./run.ts";

/** The namespace of a script's signature: one that was made for another is not valid. */
export const SCRIPT_NAMESPACE = "latchkey-script";

/** The namespace of the signature by which the host's own key signs a result. */
export const RESULT_NAMESPACE = "latchkey-result";

/**
 * The namespace of the signature by which a new key signs a script's nonce: it shows that whoever made it has the
 * private key.
 */
export const NEW_KEY_NAMESPACE = "latchkey-new-key";

/** The acknowledgement for scripts that nobody signs: it has to be named, and `--yes` does not stand for it. */
export const UNSIGNED_SCRIPTS = "unsigned-scripts";

/** The part of a plan that one host's offline script executes. */
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
  /** What whoever transports them has to know, each a sentence. */
  notes: z.array(z.string()),
});
export type Scripts = z.infer<typeof Scripts>;

/** What an offline script has written, with its signature; as for a bundle. */
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
   * Whose signature verifies it, the host's own key's or a person's; or which reading of the host has confirmed it.
   * Null: it is a claim, and nothing follows from it.
   */
  verifiedBy: z.enum(["host", "person", "scan", "bundle"]).nullable(),
  /** What the last reading of the host makes of a claim; null where it is none. */
  evaluation: ClaimEvaluation.nullable(),
  /** Who has signed it, as a sentence. */
  signature: z.string(),
  /** The key that it says was made there. */
  newKey: z.object({ line: z.string(), fingerprint: z.string() }).nullable(),
  /** Paths of files that its script has left out there, because of what their owners have put in its way. */
  leftOut: z.array(z.string()),
  /** Why the run is in its state; empty where the word says it all. */
  message: z.string(),
  /** This very result was imported before: nothing has changed. */
  wasKnown: z.boolean(),
});
export type ImportedResult = z.infer<typeof ImportedResult>;
