import type { Announcement } from "#shared/contract/events.ts";
import { toInstant } from "#shared/model/instant.ts";
import { Refusal } from "#shared/model/refusal.ts";
import type { ScanId } from "#shared/model/scan.ts";
import type { Store } from "#store/store.ts";
import type { EndpointVisit, HostVisit } from "#store/visit.ts";
import { createBatches } from "./batches.ts";
import { BROKEN, runScan, type ScanTask, type Visits } from "./run-scan.ts";

type Deps = {
  store: Store;
  announce: (announcement: Announcement) => void;
  log: (error: unknown) => void;
  now: () => Date;
};

type Signals = {
  /** Aborted with `CANCELLED` by the user, or with the failure by a database that takes no more writes. */
  controller: AbortController;
  /** Latchkey is closing. */
  closing: AbortSignal;
};

type EndedState = "finished" | "cancelled" | "interrupted";

/** Visits written together, how long the first of them waits for others, and how long a commit may go on gathering. */
const BATCH = { most: 500, waitMs: 200, turnMs: 40, clock: () => performance.now() };

export const CANCELLED = new Error("the scan was cancelled");

/** Runs a scan that has begun. However it ends, it is closed with what it has read, and its end is announced. */
export async function carryOut(
  { store, announce, log, now }: Deps,
  task: ScanTask,
  prepare: (signal: AbortSignal) => Visits,
  { controller, closing }: Signals,
): Promise<void> {
  const { scanId } = task;
  const signal = AbortSignal.any([controller.signal, closing]);
  const batches = createBatches<EndpointVisit | HostVisit>({
    ...BATCH,
    write,
    onFailure: (error) => controller.abort(error),
  });
  let state: EndedState = "interrupted";
  try {
    await runScan(task, prepare(signal), { keep: batches.add, log, now }, signal);
    batches.flush();
    signal.throwIfAborted();
    state = "finished";
  } catch (error) {
    if (error === CANCELLED) state = "cancelled";
    else if (!closing.aborted) throw error;
  } finally {
    batches.flush();
    try {
      finish(store, scanId, state, toInstant(now()));
    } finally {
      // Whoever follows the scan must not wait for an end that no database takes.
      announce({ kind: "scan-finished", scanId });
    }
  }

  /** Together, or one by one where that meets a fault of this program: it then costs no other visit. */
  function write(done: readonly (EndpointVisit | HostVisit)[], isOver: () => boolean): number {
    let count = 0;
    const keepSome = () => {
      do {
        const visit = done[count++];
        if (visit) keep(visit);
      } while (count < done.length && !isOver());
    };
    try {
      store.atomically(keepSome);
    } catch (error) {
      if (error instanceof Refusal || count === 0) throw error;
      done.slice(0, count).forEach(writeAlone);
    }
    announce({ kind: "scan-progressed", scanId });
    return count;
  }

  function writeAlone(visit: EndpointVisit | HostVisit): void {
    try {
      store.atomically(() => keep(visit));
    } catch (error) {
      if (error instanceof Refusal) throw error;
      log(error);
      store.atomically(() => keep(withoutWhatItRead(visit)));
    }
  }

  function keep(visit: EndpointVisit | HostVisit): void {
    if ("presented" in visit) store.endpoints.visit(visit);
    else store.hosts.visit(visit);
  }
}

const withoutWhatItRead = (visit: EndpointVisit | HostVisit): EndpointVisit | HostVisit =>
  "presented" in visit
    ? { ...visit, ...BROKEN, presented: null }
    : { ...visit, ...BROKEN, jumpHost: null, collected: null, findings: [] };

/** A database that takes no more writes keeps the scan as running; whoever opens it next sees it interrupted. */
function finish(store: Store, scanId: ScanId, state: EndedState, at: string): void {
  store.atomically(() => {
    store.scans.finish(scanId, state, at);
    store.events.append({ at, kind: "scan-finished", detail: { scanId, state } });
  });
}
