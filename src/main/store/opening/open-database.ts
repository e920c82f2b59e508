import { resolve } from "node:path";
import Sqlite, { type Database } from "better-sqlite3";
import { toInstant } from "#shared/model/instant.ts";
import { Refusal } from "#shared/model/refusal.ts";
import { nameBackup, removeOldBackups } from "#store/backups/backup-files.ts";
import { copyDatabase, findDamage, findTornPages } from "#store/backups/copy-database.ts";
import { checkFile, isMissing, makeFile, sizeOf } from "./check-file.ts";
import { MEMORY, setUp } from "./connection.ts";
import { Damage, explainOpening } from "./damage.ts";
import { readMark } from "./mark.ts";
import { migrate, readSchema, refuseForeignSchema, SCHEMA, type Schema } from "./migrate.ts";
import { takeWriteLock, type WriteLock } from "./write-lock.ts";

export type OpenDatabase = { db: Database; path: string; close(): void };

/** A database up to this size is checked before it is used, where there is reason to doubt it. */
const CHECKED_BYTES = 256 * 1024 * 1024;

export type DatabaseOptions = {
  path: string;
  access: "write" | "read";
  now?: () => Date;
  /** The default is this program's schema; tests of its steps pass another. */
  schema?: Schema;
};

/**
 * Opens the database: to write, which brings it up to date and keeps every other writer out; or to read, beside the
 * process that writes. A database that is not there is read as an empty one in memory.
 */
export function openDatabase(options: DatabaseOptions): OpenDatabase {
  const { path: name, access, now = () => new Date(), schema = SCHEMA } = options;
  const path = name === MEMORY ? MEMORY : resolve(name);
  try {
    if (path === MEMORY || (access === "read" && isMissing(path))) return openEmpty(path, schema);
    return access === "write" ? openToWrite(path, { now, schema }) : openToRead(path, schema);
  } catch (error) {
    throw explainOpening(error, path);
  }
}

/** An empty database, made once in a process. */
const empties = new Map<Schema, Buffer>();

function openEmpty(path: string, schema: Schema): OpenDatabase {
  const empty = empties.get(schema) ?? makeEmpty(schema);
  empties.set(schema, empty);
  const db = new Sqlite(empty);
  setUp(db);
  return { db, path, close: () => db.close() };
}

function makeEmpty(schema: Schema): Buffer {
  const db = new Sqlite(MEMORY);
  try {
    migrate(db, schema);
    return db.serialize();
  } finally {
    db.close();
  }
}

function openToRead(path: string, schema: Schema): OpenDatabase {
  checkFile(path, { mayWrite: false });
  return opened(path, { readonly: true }, (db) => {
    setUp(db);
    const version = readSchema(db, schema);
    if (version < schema.version) {
      throw new Refusal(
        "unusable",
        `${path} is at schema ${version}, older than this program's ${schema.version}; open it once to write`,
      );
    }
    refuseForeignSchema(db, version, schema);
  });
}

type UpdateOptions = { now: () => Date; schema: Schema };

function openToWrite(path: string, options: UpdateOptions): OpenDatabase {
  makeFile(path);
  checkFile(path, { mayWrite: true });
  const lock = takeWriteLock(path);
  try {
    const { db, close } = opened(path, {}, (fresh) => bringUpToDate(fresh, lock, options));
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

/** Writes nothing before the database is known to be ours and whole. */
function bringUpToDate(db: Database, { wasAbandoned }: WriteLock, { now, schema }: UpdateOptions): void {
  setUp(db);
  const version = readSchema(db, schema);
  refuseForeignSchema(db, version, schema);
  const isBehind = version < schema.version;
  const isSmall = sizeOf(db.name) <= CHECKED_BYTES;
  // Without a mark it was brought here from elsewhere. It may have been copied during a write: then each page is whole,
  // and the pages do not fit one another.
  if (version > 0 && isSmall && readMark(db.name) === null) refuse(findDamage(db));
  else if (version > 0 && (isBehind || (isSmall && wasAbandoned))) refuse(findTornPages(db));
  db.pragma("journal_mode = WAL");
  if (version > 0 && isBehind) {
    const reason = "before-migration";
    const backup = nameBackup(db.name, { at: toInstant(now()), reason, migration: version + 1 });
    copyDatabase(db, backup);
    removeOldBackups(db.name, backup);
  }
  migrate(db, schema);
}

function refuse([damage]: readonly string[]): void {
  if (damage !== undefined) throw new Damage(damage);
}
