import { z } from "zod";
import { HostKeyView } from "./probe.ts";
import { Phase } from "./run.ts";
import { HostName, Port } from "./target.ts";

/** What a signature of a script is for: one that was made for something else is none. */
export const SCRIPT_NAMESPACE = "latchkey-script";

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
