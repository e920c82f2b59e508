import type { Database } from "better-sqlite3";
import firstRows from "#store/first-rows.sql?raw";
import wholeSchema from "#store/schema.sql?raw";
import { type Migration, migrate, migrations, numberSchema, readSchema } from "./migrate.ts";

/** What all migrations together make of a database in which nothing is yet, in a sixth of their time. */
const ALL: Migration = { number: migrations.length, sql: `${wholeSchema}\n${firstRows}` };

/** Brings a database to this program's schema, a new one at once; else as `migrate`. */
export function makeAtOnce(db: Database): void {
  if (readSchema(db) === 0) numberSchema(db, ALL);
  migrate(db);
}
