import firstRows from "#store/first-rows.sql?raw";
import tables from "#store/schema.sql?raw";

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
export type SchemaStep = {
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
