import { createHash } from "node:crypto";
import type { Database } from "better-sqlite3";

/** The SQL of every trigger and view. */
export const readCode = (db: Database): string[] =>
  db.prepare<[], string>("SELECT sql FROM sqlite_schema WHERE type IN ('trigger', 'view')").pluck().all();

/** "probe.outcome", of every table but SQLite's own. */
export const readColumns = (db: Database): string[] =>
  db
    .prepare<[], string>(`
      SELECT sqlite_schema.name || '.' || pragma_table_info.name
      FROM sqlite_schema
      JOIN pragma_table_info(sqlite_schema.name)
      WHERE sqlite_schema.type = 'table' AND sqlite_schema.name NOT LIKE 'sqlite\\_%' ESCAPE '\\'`)
    .pluck()
    .all();

/**
 * Equal for databases with the same triggers, views and columns, and only for these. Imports nothing of ours: the build
 * runs it.
 */
export const digestSchema = (db: Database): string =>
  createHash("sha256")
    .update(JSON.stringify([readCode(db).toSorted(), readColumns(db).toSorted()]))
    .digest("hex");
