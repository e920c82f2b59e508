import type { Database } from "better-sqlite3";
import Sqlite from "better-sqlite3";
import { Refusal } from "#shared/model/refusal.ts";
import { explainSqlite } from "./explain-sqlite.ts";
import { MEMORY } from "./opening/connection.ts";
import { openMark, progressOf } from "./opening/mark.ts";

/** The only means by which a connection writes. */
export function createCommits(db: Database, path: string, disk: DiskHealth) {
  const mark = openMark(path);
  const progress = progressOf(db);

  return {
    /** All of the work or none of it. The work cannot await: nothing comes in between. */
    atomically<T>(work: () => T): T {
      const result = commit(work);
      // Within an outer transaction nothing is on the disk yet.
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
 * Whether the disk below a database has failed: one word of memory that all connections of this process share, also
 * those in other threads. What the system still has of a failed write is unknown, so none of them writes again.
 */
type DiskHealth = { memory: SharedArrayBuffer; hasFailed(): boolean; fail(): void };

/** Shares the state of another thread where its memory is passed. */
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
