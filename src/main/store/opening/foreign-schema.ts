import Sqlite, { type Database } from "better-sqlite3";
import { Refusal } from "#shared/model/refusal.ts";
import wholeSchema from "#store/schema.sql?raw";
import { migrate, migrations } from "./migrate.ts";

/**
 * Refuses a database that is not as its migrations make it, whatever its header says: that can be written by anybody.
 *
 * Triggers and views are programs and would run within our statements: those of a stranger never do, and without ours
 * the counts would be wrong and the record of events could be changed. Tables may be more than ours, but not less.
 */
export function refuseForeignSchema(db: Database, schema: number): void {
  if (schema === 0) return;
  const ours = findModel(schema);
  const [code, columns] = [readCode(db), readColumns(db)];
  const foreign = code.find((sql) => !ours.code.includes(sql));
  const missing = ours.code.find((sql) => !code.includes(sql));
  const column = ours.columns.find((name) => !columns.includes(name));
  if (foreign !== undefined) refuse(`has a ${nameOf(foreign)} that Latchkey did not make`);
  if (missing !== undefined) refuse(`is without the ${nameOf(missing)}, which somebody removed`);
  if (column !== undefined) refuse(`has no ${column}, as every database of Latchkey has`);

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

/** "probe.outcome", of every table. */
const readColumns = (db: Database): string[] =>
  db
    .prepare<[], string>(`
      SELECT sqlite_schema.name || '.' || pragma_table_info.name
      FROM sqlite_schema
      JOIN pragma_table_info(sqlite_schema.name)
      WHERE sqlite_schema.type = 'table'`)
    .pluck()
    .all();

type Model = { code: string[]; columns: string[] };

/** By the number of the schema; what a migration makes never changes. */
const models = new Map<number, Model>();

function findModel(schema: number): Model {
  const model = models.get(schema) ?? makeModel(schema);
  models.set(schema, model);
  return model;
}

/** What the migrations themselves make, in memory; all of them at once in a fraction of the time. */
function makeModel(schema: number): Model {
  const model = new Sqlite(":memory:");
  try {
    if (schema === migrations.length) model.exec(wholeSchema);
    else migrate(model, migrations.slice(0, schema));
    return { code: readCode(model), columns: readColumns(model) };
  } finally {
    model.close();
  }
}
