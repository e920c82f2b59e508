import type { Database } from "better-sqlite3";

/** Another text as soon as anything in the database may be otherwise, whoever has changed it. */
export function databaseVersion(db: Database): () => string {
  const own = db.prepare<[], number>("SELECT total_changes()").pluck();
  // `db.pragma` would prepare it anew each time, and a page of rows asks a hundred times.
  const others = db.prepare<[], number>("PRAGMA data_version").pluck();
  return () => `${others.get()} ${own.get()}`;
}
