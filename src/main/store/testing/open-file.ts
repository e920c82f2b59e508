import { join } from "node:path";
import Sqlite from "better-sqlite3";
import { openStore } from "#store/store.ts";

/** A store on disk, and beside it a bare connection that keeps none of its rules. */
export function openFile(folder: string) {
  const path = join(folder, "latchkey.db");
  const store = openStore({ path, access: "write" });
  const hands = new Sqlite(path);
  return {
    path,
    store,
    read: (sql: string): unknown[] => hands.prepare(sql).all(),
    write: (sql: string) => hands.exec(sql),
    [Symbol.dispose]() {
      hands.close();
      store.close();
    },
  };
}
