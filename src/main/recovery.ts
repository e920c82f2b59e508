import type { Backup, DatabaseCheck } from "#shared/model/backup.ts";
import { type Instant, toInstant } from "#shared/model/instant.ts";
import { Refusal } from "#shared/model/refusal.ts";
import { backupFolder, listBackups } from "./store/backups/backup-files.ts";
import { type Restored, restoreDatabase } from "./store/backups/restore-database.ts";
import { checkDatabase } from "./store/backups/run-aside.ts";
import { openStore } from "./store/store.ts";

/** What was not as it had been sealed, and how many rows are sealed now. */
type Sealed = { before: string[]; count: number };

type Options = {
  /** From the root of the file system on. */
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

    /** Takes pins, approvals, issuers and trusted roots as they stand for right, with the key of this installation. */
    seal,

    /** Puts a backup in the place of the database, brings it up to date and records that it was done. */
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

/** Whoever was quicker to open the database, or what it lacks, does not undo the restore. */
function refuseRestored({ code, message }: Refusal, { from, setAside }: Restored): Refusal {
  const before = setAside === null ? "" : `, and what was there is kept as ${setAside}`;
  return new Refusal(code, `${from} is in place now${before}; but it could not be recorded: ${message}`);
}
