import { z } from "zod";

/**
 * What a step came to, beside its state, as a value: what the program decides by it it reads here, and never in a sentence.
 *
 * `waiting`: nothing is wrong, and nothing can be hurried. A log has to tell of a login by the new key; or somebody has to log in
 * while the change can still be taken back; or a certificate has to be brought.
 */
export const StepResult = z.discriminatedUnion("kind", [
  z.object({
    kind: z.literal("waiting"),
    for: z.discriminatedUnion("kind", [
      z.object({ kind: z.literal("login-in-log") }),
      z.object({ kind: z.literal("login"), account: z.string() }),
      z.object({ kind: z.literal("certificate") }),
    ]),
  }),
]);
export type StepResult = z.infer<typeof StepResult>;

/** What a step waits for. */
export type Awaited = Extract<StepResult, { kind: "waiting" }>["for"];
