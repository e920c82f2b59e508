import Sqlite from "better-sqlite3";
import { migrate } from "#store/opening/migrate.ts";

/** Makes a database of this program, with a scan in it, for the program with the made-up step. */
export function makeOlder(path: string): void {
  const db = new Sqlite(path);
  db.pragma("journal_mode = WAL");
  migrate(db);
  db.exec("INSERT INTO scan (total, started_at) VALUES (7, '2026-01-01T00:00:00Z')");
  db.close();
}
