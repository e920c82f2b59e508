import { closeSync, fsyncSync, openSync, renameSync, rmSync } from "node:fs";
import { dirname, resolve } from "node:path";
import Sqlite, { type Database } from "better-sqlite3";
import { Refusal } from "#shared/model/refusal.ts";
import { explainSqlite } from "#store/explain-sqlite.ts";
import { checkFile, isMissing, makeFile, sizeOf } from "./check-file.ts";
import { migrate, migrations, readSchema } from "./migrate.ts";
import { takeWriteLock, type WriteLock } from "./write-lock.ts";

export type OpenDatabase = { db: Database; path: string; close(): void };

const MEMORY = ":memory:";

/** `synchronous` as SQLite reads it back. Anything less loses acknowledged commits in a power cut. */
const FULL = 2;

/** After a kill, a database up to this size is looked through before it is used. */
const CHECKED_BYTES = 256 * 1024 * 1024;

/**
 * Opens the database to write, brought up to date, and keeps every other writer out; or to read, beside
 * whoever writes. To read one that is not there gives an empty one that is nowhere.
 */
export function openDatabase(name: string, access: "write" | "read"): OpenDatabase {
  const path = name === MEMORY ? MEMORY : resolve(name);
  try {
    if (path === MEMORY || (access === "read" && isMissing(path))) return openEmpty(path);
    return access === "write" ? openToWrite(path) : openToRead(path);
  } catch (error) {
    throw explainSqlite(error, path);
  }
}

function openEmpty(path: string): OpenDatabase {
  const db = new Sqlite(MEMORY);
  setUp(db);
  migrate(db);
  return { db, path, close: () => db.close() };
}

function openToRead(path: string): OpenDatabase {
  checkFile(path, { mayWrite: false });
  return opened(path, { readonly: true }, (db) => {
    const schema = readSchema(db);
    if (schema < migrations.length) {
      throw new Refusal(
        "unusable",
        `${path} is at schema ${schema}, older than this program's ${migrations.length}; open it once to write`,
      );
    }
    setUp(db);
  });
}

function openToWrite(path: string): OpenDatabase {
  makeFile(path);
  checkFile(path, { mayWrite: true });
  const lock = takeWriteLock(path);
  try {
    const { db, close } = opened(path, {}, (fresh) => bringUpToDate(fresh, lock));
    const closeAndRelease = () => {
      close();
      lock.release();
    };
    return { db, path, close: closeAndRelease };
  } catch (error) {
    lock.release();
    throw error;
  }
}

function opened(path: string, options: Sqlite.Options, prepare: (db: Database) => void): OpenDatabase {
  const db = new Sqlite(path, options);
  try {
    prepare(db);
    return { db, path, close: () => db.close() };
  } catch (error) {
    db.close();
    throw error;
  }
}

/** Nothing is written before it is known to be ours. */
function bringUpToDate(db: Database, { wasAbandoned }: WriteLock): void {
  const schema = readSchema(db);
  const isBehind = schema < migrations.length;
  if (schema > 0 && (isBehind || (wasAbandoned && sizeOf(db.name) <= CHECKED_BYTES))) refuseDamage(db);
  db.pragma("journal_mode = WAL");
  setUp(db);
  if (schema > 0 && isBehind) backUp(db, `${db.name}.schema-${schema}.backup`);
  migrate(db);
}

function setUp(db: Database): void {
  db.pragma("busy_timeout = 5000");
  db.pragma("synchronous = FULL");
  db.pragma("foreign_keys = ON");
  db.pragma("trusted_schema = OFF");
  db.pragma("cell_size_check = ON");
  db.pragma("mmap_size = 0");
  db.pragma("secure_delete = ON");
  db.pragma("temp_store = MEMORY");
  db.pragma("cache_size = -65536");
  db.pragma(`journal_size_limit = ${64 * 1024 * 1024}`);
  if (db.pragma("synchronous", { simple: true }) !== FULL) {
    throw new Error("SQLite did not accept synchronous=FULL");
  }
}

function refuseDamage(db: Database): void {
  const found = db.pragma("quick_check(1)", { simple: true });
  if (found === "ok") return;
  throw new Refusal(
    "unusable",
    `${db.name} is damaged (${found}); nothing in it was changed: move it away, and put back a copy from a backup`,
  );
}

/** A whole copy, on the disk before it gets its name. */
function backUp(db: Database, path: string): void {
  const unfinished = `${path}.unfinished`;
  rmSync(unfinished, { force: true });
  makeFile(unfinished);
  db.prepare("VACUUM INTO ?").run(unfinished);
  sync(unfinished);
  renameSync(unfinished, path);
  if (process.platform !== "win32") sync(dirname(path));
}

function sync(path: string): void {
  const file = openSync(path, "r");
  fsyncSync(file);
  closeSync(file);
}
