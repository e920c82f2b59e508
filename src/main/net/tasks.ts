/** How tasks go side by side, are stopped, and are tried again. */
import { setTimeout as pause } from "node:timers/promises";

/**
 * Works through `items`, at most `limit` at a time. After a failure nothing more is begun; it rejects with that failure
 * once what was begun has ended.
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
 * Calls `stop` when the signal says so, until what this gives is called; not where it has said so before. A signal looks
 * through all its listeners whenever one comes or goes, and a scan has thousands: here it has one for all of them.
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
 * What may have passed when it is tried again: nobody listened, as while sshd restarts; sshd lets this address wait;
 * this computer had no descriptor left for a connection; or the host waited no longer for something to be typed, while
 * somebody was asked about another one. Null for all that stands.
 */
export type TransientCause = "refused" | "throttled" | "no-descriptor" | "before-its-turn";

/** How waiting is done, and jitter drawn (from 0 to below 1). A test passes its own. */
export type RetryPolicy = { wait: (ms: number, signal: AbortSignal) => Promise<void>; random: () => number };

export const RETRY_POLICY: RetryPolicy = {
  wait: (ms, signal) => pause(ms, undefined, { signal }),
  random: Math.random,
};

/**
 * The least and the most to wait before each further try, in milliseconds.
 *
 * `throttled`: MaxStartups has passed in a second or two. A penalty lasts 15 s at the least before sshd turns anybody
 * away, so the last try comes later than that; a longer penalty is not waited for, and nothing adds to it.
 * `no-descriptor`: other connections of ours end meanwhile, each within half a minute.
 * `before-its-turn`: sshd waits two minutes each time, in which others are answered.
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

/** How long to wait before the next try after so many; null: it stands. */
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

/** Tries until it is well, or stands, or has been tried often enough. Rejects only when told to stop. */
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
