import type { Backup, DatabaseCheck } from "#shared/model/backup.ts";
import { type Instant, toInstant } from "#shared/model/instant.ts";
import { Refusal } from "#shared/model/refusal.ts";
import { backupFolder, listBackups } from "./store/backups/backup-files.ts";
import { type Restored, restoreDatabase } from "./store/backups/restore-database.ts";
import { checkDatabase } from "./store/backups/run-aside.ts";
import { openStore } from "./store/store.ts";

/** The rows that were not as they had been sealed, and how many rows are sealed now. */
type Sealed = { before: string[]; count: number };

type Options = {
  /** An absolute path. */
  path: string;
  now?: () => Date;
};

/** What can be done with a database that no app has open, or that none can open any more. */
export function createRecovery({ path, now = () => new Date() }: Options) {
  return {
    check: (): Promise<DatabaseCheck> => checkDatabase(path, toInstant(now())),
    backups: (): { folder: string; backups: Backup[] } => ({
      folder: backupFolder(path),
      backups: listBackups(path),
    }),

    /**
     * Trusts pins, approvals, issuers and trusted roots as they are now, and seals them with the key of this
     * installation.
     */
    seal,

    /** Replaces the database with a backup, migrates it and records that it did. */
    restore(from: string): Restored {
      const at = toInstant(now());
      const restored = restoreDatabase({ database: path, from, at });
      try {
        record(restored, at);
      } catch (error) {
        throw error instanceof Refusal ? refuseRestored(error, restored) : error;
      }
      return restored;
    },
  };

  function seal(): Sealed {
    const store = openStore({ path, access: "write", now });
    try {
      const at = toInstant(now());
      return store.atomically(() => {
        const sealed = store.sealAnew();
        store.events.append({ at, kind: "database-sealed", detail: sealed });
        return sealed;
      });
    } finally {
      store.close();
    }
  }

  function record(detail: Restored, at: Instant): void {
    const store = openStore({ path, access: "write", now });
    try {
      store.atomically(() => store.events.append({ at, kind: "database-restored", detail }));
    } finally {
      store.close();
    }
  }
}

/**
 * A restore stays, even if another process opened the database before it was recorded, or if the backup lacks
 * something.
 */
function refuseRestored({ code, message }: Refusal, { from, setAside }: Restored): Refusal {
  const before = setAside === null ? "" : `, and what was there is kept as ${setAside}`;
  return new Refusal(code, `${from} is in place now${before}; but it could not be recorded: ${message}`);
}
