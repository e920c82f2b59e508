import Sqlite from "better-sqlite3";
import { migrate, migrations } from "#store/opening/migrate.ts";

/** A database as an older program has left it, with a scan in it. */
export function makeOlder(path: string, schema: number): void {
  const db = new Sqlite(path);
  db.pragma("journal_mode = WAL");
  migrate(db, migrations.slice(0, schema));
  db.exec("INSERT INTO scan (total, started_at) VALUES (7, '2026-01-01T00:00:00Z')");
  db.close();
}
