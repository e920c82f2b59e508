/** How tasks run side by side, are stopped, and are retried. */
import { setTimeout as pause } from "node:timers/promises";

/**
 * Works through `items`, at most `limit` at a time. After a failure it begins nothing more, and rejects with that
 * failure once all that was begun has ended.
 */
export async function sideBySide<T>(
  items: Iterable<T>,
  limit: number,
  work: (item: T) => Promise<void>,
): Promise<void> {
  const queue = items[Symbol.iterator]();
  let hasFailed = false;
  const worker = async () => {
    for (let next = queue.next(); !next.done && !hasFailed; next = queue.next()) {
      await work(next.value).catch((error) => {
        hasFailed = true;
        throw error;
      });
    }
  };
  const workers = Array.from({ length: limit }, worker);
  await Promise.allSettled(workers);
  await Promise.all(workers);
}

const stops = new WeakMap<AbortSignal, Set<() => void>>();

/**
 * Calls `stop` when the signal aborts, unless the returned function was called before; never for one that has aborted
 * already. A signal searches all its listeners whenever one comes or goes, and a scan has thousands: here it has one.
 */
export function onAbort(signal: AbortSignal, stop: () => void): () => void {
  const known = stops.get(signal) ?? listenTo(signal);
  known.add(stop);
  return () => known.delete(stop);
}

function listenTo(signal: AbortSignal): Set<() => void> {
  const waiting = new Set<() => void>();
  stops.set(signal, waiting);
  signal.addEventListener(
    "abort",
    () => {
      for (const stop of waiting) stop();
      waiting.clear();
    },
    { once: true },
  );
  return waiting;
}

/**
 * Causes that a retry may no longer meet. `refused`: nobody listened, as while sshd restarts; `throttled`: sshd refuses
 * this address for now; `no-descriptor`: this computer had no descriptor left; `before-its-turn`: the host ended the
 * login while a person was prompted for another one. Null: a retry would not help.
 */
export type TransientCause = "refused" | "throttled" | "no-descriptor" | "before-its-turn";

/** How to wait, and how to draw jitter (from 0 to below 1). A test passes its own. */
export type RetryPolicy = { wait: (ms: number, signal: AbortSignal) => Promise<void>; random: () => number };

export const RETRY_POLICY: RetryPolicy = {
  wait: (ms, signal) => pause(ms, undefined, { signal }),
  random: Math.random,
};

/**
 * The least and the most time to wait before each further try, in milliseconds.
 *
 * `throttled`: MaxStartups is over within a second or two. A penalty lasts at least 15 s once sshd turns anybody away,
 * so the last try comes later than that; we do not wait for a longer penalty, and our tries do not add to it.
 * `no-descriptor`: meanwhile other connections of ours end, each within half a minute. `before-its-turn`: sshd waits
 * two minutes each time, in which other prompts are answered.
 */
const PAUSES: Record<TransientCause, readonly (readonly [number, number])[]> = {
  refused: [[200, 600]],
  throttled: [
    [1_000, 2_000],
    [16_000, 20_000],
  ],
  "no-descriptor": Array.from({ length: 60 }, () => [500, 1_500] as const),
  "before-its-turn": Array.from({ length: 10 }, () => [500, 1_500] as const),
};

/** How long to wait before the next try after so many; null: give up. */
export function pauseBeforeNext(
  transient: TransientCause | null,
  tries: number,
  random: number,
): number | null {
  const range = transient && PAUSES[transient][tries - 1];
  if (!range) return null;
  const [least, most] = range;
  return Math.round(least + random * (most - least));
}

/** Tries until it succeeds, fails for good, or was tried often enough. Rejects only when `signal` aborts. */
export async function retry<T extends object>(
  attempt: () => Promise<T>,
  { wait, random }: RetryPolicy,
  signal: AbortSignal,
): Promise<T> {
  for (let tries = 1; ; tries++) {
    const result = await attempt();
    const transient = "transient" in result ? (result.transient as TransientCause | null) : null;
    const ms = pauseBeforeNext(transient, tries, random());
    if (ms === null) return result;
    await wait(ms, signal);
    signal.throwIfAborted();
  }
}
