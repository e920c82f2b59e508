import { existsSync, readdirSync, rmSync, statSync } from "node:fs";
import { basename, join } from "node:path";
import type { Backup, BackupReason } from "#shared/model/backup.ts";
import type { Instant } from "#shared/model/instant.ts";
import { Refusal } from "#shared/model/refusal.ts";
import { explainSqlite } from "#store/explain-sqlite.ts";
import { readSchema } from "#store/opening/migrate.ts";
import { findDamage, openForReading, UNFINISHED } from "./copy-database.ts";

/*
 * Backups are whole databases in a folder beside their own. The name is the second they were made and why:
 * 2026-06-01T12-00-00Z.daily.db. A backup gets its name only after it has been checked.
 */

/** Of daily backups and those made on demand, the newest so many are kept. */
const KEPT = 10;

/**
 * Backups made before a migration lead back to an older program. A migration that fails at each start makes one each
 * time.
 */
const KEPT_OF_A_MIGRATION = 2;

const NAME =
  /^(\d{4}-\d\d-\d\d)T(\d\d)-(\d\d)-(\d\d)Z(?:_\d+)?\.(on-demand|daily|before-migration)(?:-(\d+))?\.db$/;

export const backupFolder = (database: string): string => `${database}.backups`;

/** A name that no backup has yet. `migration` is the number of the migration that it precedes. */
export function nameBackup(
  database: string,
  { at, reason, migration = null }: { at: Instant; reason: BackupReason; migration?: number | null },
): string {
  const moment = at.replaceAll(":", "-");
  const why = migration === null ? reason : `${reason}-${migration}`;
  for (let twin = 1; ; twin++) {
    const path = join(backupFolder(database), `${moment}${twin === 1 ? "" : `_${twin}`}.${why}.db`);
    if (!existsSync(path)) return path;
  }
}

/** All backups of a database, the newest first. */
export function listBackups(database: string): Backup[] {
  return findNames(database).map((name) => describeBackup(join(backupFolder(database), name)));
}

/** The newest backup that can still be read to its last page; null when there is none. */
export function findLastGood(database: string): Backup | null {
  return (
    listBackups(database).find(
      ({ name, problem }) => problem === null && isWhole(join(backupFolder(database), name)),
    ) ?? null
  );
}

/** When the last backup was made, for whatever reason, and not after `until`; null when there is none. */
export function findLastBackup(database: string, until: Instant | null = null): Instant | null {
  return (
    findNames(database)
      .map(toMoment)
      .find((at) => until === null || at <= until) ?? null
  );
}

/**
 * Removes the oldest backups that need not be kept, and what an interrupted backup has left. `made`, just now, counts
 * as the newest, even where a wrong clock has dated it before the others.
 */
export function removeOldBackups(database: string, made: string): void {
  const folder = backupFolder(database);
  const names = findNames(database);
  const newestFirst = [...new Set([...names.filter((name) => name === basename(made)), ...names])];
  const kinds = Map.groupBy(newestFirst, migrationOf);
  const old = [...kinds].flatMap(([migration, ofOneKind]) =>
    ofOneKind.slice(migration === null ? KEPT : KEPT_OF_A_MIGRATION),
  );
  const unfinished = readdirSync(folder).filter((name) => name.endsWith(UNFINISHED));
  for (const name of [...old, ...unfinished]) rmSync(join(folder, name), { force: true });
}

/** The migration that a backup precedes; null where it precedes none. */
function migrationOf(name: string): string | null {
  const [, , , , , reason, migration = ""] = NAME.exec(name) ?? [];
  return reason === "before-migration" ? migration : null;
}

function findNames(database: string): string[] {
  const folder = backupFolder(database);
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .filter((name) => NAME.test(name))
    .toSorted()
    .toReversed();
}

const toMoment = (name: string): Instant => name.replace(NAME, "$1T$2:$3:$4Z");

export function describeBackup(path: string): Backup {
  const name = basename(path);
  const { size } = statSync(path);
  const reason = (NAME.exec(name)?.[5] ?? "on-demand") as BackupReason;
  return { name, at: toMoment(name), reason, sizeBytes: size, ...inspect(path, size) };
}

/**
 * Reads the first page alone. The rest of a backup was checked when it was made, and is checked again before it is
 * used.
 */
function inspect(path: string, size: number): Pick<Backup, "schema" | "problem"> {
  try {
    using backup = openForReading(path);
    const schema = readSchema(backup.db);
    const pageCount = Number(backup.db.pragma("page_count", { simple: true }));
    const bytes = pageCount * Number(backup.db.pragma("page_size", { simple: true }));
    return { schema, problem: bytes === size ? null : CUT_SHORT };
  } catch (error) {
    if (error instanceof Refusal) return { schema: null, problem: error.message };
    if (explainSqlite(error, path) instanceof Refusal) return { schema: null, problem: CUT_SHORT };
    throw error;
  }
}

const CUT_SHORT = "it is damaged or was cut short";

function isWhole(path: string): boolean {
  try {
    using backup = openForReading(path);
    return findDamage(backup.db).length === 0;
  } catch (error) {
    if (explainSqlite(error, path) instanceof Refusal) return false;
    throw error;
  }
}
