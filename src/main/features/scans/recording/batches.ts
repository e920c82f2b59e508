type Options<T> = {
  /** Writes the first of these in one commit, at least one of them, until its time is over. Answers how many. Never throws. */
  write: (things: readonly T[], isOver: () => boolean) => number;
  most: number;
  waitMs: number;
  /** After so long a commit takes no more things: whoever else has something to do comes first. */
  turnMs: number;
  /** Milliseconds since some beginning. */
  clock: () => number;
};

/**
 * Gathers things that come one by one and writes them together, in their order: when `most` are waiting, when it is
 * told to hurry, or `waitMs` after the first of them. A commit costs a disk flush, so a thousand probes must not cost a
 * thousand. Between two commits there is a turn of the event loop, in which it may be held.
 */
export function createBatches<T>({ write, most, waitMs, turnMs, clock }: Options<T>) {
  let waiting: T[] = [];
  let timer: NodeJS.Timeout | null = null;
  let next: NodeJS.Immediate | null = null;
  let holders = 0;

  function hurry(): void {
    if (timer) clearTimeout(timer);
    timer = null;
    next ??= setImmediate(takeTurn);
  }

  function takeTurn(): void {
    next = null;
    if (holders > 0 || waiting.length === 0) return;
    const begun = clock();
    waiting = waiting.slice(countWritten(write(waiting, () => clock() - begun >= turnMs)));
    if (waiting.length > 0) hurry();
  }

  return {
    add(thing: T): void {
      waiting.push(thing);
      if (next) return;
      if (waiting.length >= most) hurry();
      else timer ??= setTimeout(hurry, waitMs);
    },

    /** Writes what is waiting, and waits for nothing more. */
    hurry,

    /** Writes nothing until each that holds it has let it go. */
    hold(): void {
      holders++;
    },

    letGo(): void {
      holders--;
      if (holders === 0 && waiting.length > 0) hurry();
    },
  };
}

/** What writes none of what it is given would be asked for ever. */
function countWritten(count: number): number {
  if (!(count > 0)) throw new Error("a commit has written nothing of its batch");
  return count;
}
