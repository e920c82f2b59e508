import type { Database } from "better-sqlite3";
import Sqlite from "better-sqlite3";
import { Refusal } from "#shared/model/refusal.ts";
import firstRows from "#store/first-rows.sql?raw";
import tables from "#store/schema.sql?raw";
import { digestSchema, readCode, readColumns } from "./schema-digest.ts";

/** The schema of a database: what a new one is made of, and how one of an earlier version gets there. */
export type Schema = {
  /** From 1, counted by releases that changed it; `user_version` of the database. */
  version: number;
  /** Tables, indexes, triggers and views, as SQL. */
  tables: string;
  /** What is in them from the beginning, as SQL. */
  firstRows: string;
  /** In order, one for each version from 2. */
  steps: readonly SchemaStep[];
};

/** Makes a database of the version before `version` one of `version`, rows and all. */
type SchemaStep = {
  version: number;
  /** `tables` as the version before had them, to the byte: what is found in a database of that version is compared with it. */
  before: string;
  sql: string;
};

/**
 * This program's schema. Nothing is released yet: until then a change is made in schema.sql itself, and databases of
 * before are made anew. After a release, a change is made there and in a step, and schema.sql as it was released is kept
 * as that step's `before`.
 */
export const SCHEMA: Schema = { version: 1, tables, firstRows, steps: [] };

/** Marks a database as ours in its header: "Lkey". */
export const APPLICATION_ID = 0x4c_6b_65_79;

/** What marked databases before there was a version 1, "Ltch": their schemas have numbers of their own, and no way leads on. */
const DEVELOPMENT_ID = 0x4c_74_63_68;

/**
 * The version of a database's schema, 0 for an empty one; nothing is written. One of another program, of a newer version
 * of this one, or of a version before the first is refused.
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
 * Each step and its version are one transaction: a step that fails, or a power
 * cut, leaves the step before it. A database from a newer program is left alone.
 */
export function migrate(db: Database, schema: Schema = SCHEMA): void {
  const current = readSchema(db, schema);
  if (current === 0) {
    take(db, schema.version, `${schema.tables}\n${schema.firstRows}`);
    return;
  }
  const keepsReferences = db.pragma("foreign_keys", { simple: true }) === 1;
  // A step may make a table anew that others refer to; within a transaction this has no effect.
  db.pragma("foreign_keys = OFF");
  try {
    for (const { version, sql } of schema.steps) take(db, version, sql);
  } finally {
    if (keepsReferences) db.pragma("foreign_keys = ON");
  }
}

/** What a database is carried to `version` by, and that number beside it, in one transaction; nothing where it is there already. */
function take(db: Database, version: number, sql: string): void {
  const inOne = db.transaction(() => {
    // Another process may have taken it while this one waited for its turn.
    if (readVersion(db) >= version) return;
    db.exec(sql);
    db.pragma(`application_id = ${APPLICATION_ID}`);
    db.pragma(`user_version = ${version}`);
  });
  inOne.immediate();
}

const readVersion = (db: Database): number => Number(db.pragma("user_version", { simple: true }));

/**
 * Refuses a database that is not as its version of the schema makes it, whatever its header says: that can be written by anybody.
 *
 * Triggers and views are programs and would run within our statements: those of a stranger never do, and without ours
 * the counts would be wrong and the record of events could be changed. Tables may be more than ours, but not less.
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

/** What `digestSchema` says of this program's schema: the build puts it in. A program that was not built makes a database to see. */
declare const LATCHKEY_SCHEMA_DIGEST: string | undefined;

/** Whether it is to the letter what a new one is: then there is no need to make one, which takes most of a start. */
const isAsBuilt = (db: Database, version: number, schema: Schema): boolean =>
  typeof LATCHKEY_SCHEMA_DIGEST === "string" &&
  schema === SCHEMA &&
  version === schema.version &&
  digestSchema(db) === LATCHKEY_SCHEMA_DIGEST;

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
