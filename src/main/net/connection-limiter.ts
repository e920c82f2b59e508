import { readdirSync, readFileSync } from "node:fs";

/** At most `most` slots at a time for this key. */
export type ConnectionLimit = {
  key: string;
  most: number;
  /** Slower work goes on, but its slot goes to the next that waits. At most `most` slots are yielded at a time. */
  yieldAfterMs?: number;
};

/** A slot that may be yielded to others while the work that acquired it goes on. */
type YieldableLimit = { limit: ConnectionLimit; hasYielded: boolean; yieldSlot: () => void };

/** Releases the slots, all or those of some limits; a second call does nothing. */
export type Release = (some?: readonly ConnectionLimit[]) => void;

/**
 * Slots of several limits, first come, first served. A caller that needs several gets them all at once, and holds none
 * while it waits: so nobody waits for a slot whose owner waits, too.
 */
export class ConnectionLimiter {
  readonly #held = new Map<string, number>();
  /** How many slots of a key running work has yielded; and the work that waits until it may yield its own. */
  readonly #yielded = new Map<string, number>();
  readonly #overdue = new Set<YieldableLimit>();
  readonly #waiting = new Set<{ limits: readonly ConnectionLimit[]; begin: () => void }>();

  /** Rejects only when `signal` aborts; then it waits no longer, whoever holds the slots. */
  async acquire(limits: readonly ConnectionLimit[], signal: AbortSignal): Promise<Release> {
    signal.throwIfAborted();
    if (this.#hasFreeSlots(limits)) this.#hold(limits);
    else await this.#waitFor(limits, signal);
    const held = new Set(limits);
    return (some = limits) => this.#release(some.filter((limit) => held.delete(limit)));
  }

  /** Does the work while it holds the slots. */
  async during<T>(
    limits: readonly ConnectionLimit[],
    signal: AbortSignal,
    work: () => Promise<T>,
  ): Promise<T> {
    const release = await this.acquire(limits, signal);
    const yieldables = limits
      .filter(({ yieldAfterMs }) => yieldAfterMs !== undefined)
      .map((limit): YieldableLimit => ({ limit, hasYielded: false, yieldSlot: () => release([limit]) }));
    const timers = yieldables.map((yieldable) =>
      setTimeout(() => this.#yieldOrWait(yieldable), yieldable.limit.yieldAfterMs),
    );
    try {
      return await work();
    } finally {
      timers.forEach(clearTimeout);
      release();
      for (const yieldable of yieldables) this.#endYield(yieldable);
    }
  }

  #yieldOrWait(yieldable: YieldableLimit): void {
    const { key, most } = yieldable.limit;
    const yielded = this.#yielded.get(key) ?? 0;
    if (yielded >= most) {
      this.#overdue.add(yieldable);
      return;
    }
    this.#yielded.set(key, yielded + 1);
    yieldable.hasYielded = true;
    yieldable.yieldSlot();
  }

  /** The next work that waits to yield a slot of the same key does so now. */
  #endYield(ended: YieldableLimit): void {
    this.#overdue.delete(ended);
    if (!ended.hasYielded) return;
    const { key } = ended.limit;
    const left = (this.#yielded.get(key) ?? 0) - 1;
    if (left > 0) this.#yielded.set(key, left);
    else this.#yielded.delete(key);
    for (const next of this.#overdue) {
      if (next.limit.key !== key) continue;
      this.#overdue.delete(next);
      this.#yieldOrWait(next);
      return;
    }
  }

  async #waitFor(limits: readonly ConnectionLimit[], signal: AbortSignal): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const waiting = { limits, begin: resolve };
    const stop = () => {
      this.#waiting.delete(waiting);
      reject(signal.reason);
    };
    this.#waiting.add(waiting);
    signal.addEventListener("abort", stop);
    await promise.finally(() => signal.removeEventListener("abort", stop));
  }

  #release(limits: readonly ConnectionLimit[]): void {
    for (const { key } of limits) {
      const left = (this.#held.get(key) ?? 0) - 1;
      if (left > 0) this.#held.set(key, left);
      else this.#held.delete(key);
    }
    for (const next of this.#waiting) {
      if (!this.#hasFreeSlots(next.limits)) continue;
      this.#waiting.delete(next);
      this.#hold(next.limits);
      next.begin();
    }
  }

  #hasFreeSlots(limits: readonly ConnectionLimit[]): boolean {
    return limits.every(({ key, most }) => (this.#held.get(key) ?? 0) < most);
  }

  #hold(limits: readonly ConnectionLimit[]): void {
    for (const { key } of limits) this.#held.set(key, (this.#held.get(key) ?? 0) + 1);
  }
}

/** At most so many at a time; the others wait in their order. */
export class Slots {
  #free: number;
  readonly #waiting: (() => void)[] = [];

  constructor(count: number) {
    this.#free = count;
  }

  /** Waits for a slot; resolves to the function that releases it, once. Rejects only when `signal` aborts. */
  async acquire(signal?: AbortSignal): Promise<() => void> {
    signal?.throwIfAborted();
    if (this.#free > 0) this.#free--;
    else await this.#wait(signal);
    let isHeld = true;
    return () => {
      if (!isHeld) return;
      isHeld = false;
      const next = this.#waiting.shift();
      if (next) next();
      else this.#free++;
    };
  }

  async #wait(signal?: AbortSignal): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const stop = () => {
      const index = this.#waiting.indexOf(resolve);
      // No longer in the queue: this caller has a slot, and must release it.
      if (index < 0) return;
      this.#waiting.splice(index, 1);
      reject(signal?.reason);
    };
    this.#waiting.push(resolve);
    signal?.addEventListener("abort", stop);
    await promise.finally(() => signal?.removeEventListener("abort", stop));
  }
}

/** At most so many at a time for each key; a key is forgotten when nobody holds or awaits a slot of it. */
export class SlotsByKey {
  readonly #count: number;
  readonly #slots = new Map<string, { slots: Slots; users: number }>();

  constructor(count: number) {
    this.#count = count;
  }

  async acquire(key: string): Promise<() => void> {
    const entry = this.#slots.get(key) ?? { slots: new Slots(this.#count), users: 0 };
    this.#slots.set(key, entry);
    entry.users++;
    const release = await entry.slots.acquire();
    return () => {
      release();
      if (--entry.users === 0) this.#slots.delete(key);
    };
  }
}

/** Descriptors kept for everything but connections: the database, pipes, name look-ups, the agent, key files. */
const RESERVE = 24;

/** Used if the system does not report its limit; a connection that fails for lack of a descriptor is retried. */
const UNKNOWN_LIMIT = 4_096;

/** How many more descriptors this process may open for connections; at least two. */
export function countFreeDescriptors(): number {
  try {
    const limit = readLimit(readFileSync("/proc/self/limits", "utf8"));
    if (limit === null) return UNKNOWN_LIMIT;
    return Math.max(2, limit - readdirSync("/proc/self/fd").length - RESERVE);
  } catch {
    // Only Linux has this file.
    return UNKNOWN_LIMIT;
  }
}

/** The soft limit in /proc/PID/limits (proc_pid_limits(5)); null: unlimited, or unknown. */
export function readLimit(limits: string): number | null {
  const soft = /^Max open files\s+(\d+)\s/m.exec(limits)?.[1];
  return soft === undefined ? null : Number(soft);
}
