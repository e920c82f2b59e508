import { z } from "zod";

/** A program that writes a line of an authorized_keys file, and would undo what is changed in it by hand. */
export const ManagedBy = z.object({
  by: z.string(),
  /** What says so: a comment in the file, the line's own words, where the file really lies. Written by strangers. */
  evidence: z.string(),
  /** How a change here is undone, and what to change instead: a sentence. */
  isUndone: z.string(),
  /** False where the mark covers the whole file, and the line in it may be anybody's. */
  isCertain: z.boolean(),
});
export type ManagedBy = z.infer<typeof ManagedBy>;
