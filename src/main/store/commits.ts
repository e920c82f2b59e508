import type { Database } from "better-sqlite3";
import Sqlite from "better-sqlite3";
import { Refusal } from "#shared/model/refusal.ts";
import { explainSqlite } from "./explain-sqlite.ts";
import { MEMORY } from "./opening/connection.ts";
import { openMark, progressOf } from "./opening/mark.ts";

/** The one way in which a connection writes. */
export function createCommits(db: Database, path: string, disk: DiskHealth) {
  const mark = openMark(path);
  const progress = progressOf(db);

  return {
    /** All of the work or none of it. The work cannot await: nothing comes in between. */
    atomically<T>(work: () => T): T {
      const result = commit(work);
      // Within other work nothing is on the disk yet.
      if (path !== MEMORY && !db.inTransaction) mark.keep(progress());
      return result;
    },
    close: () => mark.close(),
  };

  function commit<T>(work: () => T): T {
    if (disk.hasFailed())
      throw new Refusal(
        "unusable",
        `the disk has failed under ${path}, and nothing more is saved: see to the disk, and start Latchkey again`,
      );
    try {
      return db.transaction(work).immediate();
    } catch (error) {
      if (error instanceof Sqlite.SqliteError && error.code.startsWith("SQLITE_IOERR")) disk.fail();
      throw explainSqlite(error, path);
    }
  }
}

/**
 * Whether the disk below a database has failed: one word of memory that every connection of this process shares, be it
 * in another thread. What the system still holds of a write that failed cannot be told, so none of them writes again.
 */
type DiskHealth = { memory: SharedArrayBuffer; hasFailed(): boolean; fail(): void };

/** With the memory of another thread's, it is the same one. */
export function diskHealth(
  memory: SharedArrayBuffer = new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT),
): DiskHealth {
  const word = new Int32Array(memory);
  return {
    memory,
    hasFailed: () => Atomics.load(word, 0) !== 0,
    fail: () => {
      Atomics.store(word, 0, 1);
    },
  };
}
