import { z } from "zod";
import { Backup, DatabaseCheck } from "../model/backup.ts";
import { Instant } from "../model/instant.ts";
import { command, query } from "./procedure.ts";

export const database = {
  /** How the database is. Another one is put in its place only while no Latchkey is open: latchkey database restore. */
  state: query.output(
    z.object({
      /** When every page was last read and found well, by hand or for a backup; null when that is not known. */
      checkedAt: Instant.nullable(),
      /** Why it is only read: damage that was found when it was opened. */
      damage: z.string().nullable(),
      /** What is missing from it that had been saved, such as a log that somebody deleted. */
      loss: z.string().nullable(),
      backupFolder: z.string(),
    }),
  ),
  /** Reads every page, and follows the record of events. Beside all other work; it takes as long as it takes. */
  check: query.output(DatabaseCheck),
  /** The newest first. */
  backups: query.output(z.array(Backup)),
  /** Makes one now, and answers when it is on the disk and looked through. */
  backUp: command.output(Backup),
};
