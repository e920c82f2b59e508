import { AT_ONCE_THROUGH_A_JUMP_HOST } from "#connect/connect-to-host.ts";
import type { PlannedLogin, PlannedRoute } from "#connect/logins.ts";
import type { Announcement } from "#shared/contract/events.ts";
import type { ScanId } from "#shared/model/hosts/scan.ts";
import type { Target, TlsTarget } from "#shared/model/hosts/target.ts";
import { isJumpHost, type ProxyUrl } from "#shared/model/hosts/target.ts";
import { toInstant } from "#shared/model/instant.ts";
import { formatHostAddress } from "#shared/text/hosts/target.ts";
import { brokenProbe, type EndedState, type ProbeResult } from "./recording/messages.ts";
import type { Recording } from "./recording/recording.ts";

/** What is probed, and how many at a time. */
type ScanTask = { scanId: ScanId; targets: readonly Target[]; atOnce: AtOnce };

/** A probe that waits for the user. */
export type HeldProbe = {
  kind: "held";
  /** Resolves to what it ends as, or to null where the host is to be probed again. Rejects when the scan is stopped. */
  decide: () => Promise<ProbeResult | null>;
};

export type Probers = {
  /** The hosts, grouped by the jump hosts before them. */
  routes: readonly PlannedRoute[];
  /** Keeps jump hosts open until it is disposed; null where there are none. */
  keepOpen: (jumps: PlannedRoute["jumps"]) => Promise<AsyncDisposable | null>;
  /** Both reject only when the scan is stopped. */
  probeHost: (login: PlannedLogin) => Promise<ProbeResult | HeldProbe>;
  /** `onReached` is called whenever an address has answered. */
  probeEndpoint: (target: TlsTarget, onReached?: () => void) => Promise<ProbeResult>;
  endpointProxies: {
    /** The proxy through which an endpoint is reached. */
    of: (target: TlsTarget) => ProxyUrl;
    /** Keeps the route through a proxy open until it is disposed; null where there is none. */
    keepOpen: (proxy: ProxyUrl) => Promise<AsyncDisposable | null>;
  };
};

type MetProbe = Extract<ProbeResult, { kind: "met" }>;

type Keeping = {
  /** Resolves when one more probe may be kept. */
  waitForSlot: () => Promise<void>;
  /** Keeps the result of a probe; the call does not wait for it to be written. */
  keep: (result: ProbeResult) => void;
  /** Logs a bug of this program in one probe; the others go on. */
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
  /** Aborted with `CANCELLED` by the user, or with the failure of a database that refuses further writes. */
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
      // A database that refuses further writes keeps the scan as running; the next process that opens it marks it as
      // interrupted.
      await recording.finish({ scanId, state, at: toInstant(now()) });
    } finally {
      // Clients that follow the scan must not wait for an end that no database stores.
      announce({ kind: "scan-finished", scanId });
    }
  }
}

/** A host that waits, for its turn or to be tried again, keeps no other from being probed. */
const WAITING_FOR_EACH_PROBED = 4;

/**
 * Where not all endpoints can begin at once, so many may run: a probe takes memory from when its address has answered.
 * Those that wait for an answer, or for a silent server, run beside them, as many as allowed.
 */
const OF_MANY_AT_ONCE = 64;
const UNANSWERED_MS = 100;
const SILENT_MS = 500;

/**
 * Probes every target: endpoints, and hosts by each route to them, side by side. A host that is named several times
 * (with several logins) is probed one login after the other. One that waits for the user keeps no other from being probed,
 * and goes on beside the others. Rejects when the signal aborts, once everything that was
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
    const waiting: Promise<void>[] = [];
    {
      await using _open = await keepOpen(jumps);
      const most = jumps.length > 0 ? AT_ONCE_THROUGH_A_JUMP_HOST : atOnce.hosts;
      await inParallel(hosts, { limit: most * WAITING_FOR_EACH_PROBED }, async (logins) => {
        for (const sameHost of Map.groupBy(logins, ({ target }) => formatHostAddress(target)).values()) {
          const left = [...sameHost];
          const held = await probeLogins(left);
          if (held) waiting.push(goOn(held, left));
        }
      });
    }
    await Promise.allSettled(waiting);
    await Promise.all(waiting);
  }

  /** Probes these logins until one waits for the user: that one, which is returned, and those after it are left. */
  async function probeLogins(left: PlannedLogin[]): Promise<HeldProbe | null> {
    for (let [login] = left; login; [login] = left) {
      const result = await guarded(login.target, probeHost(login));
      if (result.kind === "held") return result;
      keep(result);
      left.shift();
    }
    return null;
  }

  function goOn(first: HeldProbe, left: PlannedLogin[]): Promise<void> {
    const going = probeAsDecided();
    // It is awaited when all others have been probed, and may fail before that.
    going.catch(() => undefined);
    return going;

    async function probeAsDecided(): Promise<void> {
      for (let held: HeldProbe | null = first; held; held = await probeLogins(left)) {
        const result = await held.decide();
        if (!result) continue;
        keep(result);
        left.shift();
      }
    }
  }

  async function guarded<Result>(target: Target, probe: Promise<Result>): Promise<Result | MetProbe> {
    try {
      return await probe;
    } catch (error) {
      signal.throwIfAborted();
      log(error);
      return { kind: "met", probe: brokenProbe({ scanId, target, at: toInstant(now()), tookMs: 0 }) };
    }
  }
}

/**
 * Probes at a time: logins to hosts, and endpoints. `isFixed`: the limit is never exceeded, not even for hosts that
 * hang.
 */
export type AtOnce = { hosts: number; endpoints: number; isFixed: boolean };

/** Logins at a time: enough to hide slow hosts, few enough for a small router. */
const HOSTS_AT_ONCE = 32;

/** Endpoints in progress at a time. Dead addresses wait here together; the prober limits the handshakes. */
const ENDPOINTS_AT_ONCE = 2_048;

/** So many at a time of each kind as the user wants, or by default; never more than there are file descriptors for. */
export function chooseAtOnce(concurrency: number | null, freeDescriptors: number): AtOnce {
  // A login may need another descriptor for the agent, and an endpoint has up to eight addresses.
  const atMost = (share: number) => Math.max(1, Math.floor(freeDescriptors * share));
  return {
    hosts: Math.min(concurrency ?? HOSTS_AT_ONCE, atMost(1 / 4)),
    endpoints: Math.min(concurrency ?? ENDPOINTS_AT_ONCE, atMost(1 / 2)),
    isFixed: concurrency !== null || atMost(1 / 4) < HOSTS_AT_ONCE,
  };
}

/** The slot of one item among those in progress. */
type ScanSlot = {
  /** After so many milliseconds another item may begin beside this one; until then, or until `hold`, none may. */
  yieldAfter(ms: number): void;
  /** No other item begins beside this one, though one may have begun already. */
  hold(): void;
};

type Limits = {
  limit: number;
  /** In progress at a time, including items that have yielded their slots; absent: slots are not yielded. */
  most?: number;
};

/**
 * Works through `items`, at most `limit` at a time, beside those that have yielded their slots. After a failure nothing
 * more begins; it rejects with that failure once everything that was begun has ended.
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

/** `note` is called with 1 when the slot is yielded, and with -1 when it is held again. */
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
