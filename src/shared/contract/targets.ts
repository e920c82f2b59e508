import { z } from "zod";
import { Instant } from "../model/instant.ts";
import { MOST_TARGETS, Target } from "../model/target.ts";
import { command, query } from "./procedure.ts";

/**
 * Targets as people write them, between spaces, commas or lines; `#` begins a comment.
 * `only` overrides what the port says: a bare name is both SSH 22 and TLS 443.
 */
export const TargetText = z.object({
  text: z.string().max(8 * 1024 * 1024),
  only: z.enum(["ssh", "tls"]).nullable().default(null),
});

/** A target that is remembered, with its login. */
export const RememberedTarget = z.object({
  id: z.int(),
  target: Target,
  useSudo: z.boolean(),
  addedAt: Instant,
});
export type RememberedTarget = z.infer<typeof RememberedTarget>;

export const targets = {
  /** How many targets a text means, and the first of them. Refused when it cannot be read, or means too many. */
  preview: query
    .input(TargetText)
    .output(
      z.object({ total: z.int().max(MOST_TARGETS), ssh: z.int(), tls: z.int(), first: z.array(Target) }),
    ),

  list: query.output(z.array(RememberedTarget)),

  add: command
    .input(TargetText.extend({ useSudo: z.boolean().default(false) }))
    .output(z.object({ added: z.int(), known: z.int() })),

  /** Forgets targets; what was seen there is kept. */
  remove: command.input(TargetText).output(z.object({ removed: z.int() })),
};
