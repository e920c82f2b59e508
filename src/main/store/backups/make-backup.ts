import type { Backup, BackupReason } from "#shared/model/backup.ts";
import type { Instant } from "#shared/model/instant.ts";
import { Refusal } from "#shared/model/refusal.ts";
import { isMissing } from "#store/opening/check-file.ts";
import { describeBackup, nameBackup, removeOldBackups } from "./backup-files.ts";
import { runAside } from "./run-aside.ts";

/**
 * Backs the database up beside all other work, once it was looked through and found well: a copy of a damaged one
 * would push a good backup out.
 */
export async function makeBackup(
  database: string,
  { at, reason }: { at: Instant; reason: BackupReason },
): Promise<Backup> {
  if (isMissing(database)) throw new Refusal("not-found", `there is no database at ${database}`);
  const copyTo = nameBackup(database, { at, reason });
  const { problems, failure } = await runAside({ path: database, copyTo });
  const why = failure ?? problems[0];
  if (why !== undefined) throw new Refusal("unusable", `no backup was made of ${database}: ${why}`);
  removeOldBackups(database, copyTo);
  return describeBackup(copyTo);
}
