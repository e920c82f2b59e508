import { z } from "zod";

/** An account of a host that may run commands as another one of it. */
export const Escalation = z.object({
  account: z.string(),
  target: z.string(),
  by: z.enum(["sudo", "doas"]),
  /** "any": it is as good as the other account. "some": only what is named, which may still open a shell. */
  commands: z.enum(["any", "some"]),
  /** Whose password is asked for; of several commands the one that asks least. */
  password: z.enum(["none", "own", "target", "root"]),
  /** False: the rule could not be read, or depends on what is not known here. */
  isCertain: z.boolean(),
  /** The first of the commands, where they are only some. */
  what: z.array(z.string()),
  /** One of these that is a shell, or starts any command without a trick; null where none is known to be. */
  shell: z.string().nullable(),
  /** The rule that says so, FILE:LINE; or what stands in for one that was not read. */
  rule: z.string(),
});
export type Escalation = z.infer<typeof Escalation>;
