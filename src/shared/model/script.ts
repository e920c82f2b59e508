import { z } from "zod";
import { HostKeyView } from "./probe.ts";
import { Phase } from "./run.ts";
import { HostName, Port } from "./target.ts";

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
