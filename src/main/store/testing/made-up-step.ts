import { SCHEMA, type Schema } from "#store/opening/migrate.ts";

/** To the letter as it is in schema.sql. */
const TAG = /CREATE TABLE tag \(.*?\n\) STRICT;/s;

const TAG_WITH_COLOUR = `CREATE TABLE tag (
  id          INTEGER PRIMARY KEY,
  name        TEXT NOT NULL UNIQUE,
  due_percent INTEGER CHECK (due_percent BETWEEN 1 AND 99),
  owner       TEXT,
  environment TEXT,
  colour      TEXT NOT NULL CHECK (colour IN ('none', 'red'))
) STRICT;`;

/** A column, and a count of rows that a trigger keeps from then on. */
const RACK = `
ALTER TABLE host ADD COLUMN rack TEXT;

CREATE TABLE rack (
  name       TEXT PRIMARY KEY,
  host_count INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TRIGGER host_gets_rack AFTER UPDATE OF rack ON host
WHEN NEW.rack IS NOT NULL
BEGIN
  INSERT INTO rack (name, host_count) VALUES (NEW.rack, 1) ON CONFLICT DO UPDATE SET host_count = host_count + 1;
END;`;

/**
 * The schema of a program that comes after this one, made up to test the steps: it recreates a table that others refer
 * to, adds a column and a trigger to another one, and changes rows.
 */
export const MADE_UP: Schema = {
  version: SCHEMA.version + 1,
  tables: SCHEMA.tables.replace(TAG, TAG_WITH_COLOUR) + RACK,
  firstRows: SCHEMA.firstRows,
  steps: [
    ...SCHEMA.steps,
    {
      version: SCHEMA.version + 1,
      before: SCHEMA.tables,
      sql: `
        CREATE TABLE tag_before AS SELECT * FROM tag;
        DROP TABLE tag;
        ${TAG_WITH_COLOUR}
        INSERT INTO tag (id, name, due_percent, owner, environment, colour)
        SELECT id, name, due_percent, owner, environment, 'none' FROM tag_before;
        DROP TABLE tag_before;
        ${RACK}
        UPDATE host SET rack = 'the only one';`,
    },
  ],
};
