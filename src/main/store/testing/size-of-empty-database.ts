import Sqlite from "better-sqlite3";
import { migrate } from "#store/opening/migrate.ts";

/** In bytes: what every database takes before anything is in it, and once more in its log while it is made. */
export function sizeOfEmptyDatabase(): number {
  const db = new Sqlite(":memory:");
  try {
    migrate(db);
    return db.serialize().length;
  } finally {
    db.close();
  }
}
