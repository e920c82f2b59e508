import { AT_ONCE_THROUGH_A_JUMP_HOST } from "#connect/connect-to-host.ts";
import type { PlannedLogin, PlannedRoute } from "#connect/logins.ts";
import type { Announcement } from "#shared/contract/events.ts";
import type { ScanId } from "#shared/model/hosts/scan.ts";
import type { Target, TlsTarget } from "#shared/model/hosts/target.ts";
import { isJumpHost, type ProxyUrl } from "#shared/model/hosts/target.ts";
import { toInstant } from "#shared/model/instant.ts";
import { brokenProbe, type EndedState, type ProbeResult } from "./recording/messages.ts";
import type { Recording } from "./recording/recording.ts";

/** What is visited, and how it is told. */
type ScanTask = { scanId: ScanId; targets: readonly Target[]; atOnce: AtOnce };

export type Probers = {
  /** The hosts, by the jump hosts that they lie behind. */
  routes: readonly PlannedRoute[];
  /** Keeps jump hosts open until it is disposed; null where there are none. */
  keepOpen: (jumps: PlannedRoute["jumps"]) => Promise<AsyncDisposable | null>;
  /** Both reject only when the scan is told to stop. */
  probeHost: (login: PlannedLogin) => Promise<ProbeResult>;
  /** `onReached`: told whenever an address has answered. */
  probeEndpoint: (target: TlsTarget, onReached?: () => void) => Promise<ProbeResult>;
  endpointProxies: {
    /** How an endpoint is reached. */
    of: (target: TlsTarget) => ProxyUrl;
    /** Keeps what leads there open until it is disposed; null where that is nothing. */
    keepOpen: (proxy: ProxyUrl) => Promise<AsyncDisposable | null>;
  };
};

type Keeping = {
  /** Resolves when one more visit may be kept. */
  waitForSlot: () => Promise<void>;
  /** Takes what a probe came to; writing it is not waited for. */
  keep: (result: ProbeResult) => void;
  /** Told of a fault of this program in one visit; the others go on. */
  log: (error: unknown) => void;
  now: () => Date;
};

type ScanDeps = {
  recording: Pick<Recording, "waitForSlot" | "keep" | "settle" | "finish" | "onFailure">;
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
  prepare: (signal: AbortSignal) => Probers,
  { controller, closing }: Signals,
): Promise<void> {
  const { scanId } = task;
  const signal = AbortSignal.any([controller.signal, closing]);
  recording.onFailure(scanId, (error) => controller.abort(error));
  let state: EndedState = "interrupted";
  try {
    await probeAll(task, prepare(signal), { ...recording, log, now }, signal);
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
async function probeAll(
  { scanId, targets, atOnce }: ScanTask,
  { routes, keepOpen, probeHost, probeEndpoint, endpointProxies }: Probers,
  { waitForSlot, keep, log, now }: Keeping,
  signal: AbortSignal,
): Promise<void> {
  const endpoints = Map.groupBy(
    targets.filter((target) => target.kind === "tls"),
    endpointProxies.of,
  );
  const all = [...[...endpoints].map(probeEndpoints), ...routes.map(probeRoute)];
  await Promise.allSettled(all);
  await Promise.all(all);

  async function probeEndpoints([proxy, behind]: [ProxyUrl, TlsTarget[]]): Promise<void> {
    await using _open = await endpointProxies.keepOpen(proxy);
    const most = isJumpHost(proxy) ? AT_ONCE_THROUGH_A_JUMP_HOST : atOnce.endpoints;
    const all = Math.min(most, atOnce.endpoints);
    const limit = behind.length > all ? Math.min(all, OF_MANY_AT_ONCE) : all;
    await inParallel(behind, { limit, most: all }, async (target, slot) => {
      slot.yieldAfter(UNANSWERED_MS);
      const result = await guarded(
        target,
        probeEndpoint(target, () => slot.yieldAfter(SILENT_MS)),
      );
      slot.hold();
      await waitForSlot();
      keep(result);
    });
  }

  async function probeRoute({ jumps, hosts }: PlannedRoute): Promise<void> {
    await using _open = await keepOpen(jumps);
    const most = jumps.length > 0 ? AT_ONCE_THROUGH_A_JUMP_HOST : atOnce.hosts;
    await inParallel(hosts, { limit: most * WAITING_FOR_EACH_PROBED }, async (logins) => {
      for (const login of logins) keep(await guarded(login.target, probeHost(login)));
    });
  }

  async function guarded(target: Target, probe: Promise<ProbeResult>): Promise<ProbeResult> {
    try {
      return await probe;
    } catch (error) {
      signal.throwIfAborted();
      log(error);
      return { kind: "met", probe: brokenProbe({ scanId, target, at: toInstant(now()), tookMs: 0 }) };
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
  const atMost = (share: number) => Math.max(1, Math.floor(freeDescriptors * share));
  return {
    hosts: Math.min(concurrency ?? HOSTS_AT_ONCE, atMost(1 / 4)),
    endpoints: Math.min(concurrency ?? ENDPOINTS_AT_ONCE, atMost(1 / 2)),
    isFixed: concurrency !== null || atMost(1 / 4) < HOSTS_AT_ONCE,
  };
}

/** The place of one item among those that are under way. */
type ScanSlot = {
  /** From so many milliseconds on another item may begin beside this one; until then, or until it is held, none. */
  yieldAfter(ms: number): void;
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
  work: (item: T, slot: ScanSlot) => Promise<void>,
): Promise<void> {
  const queue = items[Symbol.iterator]();
  const ended = Promise.withResolvers<void>();
  const failures: unknown[] = [];
  let [running, yielded] = [0, 0];

  const fill = (): void => {
    while (failures.length === 0 && running - yielded < limit && running < most) {
      const next = queue.next();
      if (next.done) break;
      void run(next.value);
    }
    if (running === 0) ended.resolve();
  };
  const run = async (item: T): Promise<void> => {
    running++;
    const { slot, end } = createSlot((change) => {
      yielded += change;
      if (change > 0) fill();
    });
    try {
      await work(item, slot);
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
function createSlot(note: (change: 1 | -1) => void): { slot: ScanSlot; end: () => void } {
  let timer: NodeJS.Timeout | undefined;
  let isYielded = false;
  const hold = () => {
    clearTimeout(timer);
    if (isYielded) note(-1);
    isYielded = false;
  };
  const yieldSlot = () => {
    isYielded = true;
    note(1);
  };
  const yieldAfter = (ms: number) => {
    hold();
    timer = setTimeout(yieldSlot, ms);
  };
  return { slot: { yieldAfter, hold }, end: hold };
}
