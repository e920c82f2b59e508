type Options<T> = {
  write: (things: T[]) => void;
  /** Told once, with the first failure; nothing is written after it. */
  onFailure: (error: unknown) => void;
  most: number;
  waitMs: number;
};

/**
 * Gathers things that come one by one and writes them together: when `most` are
 * waiting, or `waitMs` after the first of them. A commit costs a disk flush, so
 * a thousand probes must not cost a thousand. Nobody waits for a write.
 */
export function createBatches<T>({ write, onFailure, most, waitMs }: Options<T>) {
  let waiting: T[] = [];
  let timer: NodeJS.Timeout | null = null;
  let hasFailed = false;

  function flush(): void {
    if (timer) clearTimeout(timer);
    timer = null;
    const batch = waiting;
    waiting = [];
    if (batch.length === 0 || hasFailed) return;
    try {
      write(batch);
    } catch (error) {
      hasFailed = true;
      onFailure(error);
    }
  }

  return {
    add(thing: T): void {
      waiting.push(thing);
      if (waiting.length >= most) flush();
      else timer ??= setTimeout(flush, waitMs);
    },
    flush,
  };
}
