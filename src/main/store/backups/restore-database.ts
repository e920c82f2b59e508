import { existsSync, linkSync, renameSync, rmSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import type { Instant } from "#shared/model/instant.ts";
import { Refusal } from "#shared/model/refusal.ts";
import { explainSqlite } from "#store/explain-sqlite.ts";
import { checkFile, isMissing, refuseFailure } from "#store/opening/check-file.ts";
import { forgetMark } from "#store/opening/mark.ts";
import { readSchema, refuseForeignSchema } from "#store/opening/migrate.ts";
import { takeWriteLock } from "#store/opening/write-lock.ts";
import { backupFolder, findLastGood } from "./backup-files.ts";
import { findDamage, openForReading, syncFolder, writeCopy } from "./copy-database.ts";

export type Restored = {
  /** The file that was put in place of the database. */
  from: string;
  schema: number;
  /** Where the file that was the database is now; null when there was none. */
  setAside: string | null;
};

type RestoreRequest = { database: string; from: string; at: Instant };

/**
 * Puts a backup in the place of the database, while nobody has it open to write. `from` is the name of a backup, a
 * file, or `latest`: the newest that can be read to its last page.
 *
 * Nothing is lost: the old database is set aside under another name, with its log. Until the last rename it still has
 * its own name too, so that a power cut at any moment leaves the one or the other.
 */
export function restoreDatabase({ database, from, at }: RestoreRequest): Restored {
  const source = findSource(database, from);
  try {
    using backup = openForReading(source);
    const schema = refuseUnfit(backup.db);
    checkFile(database, { mayWrite: true, isReplaced: true });
    const lock = takeWriteLock(database);
    try {
      const incoming = writeCopy(backup.db, `${database}.restoring`);
      const setAside = setPresentAside(database, at);
      refuseFailure(database, () => renameSync(incoming, database));
      forgetMark(database);
      syncFolder(dirname(database));
      return { from: source, schema, setAside };
    } finally {
      lock.release();
    }
  } catch (error) {
    throw explainSqlite(error, source);
  }
}

function findSource(database: string, from: string): string {
  const folder = backupFolder(database);
  if (from === "latest") {
    const last = findLastGood(database);
    if (last) return join(folder, last.name);
    throw new Refusal("not-found", `there is no good backup in ${folder}; name a file that is one`);
  }
  const named = join(folder, from);
  const path = basename(from) === from && existsSync(named) ? named : resolve(from);
  if (isMissing(path)) {
    throw new Refusal(
      "not-found",
      `there is no backup ${from}, here or in ${folder}; latchkey database backups lists them`,
    );
  }
  if (path === database) throw new Refusal("invalid-input", `${path} is the database itself; name a backup`);
  return path;
}

/** Refuses a file that is no database of ours, that is newer than this program, or that is damaged. */
function refuseUnfit(backup: ReturnType<typeof openForReading>["db"]): number {
  const schema = readSchema(backup);
  if (schema === 0) throw new Refusal("unusable", `${backup.name} is an empty database; name another file`);
  refuseForeignSchema(backup, schema);
  const [damage] = findDamage(backup);
  if (damage === undefined) return schema;
  throw new Refusal(
    "unusable",
    `${backup.name} is damaged (${damage}); nothing was changed: name another backup`,
  );
}

/**
 * Renames the database, and each log that SQLite may have left beside it. The logs are renamed even where the database
 * is gone: SQLite would play one that stayed into the backup.
 */
function setPresentAside(database: string, at: Instant): string | null {
  const moment = at.replaceAll(":", "-");
  const hasDatabase = !isMissing(database);
  let aside = `${database}.before-restore-${moment}`;
  for (let twin = 2; ["", ...LOGS].some((end) => existsSync(aside + end)); twin++)
    aside = `${database}.before-restore-${moment}_${twin}`;
  refuseFailure(database, () => {
    if (hasDatabase) giveSecondName(database, aside);
    for (const end of LOGS) if (existsSync(database + end)) renameSync(database + end, aside + end);
    rmSync(`${database}-shm`, { force: true });
  });
  syncFolder(dirname(database));
  return hasDatabase ? aside : null;
}

/** The log ahead of the database, and the journal of a change that was cut short while there was no such log yet. */
const LOGS = ["-wal", "-journal"] as const;

/** Where the file system has no hard links, the database has no name for a moment. */
function giveSecondName(database: string, aside: string): void {
  try {
    linkSync(database, aside);
  } catch (error) {
    if (!(error instanceof Error && "errno" in error)) throw error;
    renameSync(database, aside);
  }
}
