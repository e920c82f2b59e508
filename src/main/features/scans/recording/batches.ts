import { createSharedWork } from "#domain/x509/path/build-paths.ts";
import type { ScanId } from "#shared/model/hosts/scan.ts";
import { Refusal } from "#shared/model/refusal.ts";
import type { EndpointProbe, HostProbe } from "#store/probe-record.ts";
import type { RecordingStore } from "#store/recording-store.ts";
import { createServedEvaluator } from "./evaluate-served-by.ts";
import { asBroken, type ProbeResult, type RecorderMessage, scanOf, serializeError } from "./messages.ts";
import { createPublicNoter, createRevokedNoter } from "./note-certificates.ts";
import { createViolationRecorder } from "./record-violations.ts";

type Options<T> = {
  /** Writes the first of these in one commit, at least one, until its time is over. Returns how many. Never throws. */
  write: (things: readonly T[], isOver: () => boolean) => number;
  most: number;
  waitMs: number;
  /** When one of these is over, the commit takes no more things, so that other work gets its turn. */
  budgets: readonly Turn[];
};

/** A time limit in milliseconds, by a clock that counts from any beginning. */
type Turn = { ms: number; clock: () => number };

/**
 * Gathers things that come one by one and writes them together, in their order: when `most` are waiting, at a call of
 * `hurry`, or `waitMs` after the first of them. A commit costs a disk flush, so a thousand probes must not cost a
 * thousand. Between two commits the event loop runs once, and `hold` can stop the next one.
 */
export function createBatches<T>({ write, most, waitMs, budgets }: Options<T>) {
  let waiting: T[] = [];
  let timer: NodeJS.Timeout | null = null;
  let next: NodeJS.Immediate | null = null;
  let heldBy = 0;

  function hurry(): void {
    if (timer) clearTimeout(timer);
    timer = null;
    next ??= setImmediate(writeBatch);
  }

  function writeBatch(): void {
    next = null;
    if (heldBy > 0 || waiting.length === 0) return;
    const ends = budgets.map(({ ms, clock }) => ({ clock, at: clock() + ms }));
    const isOver = () => ends.some(({ clock, at }) => clock() >= at);
    waiting = waiting.slice(countWritten(write(waiting, isOver)));
    if (waiting.length > 0) hurry();
  }

  return {
    add(thing: T): void {
      waiting.push(thing);
      if (next) return;
      if (waiting.length >= most) hurry();
      else timer ??= setTimeout(hurry, waitMs);
    },

    /** Writes what is waiting, and waits for nothing more. */
    hurry,

    /** Stops writing until each `hold` has had its `letGo`. */
    hold(): void {
      heldBy++;
    },

    letGo(): void {
      heldBy--;
      if (heldBy === 0 && waiting.length > 0) hurry();
    },
  };
}

/** A writer that writes nothing of what it gets would be called for ever. */
function countWritten(count: number): number {
  if (!(count > 0)) throw new Error("a commit has written nothing of its batch");
  return count;
}

/** Reads and evaluates the result of a probe. */
export type ReadProbe = (result: ProbeResult) => HostProbe | EndpointProbe;

type Deps = { store: RecordingStore; read: ReadProbe; post: (message: RecorderMessage) => void };

/**
 * Writes probes, each whole or not at all. A bug of this program in one probe affects no other. A database that refuses
 * a commit ends the scans that were in it; nothing more of those is written.
 */
export function createProbeWriter({ store, read, post }: Deps) {
  const failed = new Set<ScanId>();
  const work = createSharedWork();
  const notePublic = createPublicNoter(store.chains, { work });
  const recordViolations = createViolationRecorder(store, { work });
  const noteRevoked = createRevokedNoter(store);
  const evaluateServed = createServedEvaluator(store);

  /**
   * Writes the first of these in one commit, until its time is over; or one by one where a bug of this program is met.
   */
  return function write(results: readonly ProbeResult[], isOver: () => boolean): number {
    let count = 0;
    const keepSome = () => {
      do {
        const result = results[count++];
        if (result) keep(result);
      } while (count < results.length && !isOver());
    };
    try {
      store.atomically(keepSome);
    } catch (error) {
      count = Math.max(count, 1);
      const tried = results.slice(0, count);
      if (error instanceof Refusal) fail(tried, error);
      else writeAlone(tried);
    }
    return count;
  };

  function writeAlone(results: readonly ProbeResult[]): void {
    try {
      for (const result of results) keepOrReport(result);
    } catch (error) {
      fail(results, error);
    }
  }

  function keepOrReport(result: ProbeResult): void {
    try {
      store.atomically(() => keep(result));
    } catch (error) {
      if (error instanceof Refusal) throw error;
      post({ kind: "fault", error: serializeError(error) });
      store.atomically(() => keep({ kind: "met", probe: asBroken(result) }));
    }
  }

  function keep(result: ProbeResult): void {
    if (failed.has(scanOf(result))) return;
    const probe = read(result);
    if ("presented" in probe) store.endpoints.recordProbe(probe);
    else store.hosts.recordProbe(probe);
    notePublic(probe);
    recordViolations(probe);
    noteRevoked(probe);
    evaluateServed.after(probe);
  }

  function fail(results: readonly ProbeResult[], error: unknown): void {
    for (const scanId of new Set(results.map(scanOf))) {
      if (failed.has(scanId)) continue;
      failed.add(scanId);
      post({ kind: "failed", scanId, error: serializeError(error) });
    }
  }
}
