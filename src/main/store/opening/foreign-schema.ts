import Sqlite, { type Database } from "better-sqlite3";
import { Refusal } from "#shared/model/refusal.ts";
import { SCHEMA, type Schema } from "./schema.ts";

/**
 * Refuses a database that is not as its version of the schema makes it, whatever its header says: that can be written by anybody.
 *
 * Triggers and views are programs and would run within our statements: those of a stranger never do, and without ours
 * the counts would be wrong and the record of events could be changed. Tables may be more than ours, but not less.
 */
export function refuseForeignSchema(db: Database, version: number, schema: Schema = SCHEMA): void {
  if (version === 0) return;
  const ours = findModel(tablesAt(version, schema));
  const [code, columns] = [readCode(db), readColumns(db)];
  const foreign = code.find((sql) => !ours.code.includes(sql));
  const missing = ours.code.find((sql) => !code.includes(sql));
  const column = ours.columns.find((name) => !columns.includes(name));
  if (foreign !== undefined) refuse(`has a ${nameOf(foreign)} that this build of Latchkey does not make`);
  if (missing !== undefined) refuse(`has no ${nameOf(missing)}`);
  if (column !== undefined) refuse(`has no column ${column}`);

  function refuse(why: string): never {
    throw new Refusal(
      "unusable",
      `${db.name} ${why}: an earlier build of Latchkey made it, which this one cannot read, or another program changed it; nothing in it was changed: name another file, or restore a backup`,
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

/** By the SQL that makes it. */
const models = new Map<string, Model>();

function findModel(tables: string): Model {
  const model = models.get(tables) ?? makeModel(tables);
  models.set(tables, model);
  return model;
}

/** What databases of a version that this program knows are made of. */
const tablesAt = (version: number, { tables, steps }: Schema): string =>
  steps.find((step) => step.version === version + 1)?.before ?? tables;

function makeModel(tables: string): Model {
  const model = new Sqlite(":memory:");
  try {
    model.exec(tables);
    return { code: readCode(model), columns: readColumns(model) };
  } finally {
    model.close();
  }
}
