import type { Database } from "better-sqlite3";

/** The name of a database that is nowhere. */
export const MEMORY = ":memory:";

/** `synchronous` as SQLite reads it back. Anything less loses acknowledged commits in a power cut. */
const FULL = 2;

/** What every connection to a database keeps to, before anything else is asked of it. */
export function setUp(db: Database): void {
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
