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
