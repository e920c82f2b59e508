import Sqlite from "better-sqlite3";
import { Refusal } from "#shared/model/refusal.ts";
import { formatRestoreCommand } from "#shared/text/restore-command.ts";
import { backupFolder, findLastBackup, findLastGood } from "#store/backups/backup-files.ts";
import { explainSqlite } from "#store/explain-sqlite.ts";

/** The database is not as it was written. It is never repaired, removed or recreated: its owner decides. */
export class Damage extends Refusal {
  constructor(sentence: string, options?: ErrorOptions) {
    super("unusable", sentence, options);
  }
}

/** A file that is no database at all is damage only where it once was one, which its backups show. */
export function isDamage(error: unknown, path: string): error is Error {
  if (error instanceof Damage) return true;
  if (!(error instanceof Sqlite.SqliteError)) return false;
  if (error.code.startsWith("SQLITE_CORRUPT")) return true;
  return error.code === "SQLITE_NOTADB" && findLastBackup(path) !== null;
}

/** Turns an error of opening a database into a refusal that says what to do. Any other error stays as it is. */
export function explainOpening(error: unknown, path: string): unknown {
  if (isDamage(error, path)) return new Damage(formatDamage(path, error.message), { cause: error });
  if (!(error instanceof Sqlite.SqliteError && error.code === "SQLITE_ERROR"))
    return explainSqlite(error, path);
  // Our statements fit the schema of the version in the header. Where they do not, another program has made the tables.
  const sentence = `${path} has other tables than Latchkey's (${error.message}); name another file, or put back a backup`;
  return new Refusal("unusable", sentence, { cause: error });
}

/** What is damaged, and which backup can replace the database. */
function formatDamage(path: string, found: string): string {
  const backup = findLastGood(path);
  const remedy = backup
    ? `the last good backup is of ${backup.at}: close Latchkey, then put it back by: ${formatRestoreCommand(path, backup.name)}`
    : `there is no good backup in ${backupFolder(path)}: put back a copy of your own by: ${formatRestoreCommand(path, "FILE")}`;
  return `${path} is damaged (${found}); nothing in it was changed; ${remedy}`;
}
