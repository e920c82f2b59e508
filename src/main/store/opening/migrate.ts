import type { Database } from "better-sqlite3";
import Sqlite from "better-sqlite3";
import { Refusal } from "#shared/model/refusal.ts";
import firstRows from "#store/first-rows.sql?raw";
import tables from "#store/schema.sql?raw";
import { digestSchema, readCode, readColumns } from "./schema-digest.ts";

/** The schema of a database: what a new database is made of, and the steps that bring an earlier version to it. */
export type Schema = {
  /** From 1, counted by releases that changed it; `user_version` of the database. */
  version: number;
  /** Tables, indexes, triggers and views, as SQL. */
  tables: string;
  /** The rows of a new database, as SQL. */
  firstRows: string;
  /** In order, one for each version from 2. */
  steps: readonly SchemaStep[];
};

/** Turns a database of the version before `version` into one of `version`, with its rows. */
type SchemaStep = {
  version: number;
  /** `tables` as the version before had them, to the byte: a database of that version is compared with it. */
  before: string;
  sql: string;
};

/**
 * This program's schema. Nothing is released yet: until then a change is made in schema.sql itself, and databases of
 * before are made anew. After a release, a change is made there and in a step, and schema.sql as it was released is
 * kept as that step's `before`.
 */
export const SCHEMA: Schema = { version: 1, tables, firstRows, steps: [] };

/** Marks a database as ours in its header: "Lkey". */
export const APPLICATION_ID = 0x4c_6b_65_79;

/**
 * The application id of databases from before version 1, "Ltch": their schemas have numbers of their own, and no step
 * leads on.
 */
const DEVELOPMENT_ID = 0x4c_74_63_68;

/**
 * The version of a database's schema, 0 for an empty one; nothing is written. Refuses a database of another program, of
 * a newer version of this one, or of a version before the first.
 */
export function readSchema(db: Database, { version: known }: Schema = SCHEMA): number {
  const current = readVersion(db);
  const owner = Number(db.pragma("application_id", { simple: true }));
  const isEmpty = current === 0 && db.prepare("SELECT 1 FROM sqlite_schema LIMIT 1").get() === undefined;
  if (owner === DEVELOPMENT_ID) {
    throw new Refusal(
      "unusable",
      `${db.name} was made by a version of Latchkey before the first release, and this one cannot bring it up to date; ` +
        "it was not touched: finish or roll back its runs with that version; then move it away together with its .vault and " +
        ".seal-key files, or name another file by --db. Scans find hosts, keys and certificates again, and not approvals, people, issuers and runs",
    );
  }
  if (owner !== APPLICATION_ID && !isEmpty) {
    throw new Refusal("unusable", `${db.name} is a database of another program; name another file`);
  }
  if (current > known) {
    throw new Refusal(
      "unusable",
      `${db.name} is at schema ${current}, newer than this program's ${known}; it was not touched: use the newer Latchkey`,
    );
  }
  return current;
}

/**
 * Brings a database to this program's schema, forward only; an empty one at once.
 *
 * Each step and its version are one transaction: after a step that fails, or a power cut, the database is as the step
 * before left it. A database from a newer program is left alone.
 */
export function migrate(db: Database, schema: Schema = SCHEMA): void {
  const current = readSchema(db, schema);
  if (current === 0) {
    take(db, schema.version, `${schema.tables}\n${schema.firstRows}`);
    return;
  }
  const keepsReferences = db.pragma("foreign_keys", { simple: true }) === 1;
  // A step may recreate a table that others refer to; within a transaction this has no effect.
  db.pragma("foreign_keys = OFF");
  try {
    for (const { version, sql } of schema.steps) take(db, version, sql);
  } finally {
    if (keepsReferences) db.pragma("foreign_keys = ON");
  }
}

/**
 * Executes the SQL of a step and sets its version, in one transaction; does nothing where the database has that
 * version.
 */
function take(db: Database, version: number, sql: string): void {
  const inOne = db.transaction(() => {
    // Another process may have done this step while this one waited for the lock.
    if (readVersion(db) >= version) return;
    db.exec(sql);
    db.pragma(`application_id = ${APPLICATION_ID}`);
    db.pragma(`user_version = ${version}`);
  });
  inOne.immediate();
}

const readVersion = (db: Database): number => Number(db.pragma("user_version", { simple: true }));

/**
 * Refuses a database that is not as its version of the schema makes it, whatever its header says: anybody can write
 * that.
 *
 * Triggers and views are programs and would run within our statements: a stranger's never do, and without ours the
 * counts would be wrong and the record of events could be changed. More tables than ours are allowed, fewer are not.
 */
export function refuseForeignSchema(db: Database, version: number, schema: Schema = SCHEMA): void {
  if (version === 0 || isAsBuilt(db, version, schema)) return;
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

/**
 * What `digestSchema` says of this program's schema; the build inserts it. A program that was not built makes a
 * database and reads it there.
 */
declare const LATCHKEY_SCHEMA_DIGEST: string | undefined;

/**
 * Whether triggers, views and columns are exactly those of a new database: then none is made for comparison, which
 * would take most of a start.
 */
const isAsBuilt = (db: Database, version: number, schema: Schema): boolean =>
  typeof LATCHKEY_SCHEMA_DIGEST === "string" &&
  schema === SCHEMA &&
  version === schema.version &&
  digestSchema(db) === LATCHKEY_SCHEMA_DIGEST;

type Model = { code: string[]; columns: string[] };

/** Keyed by the SQL that makes the model. */
const models = new Map<string, Model>();

function findModel(tables: string): Model {
  const model = models.get(tables) ?? makeModel(tables);
  models.set(tables, model);
  return model;
}

/** The SQL of the tables of a version that this program knows. */
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
