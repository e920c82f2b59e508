import { implement } from "@orpc/server";
import type { Announcement } from "#shared/contract/events.ts";
import { database } from "#shared/contract/settings.ts";
import type { Backup } from "#shared/model/backup.ts";
import { type Instant, toInstant } from "#shared/model/instant.ts";
import { Refusal } from "#shared/model/refusal.ts";
import { backupFolder, findLastBackup, listBackups } from "#store/backups/backup-files.ts";
import { checkDatabase, makeBackup } from "#store/backups/run-aside.ts";
import type { Store } from "#store/store.ts";

type Deps = {
  store: Store;
  /** Why the database is open for reading alone; null where the check at its opening found nothing. */
  damage: string | null;
  announce: (announcement: Announcement) => void;
  log: (error: unknown) => void;
  now: () => Date;
};

export function createDatabase({ store, damage: damageAtOpening, announce, log, now }: Deps) {
  const os = implement(database);
  const { path } = store.facts();
  const backUp = createBackUp({ store, path, announce, now });
  let damage = damageAtOpening;
  let checkedAt: Instant | null = null;

  return {
    backUpWhenDue,
    /** Makes a backup a day for as long as this process lives. */
    keepBackups: (signal: AbortSignal) => repeatHourly(backUpWhenDue, signal),

    procedures: {
      state: os.state.handler(() => ({
        // Only a database that was checked is backed up.
        checkedAt:
          [checkedAt, findLastBackup(path)]
            .filter((at) => at !== null)
            .toSorted()
            .at(-1) ?? null,
        damage,
        loss: [store.loss, store.unsealed].filter((found) => found !== null).join("; ") || null,
        backupFolder: backupFolder(path),
      })),
      check: os.check.handler(async () => {
        const check = await checkDatabase(path, toInstant(now()));
        if (check.problems.length === 0) checkedAt = check.at;
        return check;
      }),
      backups: os.backups.handler(() => listBackups(path)),
      backUp: os.backUp.handler(() => backUp("on-demand")),
    },
  };

  /** Checks the database before the backup; the interface shows what that finds until the next start. */
  async function backUpWhenDue(): Promise<void> {
    const at = now();
    if (!isDue(findLastBackup(path, toInstant(at)), at)) return;
    try {
      await backUp("daily");
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      // A backup on demand that is being made will do.
      if (error.code === "conflict") return;
      damage = error.message;
      log(error);
      announce({ kind: "database-changed" });
    }
  }
}

type BackUpDeps = Pick<Deps, "store" | "announce" | "now"> & { path: string };

/** Makes one backup at a time, and records each. */
function createBackUp({ store, path, announce, now }: BackUpDeps) {
  let isBusy = false;
  return async (reason: "on-demand" | "daily"): Promise<Backup> => {
    if (isBusy) throw new Refusal("conflict", "a backup is being made; wait until it is there");
    isBusy = true;
    try {
      const at = toInstant(now());
      const backup = await makeBackup(path, { at, reason });
      const { name, sizeBytes } = backup;
      const event = { at, kind: "database-backed-up" as const, detail: { reason, name, sizeBytes } };
      await store.queueWrite(() => store.events.append(event));
      announce({ kind: "database-changed" });
      return backup;
    } finally {
      isBusy = false;
    }
  };
}

/** The first check comes after the first page was shown, and then there is one an hour. */
const BACKUP_CHECKS = { firstMs: 60_000, everyMs: 3_600_000 };

const DAY_MS = 24 * 3_600_000;

/** Whether a day has passed since the last backup. `last`: none of those that a wrong clock dated later than now. */
const isDue = (last: string | null, now: Date): boolean =>
  last === null || now.getTime() - Date.parse(last) >= DAY_MS;

/** Repeats the work hourly until the signal aborts. */
async function repeatHourly(work: () => Promise<void>, signal: AbortSignal): Promise<void> {
  for (let waitMs = BACKUP_CHECKS.firstMs; await passes(waitMs, signal); waitMs = BACKUP_CHECKS.everyMs)
    await work();
}

/** True once the time has passed; false where the signal aborted first. */
function passes(waitMs: number, signal: AbortSignal): Promise<boolean> {
  if (signal.aborted) return Promise.resolve(false);
  return new Promise((resolve) => {
    const stop = () => {
      clearTimeout(timer);
      resolve(false);
    };
    const timer = setTimeout(() => {
      signal.removeEventListener("abort", stop);
      resolve(true);
    }, waitMs);
    signal.addEventListener("abort", stop, { once: true });
  });
}
