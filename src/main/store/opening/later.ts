import type { Database, Statement } from "better-sqlite3";

type Asked = Pick<Statement, "all" | "get" | "iterate" | "run"> & { pluck(): Asked; raw(): Asked };

/**
 * From now on statements of this database are compiled when they are first asked: a command asks some of the hundreds that
 * the program has. One that does not fit the schema fails only then.
 */
export function compileLater(db: Database): void {
  const prepare = db.prepare.bind(db);
  Object.assign(db, { prepare: (sql: string) => later(() => prepare(sql)) });
}

function later(compile: () => Statement): Asked {
  let shape: "pluck" | "raw" | null = null;
  let compiled: Statement | null = null;
  const real = (): Statement => {
    compiled ??= shape === null ? compile() : compile()[shape]();
    return compiled;
  };
  const asked: Asked = {
    all: (...values) => real().all(...values),
    get: (...values) => real().get(...values),
    iterate: (...values) => real().iterate(...values),
    run: (...values) => real().run(...values),
    pluck() {
      shape = "pluck";
      return asked;
    },
    raw() {
      shape = "raw";
      return asked;
    },
  };
  return asked;
}
