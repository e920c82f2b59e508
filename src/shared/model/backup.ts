import { z } from "zod";
import { Instant } from "./instant.ts";

export const BackupReason = z.enum(["on-demand", "daily", "before-migration"]);
export type BackupReason = z.infer<typeof BackupReason>;

/** A whole copy of the database, which was checked before it got its name. */
export const Backup = z.object({
  name: z.string(),
  at: Instant,
  reason: BackupReason,
  sizeBytes: z.int(),
  /** Null when it cannot be read any more. */
  schema: z.int().nullable(),
  /** Why it cannot be restored, as a sentence; null when it can. */
  problem: z.string().nullable(),
});
export type Backup = z.infer<typeof Backup>;

/** The result of reading every page of the database and verifying its audit log. */
export const DatabaseCheck = z.object({
  at: Instant,
  /** Sentences; none when all is well. */
  problems: z.array(z.string()),
  eventCount: z.int(),
});
export type DatabaseCheck = z.infer<typeof DatabaseCheck>;
