import { AT_ONCE_THROUGH_A_JUMP_HOST } from "#connect/connect-to-host.ts";
import type { PlannedLogin, PlannedRoute } from "#connect/plan-logins.ts";
import type { Announcement } from "#shared/contract/events.ts";
import type { ScanId } from "#shared/model/hosts/scan.ts";
import type { Target, TlsTarget } from "#shared/model/hosts/target.ts";
import { isJumpHost, type WayText } from "#shared/model/hosts/target.ts";
import { toInstant } from "#shared/model/instant.ts";
import { brokenProbe, type EndedState, type ProbeResult } from "./recording/messages.ts";
import type { Recording } from "./recording/recording.ts";

/** What is visited, and how it is told. */
type ScanTask = { scanId: ScanId; targets: readonly Target[]; atOnce: AtOnce };

export type Visits = {
  /** The hosts, by the jump hosts that they lie behind. */
  ways: readonly PlannedRoute[];
  /** Keeps jump hosts open until it is disposed; null where there are none. */
  keepOpen: (jumps: PlannedRoute["jumps"]) => Promise<AsyncDisposable | null>;
  /** Both reject only when the scan is told to stop. */
  visitHost: (login: PlannedLogin) => Promise<ProbeResult>;
  /** `onReached`: told whenever an address has answered. */
  visitEndpoint: (target: TlsTarget, onReached?: () => void) => Promise<ProbeResult>;
  endpointWays: {
    /** How an endpoint is reached. */
    of: (target: TlsTarget) => WayText;
    /** Keeps what leads there open until it is disposed; null where that is nothing. */
    keepOpen: (way: WayText) => Promise<AsyncDisposable | null>;
  };
};

type Keeping = {
  /** Resolves when one more visit may be kept. */
  awaitTurn: () => Promise<void>;
  /** Takes what a probe came to; writing it is not waited for. */
  keep: (result: ProbeResult) => void;
  /** Told of a fault of this program in one visit; the others go on. */
  log: (error: unknown) => void;
  now: () => Date;
};

type ScanDeps = {
  recording: Pick<Recording, "awaitTurn" | "keep" | "settle" | "finish" | "onFailure">;
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

export const CANCELLED = new Error("the scan was cancelled");

/** Runs a scan that has begun. However it ends, it is closed with what it has read, and its end is announced. */
export async function executeScan(
  { recording, announce, log, now }: ScanDeps,
  task: ScanTask,
  prepare: (signal: AbortSignal) => Visits,
  { controller, closing }: Signals,
): Promise<void> {
  const { scanId } = task;
  const signal = AbortSignal.any([controller.signal, closing]);
  recording.onFailure(scanId, (error) => controller.abort(error));
  let state: EndedState = "interrupted";
  try {
    await visitAll(task, prepare(signal), { ...recording, log, now }, signal);
    await recording.settle();
    signal.throwIfAborted();
    state = "finished";
  } catch (error) {
    if (error === CANCELLED) state = "cancelled";
    else if (!closing.aborted) throw error;
  } finally {
    try {
      // A database that takes no more writes keeps the scan as running; whoever opens it next sees it interrupted.
      await recording.finish({ scanId, state, at: toInstant(now()) });
    } finally {
      // Whoever follows the scan must not wait for an end that no database takes.
      announce({ kind: "scan-finished", scanId });
    }
  }
}

/** A host that waits, for its turn or to be tried again, keeps no other from being visited. */
const WAITING_FOR_EACH_PROBED = 4;

/**
 * Where not all endpoints can be begun at once, so many are: a visit takes memory from when its address has answered.
 * Those that wait for an answer, or for a server that says nothing, wait beside others, as many as may be.
 */
const OF_MANY_AT_ONCE = 64;
const UNANSWERED_MS = 100;
const SILENT_MS = 500;

/**
 * Visits every target: endpoints, and hosts by each way to them, side by side. A host that is named several times
 * (with several logins) is visited one login after the other. Rejects when the signal says stop, once all that was
 * begun has ended.
 */
async function visitAll(
  { scanId, targets, atOnce }: ScanTask,
  { ways, keepOpen, visitHost, visitEndpoint, endpointWays }: Visits,
  { awaitTurn, keep, log, now }: Keeping,
  signal: AbortSignal,
): Promise<void> {
  const endpoints = Map.groupBy(
    targets.filter((target) => target.kind === "tls"),
    endpointWays.of,
  );
  const all = [...[...endpoints].map(probeEndpoints), ...ways.map(visitWay)];
  await Promise.allSettled(all);
  await Promise.all(all);

  async function probeEndpoints([way, behind]: [WayText, TlsTarget[]]): Promise<void> {
    await using _open = await endpointWays.keepOpen(way);
    const most = isJumpHost(way) ? AT_ONCE_THROUGH_A_JUMP_HOST : atOnce.endpoints;
    const all = Math.min(most, atOnce.endpoints);
    const limit = behind.length > all ? Math.min(all, OF_MANY_AT_ONCE) : all;
    await inParallel(behind, { limit, most: all }, async (target, place) => {
      place.lendAfter(UNANSWERED_MS);
      const result = await guarded(
        target,
        visitEndpoint(target, () => place.lendAfter(SILENT_MS)),
      );
      place.hold();
      await awaitTurn();
      keep(result);
    });
  }

  async function visitWay({ jumps, hosts }: PlannedRoute): Promise<void> {
    await using _open = await keepOpen(jumps);
    const most = jumps.length > 0 ? AT_ONCE_THROUGH_A_JUMP_HOST : atOnce.hosts;
    await inParallel(hosts, { limit: most * WAITING_FOR_EACH_PROBED }, async (logins) => {
      for (const login of logins) keep(await guarded(login.target, visitHost(login)));
    });
  }

  async function guarded(target: Target, visit: Promise<ProbeResult>): Promise<ProbeResult> {
    try {
      return await visit;
    } catch (error) {
      signal.throwIfAborted();
      log(error);
      return { kind: "met", visit: brokenProbe({ scanId, target, at: toInstant(now()), tookMs: 0 }) };
    }
  }
}

/** Visits at a time: logins to hosts, and endpoints. `isFixed`: it is never passed, not even by hosts that hang. */
export type AtOnce = { hosts: number; endpoints: number; isFixed: boolean };

/** Logins at a time: enough to hide slow hosts, few enough for a small router. */
const HOSTS_AT_ONCE = 32;

/** Endpoints under way at a time. Dead addresses wait here together; the prober limits the handshakes. */
const ENDPOINTS_AT_ONCE = 2_048;

/** So many at a time of each kind as the user wants, or as is usual; never more than there are descriptors for. */
export function chooseAtOnce(concurrency: number | null, freeDescriptors: number): AtOnce {
  // A login may need another descriptor for the agent, and an endpoint has up to eight addresses.
  const room = (share: number) => Math.max(1, Math.floor(freeDescriptors * share));
  return {
    hosts: Math.min(concurrency ?? HOSTS_AT_ONCE, room(1 / 4)),
    endpoints: Math.min(concurrency ?? ENDPOINTS_AT_ONCE, room(1 / 2)),
    isFixed: concurrency !== null || room(1 / 4) < HOSTS_AT_ONCE,
  };
}

/** The place of one item among those that are under way. */
type ScanSlot = {
  /** From so many milliseconds on another item may begin beside this one; until then, or until it is held, none. */
  lendAfter(ms: number): void;
  /** No other item begins beside this one, though one may have begun already. */
  hold(): void;
};

type Limits = {
  limit: number;
  /** Under way at a time, those whose places are lent among them; absent: places are not lent. */
  most?: number;
};

/**
 * Works through `items`, at most `limit` at a time, and those that have lent their places beside them. After a failure
 * nothing more is begun; it rejects with that failure once what was begun has ended.
 */
export async function inParallel<T>(
  items: Iterable<T>,
  { limit, most = limit }: Limits,
  work: (item: T, place: ScanSlot) => Promise<void>,
): Promise<void> {
  const queue = items[Symbol.iterator]();
  const ended = Promise.withResolvers<void>();
  const failures: unknown[] = [];
  let [running, lent] = [0, 0];

  const fill = (): void => {
    while (failures.length === 0 && running - lent < limit && running < most) {
      const next = queue.next();
      if (next.done) break;
      void run(next.value);
    }
    if (running === 0) ended.resolve();
  };
  const run = async (item: T): Promise<void> => {
    running++;
    const { place, end } = createPlace((change) => {
      lent += change;
      if (change > 0) fill();
    });
    try {
      await work(item, place);
    } catch (error) {
      failures.push(error);
    } finally {
      end();
      running--;
      fill();
    }
  };

  fill();
  await ended.promise;
  if (failures.length > 0) throw failures[0];
}

/** `note` is told when the place is lent (1), and when it is taken back (-1). */
function createPlace(note: (change: 1 | -1) => void): { place: ScanSlot; end: () => void } {
  let timer: NodeJS.Timeout | undefined;
  let isLent = false;
  const hold = () => {
    clearTimeout(timer);
    if (isLent) note(-1);
    isLent = false;
  };
  const lend = () => {
    isLent = true;
    note(1);
  };
  const lendAfter = (ms: number) => {
    hold();
    timer = setTimeout(lend, ms);
  };
  return { place: { lendAfter, hold }, end: hold };
}
