import { z } from "zod";
import { Phase } from "./run.ts";

/** What a run waits for: somebody, or a time. */
export const RunWait = z.enum([
  "certificate",
  "recheck",
  "host-key-known",
  "grace",
  "login-before-removal",
  "login-after-removal",
]);
export type RunWait = z.infer<typeof RunWait>;

/** Why a run has come to its end, or stands still, as a value: `text/run.ts` makes the sentence of it. */
export const RunReason = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("steps-failed"), count: z.int() }),
  z.object({ kind: z.literal("hosts-failed"), count: z.int() }),
  /** A host of it cannot be reached. */
  z.object({ kind: z.literal("unreachable") }),
  /** These cannot be reached, and are not as they were. */
  z.object({ kind: z.literal("unreachable-on-the-way-back"), hosts: z.array(z.string()) }),
  /** A step could neither be done nor taken back. */
  z.object({ kind: z.literal("stuck") }),
  /** What this phase has done could not be taken back everywhere. */
  z.object({ kind: z.literal("stuck-on-the-way-back"), phase: Phase.nullable() }),
  z.object({ kind: z.literal("not-served-any-more") }),
  /** It was to be taken back, and these hosts had been committed. */
  z.object({ kind: z.literal("partly-committed"), hosts: z.array(z.string()) }),
  z.object({ kind: z.literal("waiting"), for: RunWait }),
]);
export type RunReason = z.infer<typeof RunReason>;
