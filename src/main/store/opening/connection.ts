import type { Database, Statement } from "better-sqlite3";

/** The name of a database that is in no file. */
export const MEMORY = ":memory:";

/** `synchronous` as SQLite reads it back. Anything less loses acknowledged commits in a power cut. */
const FULL = 2;

/** Settings of every connection to a database, made before any query. */
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

type PreparedStatement = Pick<Statement, "all" | "get" | "iterate" | "run"> & {
  pluck(): PreparedStatement;
  raw(): PreparedStatement;
};

/**
 * From now on statements of this database are compiled at their first use: one command uses some of the hundreds that
 * the program has. A statement that does not fit the schema fails only then.
 */
export function compileLater(db: Database): void {
  const prepare = db.prepare.bind(db);
  Object.assign(db, { prepare: (sql: string) => later(() => prepare(sql)) });
}

function later(compile: () => Statement): PreparedStatement {
  let shape: "pluck" | "raw" | null = null;
  let compiled: Statement | null = null;
  const real = (): Statement => {
    compiled ??= shape === null ? compile() : compile()[shape]();
    return compiled;
  };
  const lazy: PreparedStatement = {
    all: (...values) => real().all(...values),
    get: (...values) => real().get(...values),
    iterate: (...values) => real().iterate(...values),
    run: (...values) => real().run(...values),
    pluck() {
      shape = "pluck";
      return lazy;
    },
    raw() {
      shape = "raw";
      return lazy;
    },
  };
  return lazy;
}
