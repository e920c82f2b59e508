import { closeSync, openSync, writeSync } from "node:fs";
import Sqlite from "better-sqlite3";

/** Overwrites the first page of a table in a file that nobody has open, as a failing disk does. */
export function spoilTable(path: string, table = "probe"): void {
  const db = new Sqlite(path);
  db.pragma("wal_checkpoint(TRUNCATE)");
  const root = db
    .prepare<[string], number>("SELECT rootpage FROM sqlite_schema WHERE name = ?")
    .pluck()
    .get(table);
  const size = Number(db.pragma("page_size", { simple: true }));
  db.close();
  const file = openSync(path, "r+");
  writeSync(file, Buffer.alloc(size, 0xff), 0, size, ((root ?? 1) - 1) * size);
  closeSync(file);
}
