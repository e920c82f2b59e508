import { toInstant } from "#shared/model/instant.ts";
import { Damage, explainOpening } from "./store/opening/damage.ts";
import { openStore, type Store } from "./store/store.ts";

export type DatabaseRequest = {
  /** A file, or `:memory:`. */
  databasePath: string;
  /**
   * `write` is for the one process that writes: it closes what a killed one left running. `read` works beside a process
   * that writes, and makes no file.
   */
  access?: "write" | "read";
  /** What to do about a database that is damaged: refuse it, or show what can still be read of it. */
  whenDamaged?: "refuse" | "read";
};

type Opened = {
  store: Store;
  access: "write" | "read";
  /** What is wrong with a database that was to be opened for writing and is only read because of it; otherwise null. */
  damage: string | null;
};

/** Opens the database for an app, and settles what the process before it has left. */
export function openAppStore(
  { databasePath: path, access = "write", whenDamaged = "refuse" }: DatabaseRequest,
  now: () => Date,
): Opened {
  try {
    const store = openStore({ path, access, now });
    if (access === "write") settleOrClose(store, now);
    return { store, access, damage: null };
  } catch (error) {
    // Nothing is repaired here: the app shows what can still be read, and writes nothing.
    if (!(error instanceof Damage) || whenDamaged === "refuse" || access === "read") throw error;
    return { store: openStore({ path, access: "read", now }), access: "read", damage: error.message };
  }
}

/** Damage that only the first write meets counts as damage, too. */
function settleOrClose(store: Store, now: () => Date): void {
  const { path } = store.facts();
  try {
    settle(store, now);
  } catch (error) {
    store.close();
    throw explainOpening(error instanceof Error && error.cause ? error.cause : error, path);
  }
}

/** Only one process writes, so a scan, a plan or a run that is unfinished when this one begins was cut short. */
function settle(store: Store, now: () => Date): void {
  const at = toInstant(now());
  store.atomically(() => {
    const count = store.scans.interruptRunning(at);
    if (count > 0) store.events.append({ at, kind: "scan-interrupted", detail: { count } });
    store.runbooks.plans.interruptMaking();
    const runs = store.runbooks.runs.interruptRunning();
    if (runs > 0) store.events.append({ at, kind: "run-interrupted", detail: { runs } });
    // A warning until the next start, and an event for ever.
    const { loss } = store;
    if (loss !== null) store.events.append({ at, kind: "database-went-back", detail: { loss } });
  });
}
