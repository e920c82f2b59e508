import { closeSync, fsyncSync, mkdirSync, openSync, renameSync, rmSync } from "node:fs";
import { dirname } from "node:path";
import type { Database } from "better-sqlite3";
import Sqlite from "better-sqlite3";
import { Refusal } from "#shared/model/refusal.ts";
import { eventTable } from "#store/event-table.ts";
import { explainSqlite } from "#store/explain-sqlite.ts";
import { findEditedCopies } from "#store/labels/label-copies.ts";
import { refuseFailure } from "#store/opening/check-file.ts";
import { formatLoss, readMark } from "#store/opening/mark.ts";
import { findUnsealed } from "#store/seals/seals.ts";

/** So many lines of a report are shown; the rest of a ruined file says nothing new. */
const MOST_LINES = 20;

/** Ends the name of a copy that is being made. */
export const UNFINISHED = ".unfinished";

/** What SQLite finds wrong when it reads every page and every index; empty when it finds nothing. */
export function findDamage(db: Database): string[] {
  const damage = readReport(() =>
    db.prepare<[], string>(`PRAGMA integrity_check(${MOST_LINES})`).pluck().all(),
  );
  if (damage.length > 0) return damage;
  const orphans = db
    .prepare<[], string>('SELECT "table" FROM pragma_foreign_key_check LIMIT 1')
    .pluck()
    .get();
  return orphans === undefined ? [] : [`a row of ${orphans} refers to one that is missing`];
}

/** Checks the pages alone, which is half the work: no index is compared with its table. */
export const findTornPages = (db: Database): string[] =>
  readReport(() => db.prepare<[], string>("PRAGMA quick_check(1)").pluck().all());

/**
 * The report's lines come with a heading now and then, within a line. Where a search index meets damage, the check
 * fails as a whole.
 */
function readReport(check: () => string[]): string[] {
  try {
    const lines = check().flatMap((text) => text.split("\n"));
    return lines.filter((line) => line !== "ok" && line !== "" && !line.startsWith("***"));
  } catch (error) {
    if (error instanceof Sqlite.SqliteError && error.code.startsWith("SQLITE_CORRUPT"))
      return [error.message];
    throw error;
  }
}

/**
 * Writes a whole copy under a name that is not taken yet. The copy is checked and on the disk before it has that name.
 */
export function copyDatabase(db: Database, path: string): void {
  const unfinished = writeCopy(db, `${path}${UNFINISHED}`);
  refuseFailure(path, () => renameSync(unfinished, path));
  syncFolder(dirname(path));
}

/** Writes a whole copy, checked and on the disk, and returns its name. A copy that was cut short is replaced. */
export function writeCopy(db: Database, path: string): string {
  refuseFailure(path, () => {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    rmSync(path, { force: true });
    closeSync(openSync(path, "wx", 0o600));
  });
  try {
    db.prepare("VACUUM INTO ?").run(path);
    refuseFailure(path, () => sync(path));
    using copy = openForReading(path);
    const [damage] = findDamage(copy.db);
    if (damage === undefined) return path;
    throw new Refusal("unusable", `the copy ${path} came out damaged (${damage}); see to the disk`);
  } catch (error) {
    // A partial copy is of no use, and may be what fills the disk.
    rmSync(path, { force: true });
    throw explainSqlite(error, path);
  }
}

/** A database that is only read. Nothing in it is trusted: it may be anybody's. */
export function openForReading(path: string): { db: Database } & Disposable {
  const db = new Sqlite(path, { readonly: true, fileMustExist: true });
  db.pragma("trusted_schema = OFF");
  db.pragma("cell_size_check = ON");
  db.pragma("mmap_size = 0");
  return { db, [Symbol.dispose]: () => db.close() };
}

/** Puts a rename on the disk; Windows has no such call and needs none. */
export function syncFolder(path: string): void {
  if (process.platform !== "win32") sync(path);
}

function sync(path: string): void {
  const file = openSync(path, "r");
  try {
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

/**
 * `problems` are sentences; none when all is well. `unsealed`: what something other than this program has changed; the
 * database is copied all the same.
 */
export type Examined = { problems: string[]; unsealed: string[]; eventCount: number };

/** Reads every page and every index, follows the record of events from its start, and checks that it is complete. */
export function examine(db: Database): Examined {
  const damage = findDamage(db);
  if (damage.length > 0)
    return { problems: damage.map((line) => `it is damaged: ${line}`), unsealed: [], eventCount: 0 };
  // The first schema had no events yet.
  if (db.prepare("SELECT 1 FROM sqlite_schema WHERE name = 'event'").get() === undefined)
    return { problems: [], unsealed: [], eventCount: 0 };
  const mark = readMark(db.name);
  const events = eventTable(db);
  const brokenAt = events.findBreak();
  const loss = formatLoss(db, db.name, mark);
  return {
    problems: [
      ...(brokenAt === null
        ? []
        : [`event ${brokenAt} was changed or removed by somebody: nothing after it is sure`]),
      ...(loss === null ? [] : [loss]),
    ],
    unsealed: [...findUnsealed(db, db.name), ...findEditedCopies(db)],
    eventCount: events.count(),
  };
}
