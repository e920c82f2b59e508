import type { Backup, DatabaseCheck } from "#shared/model/backup.ts";
import { toInstant } from "#shared/model/instant.ts";
import { backupFolder, listBackups } from "./store/backups/backup-files.ts";
import { checkDatabase } from "./store/backups/check-database.ts";
import { type Restored, restoreDatabase } from "./store/backups/restore-database.ts";
import { openStore } from "./store/store.ts";

type Options = {
  /** From the root of the file system on. */
  path: string;
  now?: () => Date;
};

/** What can be done with a database that no app has open, or that none can open any more. */
export function createRescue({ path, now = () => new Date() }: Options) {
  return {
    check: (): Promise<DatabaseCheck> => checkDatabase(path, toInstant(now())),
    backups: (): { folder: string; backups: Backup[] } => ({
      folder: backupFolder(path),
      backups: listBackups(path),
    }),

    /** Puts a backup in the place of the database, brings it up to date and records that it was done. */
    restore(from: string): Restored {
      const at = toInstant(now());
      const restored = restoreDatabase({ database: path, from, at });
      const store = openStore({ path, access: "write", now });
      try {
        store.atomically(() => store.events.append({ at, kind: "database-restored", detail: restored }));
        return restored;
      } finally {
        store.close();
      }
    },
  };
}
