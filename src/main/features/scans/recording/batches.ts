type Options<T> = {
  /** Writes the first of these in one commit, at least one of them, until its time is over. Answers how many. Never throws. */
  write: (things: readonly T[], isOver: () => boolean) => number;
  most: number;
  waitMs: number;
  /** When one of these is over a commit takes no more things: whoever else has something to do comes first. */
  turns: readonly Turn[];
};

/** So many milliseconds by a clock that tells those since some beginning. */
type Turn = { ms: number; clock: () => number };

/**
 * Gathers things that come one by one and writes them together, in their order: when `most` are waiting, when it is
 * told to hurry, or `waitMs` after the first of them. A commit costs a disk flush, so a thousand probes must not cost a
 * thousand. Between two commits there is a turn of the event loop, in which it may be held.
 */
export function createBatches<T>({ write, most, waitMs, turns }: Options<T>) {
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
    const ends = turns.map(({ ms, clock }) => ({ clock, at: clock() + ms }));
    const isOver = () => ends.some(({ clock, at }) => clock() >= at);
    waiting = waiting.slice(countWritten(write(waiting, isOver)));
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
