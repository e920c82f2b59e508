import Sqlite from "better-sqlite3";
import { Refusal } from "#shared/model/refusal.ts";
import { backupFolder, findLastBackup, findLastGood } from "#store/backups/backup-files.ts";

/** The database is not as it was written. It is never mended, removed or made anew: its owner decides. */
export class Damage extends Refusal {
  constructor(sentence: string, options?: ErrorOptions) {
    super("unusable", sentence, options);
  }
}

/** A file that is no database at all is damage only where it once was one, which its backups tell. */
export function isDamage(error: unknown, path: string): error is Error {
  if (error instanceof Damage) return true;
  if (!(error instanceof Sqlite.SqliteError)) return false;
  if (error.code.startsWith("SQLITE_CORRUPT")) return true;
  return error.code === "SQLITE_NOTADB" && findLastBackup(path) !== null;
}

/** What is damaged, and which backup can be put in its place. */
export function sayDamage(path: string, found: string): string {
  const backup = findLastGood(path);
  const remedy = backup
    ? `the last good backup is of ${backup.at}: close Latchkey, then put it back by: latchkey database restore ${backup.name}`
    : `there is no good backup in ${backupFolder(path)}: put back a copy of your own by: latchkey database restore FILE`;
  return `${path} is damaged (${found}); nothing in it was changed; ${remedy}`;
}
