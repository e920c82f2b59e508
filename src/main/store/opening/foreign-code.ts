import Sqlite, { type Database } from "better-sqlite3";
import { Refusal } from "#shared/model/refusal.ts";
import { migrate, migrations } from "./migrate.ts";

/**
 * Refuses a database whose triggers and views are not those that its migrations make. They are programs, and would
 * run within our statements: those of a stranger never do, whatever the header says; and without ours the counts
 * would be wrong and the record of events could be changed.
 */
export function refuseForeignCode(db: Database, schema: number): void {
  if (schema === 0) return;
  const [found, ours] = [readCode(db), expectedCode(schema)];
  const foreign = found.find((sql) => !ours.includes(sql));
  const missing = ours.find((sql) => !found.includes(sql));
  if (foreign !== undefined) refuse(`has a ${nameOf(foreign)} that Latchkey did not make`);
  if (missing !== undefined) refuse(`is without the ${nameOf(missing)}, which somebody removed`);

  function refuse(why: string): never {
    throw new Refusal(
      "unusable",
      `${db.name} ${why}; nothing in it was changed: name another file, or put back a backup`,
    );
  }
}

/** "trigger event_is_never_changed". */
const nameOf = (sql: string): string => {
  const [, kind = "trigger", name = ""] = /^CREATE\s+(TRIGGER|VIEW)\s+(\S+)/i.exec(sql) ?? [];
  return `${kind.toLowerCase()} ${name}`.trimEnd();
};

const readCode = (db: Database): string[] =>
  db.prepare<[], string>("SELECT sql FROM sqlite_schema WHERE type IN ('trigger', 'view')").pluck().all();

/** Made by the migrations themselves, in memory. */
function expectedCode(schema: number): string[] {
  const model = new Sqlite(":memory:");
  try {
    migrate(model, migrations.slice(0, schema));
    return readCode(model);
  } finally {
    model.close();
  }
}
