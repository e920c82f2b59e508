import { readdirSync, readFileSync } from "node:fs";

/** So many at a time, of whatever the key names. */
export type ConnectionLimit = {
  key: string;
  most: number;
  /** Work that takes longer goes on, but no longer keeps others waiting for this place: as many at a time as `most`. */
  yieldAfterMs?: number;
};

/** A place that is lent on while the work that took it goes on. */
type Lending = { place: ConnectionLimit; isLent: boolean; lend: () => void };

/** Gives the places back, all or some; a second time does nothing. */
export type Release = (some?: readonly ConnectionLimit[]) => void;

/**
 * Places that are taken in turn. Who needs several gets them all at once, and holds none while it waits: so nobody
 * waits for a place that is held by somebody who waits.
 */
export class ConnectionLimiter {
  readonly #taken = new Map<string, number>();
  /** Places whose work goes on beside those that hold one, by their keys; and those whose work has taken so long, too. */
  readonly #lent = new Map<string, number>();
  readonly #overdue = new Set<Lending>();
  readonly #waiting = new Set<{ places: readonly ConnectionLimit[]; begin: () => void }>();

  /** Rejects only when told to stop; then it waits no longer, whoever holds the places. */
  async acquire(places: readonly ConnectionLimit[], signal: AbortSignal): Promise<Release> {
    signal.throwIfAborted();
    if (this.#hasRoom(places)) this.#seize(places);
    else await this.#waitFor(places, signal);
    const held = new Set(places);
    return (some = places) => this.#free(some.filter((place) => held.delete(place)));
  }

  /** Does the work while it holds the places. */
  async during<T>(
    places: readonly ConnectionLimit[],
    signal: AbortSignal,
    work: () => Promise<T>,
  ): Promise<T> {
    const release = await this.acquire(places, signal);
    const lendings = places
      .filter(({ yieldAfterMs }) => yieldAfterMs !== undefined)
      .map((place): Lending => ({ place, isLent: false, lend: () => release([place]) }));
    const timers = lendings.map((lending) =>
      setTimeout(() => this.#lendOrWait(lending), lending.place.yieldAfterMs),
    );
    try {
      return await work();
    } finally {
      timers.forEach(clearTimeout);
      release();
      for (const lending of lendings) this.#endLending(lending);
    }
  }

  #lendOrWait(lending: Lending): void {
    const { key, most } = lending.place;
    const lent = this.#lent.get(key) ?? 0;
    if (lent >= most) {
      this.#overdue.add(lending);
      return;
    }
    this.#lent.set(key, lent + 1);
    lending.isLent = true;
    lending.lend();
  }

  /** Who has waited to lend the same place does so now. */
  #endLending(ended: Lending): void {
    this.#overdue.delete(ended);
    if (!ended.isLent) return;
    const { key } = ended.place;
    const left = (this.#lent.get(key) ?? 0) - 1;
    if (left > 0) this.#lent.set(key, left);
    else this.#lent.delete(key);
    for (const next of this.#overdue) {
      if (next.place.key !== key) continue;
      this.#overdue.delete(next);
      this.#lendOrWait(next);
      return;
    }
  }

  async #waitFor(places: readonly ConnectionLimit[], signal: AbortSignal): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const waiting = { places, begin: resolve };
    const stop = () => {
      this.#waiting.delete(waiting);
      reject(signal.reason);
    };
    this.#waiting.add(waiting);
    signal.addEventListener("abort", stop);
    await promise.finally(() => signal.removeEventListener("abort", stop));
  }

  #free(places: readonly ConnectionLimit[]): void {
    for (const { key } of places) {
      const left = (this.#taken.get(key) ?? 0) - 1;
      if (left > 0) this.#taken.set(key, left);
      else this.#taken.delete(key);
    }
    for (const next of this.#waiting) {
      if (!this.#hasRoom(next.places)) continue;
      this.#waiting.delete(next);
      this.#seize(next.places);
      next.begin();
    }
  }

  #hasRoom(places: readonly ConnectionLimit[]): boolean {
    return places.every(({ key, most }) => (this.#taken.get(key) ?? 0) < most);
  }

  #seize(places: readonly ConnectionLimit[]): void {
    for (const { key } of places) this.#taken.set(key, (this.#taken.get(key) ?? 0) + 1);
  }
}

/** So many at a time; the others wait in their order. */
export class Slots {
  #free: number;
  readonly #waiting: (() => void)[] = [];

  constructor(count: number) {
    this.#free = count;
  }

  /** Waits for a slot; answers with the function that gives it back, once. Rejects only when told to stop. */
  async take(signal?: AbortSignal): Promise<() => void> {
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
      // Not there any more: it has a slot, and is to give it back.
      if (index < 0) return;
      this.#waiting.splice(index, 1);
      reject(signal?.reason);
    };
    this.#waiting.push(resolve);
    signal?.addEventListener("abort", stop);
    await promise.finally(() => signal?.removeEventListener("abort", stop));
  }
}

/** So many at a time for each key; a key is forgotten when nobody holds or awaits a slot of it. */
export class SlotsByKey {
  readonly #count: number;
  readonly #slots = new Map<string, { slots: Slots; users: number }>();

  constructor(count: number) {
    this.#count = count;
  }

  async take(key: string): Promise<() => void> {
    const entry = this.#slots.get(key) ?? { slots: new Slots(this.#count), users: 0 };
    this.#slots.set(key, entry);
    entry.users++;
    const giveBack = await entry.slots.take();
    return () => {
      giveBack();
      if (--entry.users === 0) this.#slots.delete(key);
    };
  }
}

/** Kept for all that is no connection: the database, pipes, look-ups, the agent, key files. */
const RESERVE = 24;

/** Where the system does not tell, so many connections are dared; what fails for want of one is tried again. */
const UNTOLD = 4_096;

/** How many more descriptors this process may open for connections; at least two. */
export function countFreeDescriptors(): number {
  try {
    const limit = readLimit(readFileSync("/proc/self/limits", "utf8"));
    if (limit === null) return UNTOLD;
    return Math.max(2, limit - readdirSync("/proc/self/fd").length - RESERVE);
  } catch {
    // Only Linux tells it so.
    return UNTOLD;
  }
}

/** The soft limit in /proc/PID/limits (proc_pid_limits(5)); null: it is unlimited, or is not told. */
export function readLimit(limits: string): number | null {
  const soft = /^Max open files\s+(\d+)\s/m.exec(limits)?.[1];
  return soft === undefined ? null : Number(soft);
}
