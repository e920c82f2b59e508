type Options<T> = {
  /** Writes the first of these in one commit, at least one of them, until its time is over. Answers how many. */
  write: (things: readonly T[], isOver: () => boolean) => number;
  /** Told once, with the first failure; nothing is written after it. */
  onFailure: (error: unknown) => void;
  most: number;
  waitMs: number;
  /** After so long a commit takes no more things: whoever else has something to do comes first. */
  turnMs: number;
  /** Milliseconds since some beginning. */
  clock: () => number;
};

/**
 * Gathers things that come one by one and writes them together, in their order: when `most` are waiting, or `waitMs`
 * after the first of them. A commit costs a disk flush, so a thousand probes must not cost a thousand; and nothing else
 * happens meanwhile, so it is not to take long. Nobody waits for a write.
 */
export function createBatches<T>({ write, onFailure, most, waitMs, turnMs, clock }: Options<T>) {
  let waiting: T[] = [];
  let timer: NodeJS.Timeout | null = null;
  let next: NodeJS.Immediate | null = null;
  let hasFailed = false;

  /** Writes all that is waiting, however long it takes. */
  function flush(): void {
    clearImmediate(next ?? undefined);
    next = null;
    while (waiting.length > 0) writeSome(() => false);
  }

  function takeTurn(): void {
    next = null;
    const begun = clock();
    writeSome(() => clock() - begun >= turnMs);
    if (waiting.length > 0) next = setImmediate(takeTurn);
  }

  function writeSome(isOver: () => boolean): void {
    if (timer) clearTimeout(timer);
    timer = null;
    if (waiting.length === 0) return;
    try {
      if (!hasFailed) waiting = waiting.slice(countWritten(write(waiting, isOver)));
    } catch (error) {
      hasFailed = true;
      onFailure(error);
    }
    if (hasFailed) waiting = [];
  }

  return {
    add(thing: T): void {
      waiting.push(thing);
      if (next) return;
      if (waiting.length >= most) takeTurn();
      else timer ??= setTimeout(takeTurn, waitMs);
    },
    flush,
  };
}

/** What writes none of what it is given would be asked for ever. */
function countWritten(count: number): number {
  if (!(count > 0)) throw new Error("a commit has written nothing of its batch");
  return count;
}
