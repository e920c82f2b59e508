/** Runs are as many as it takes to tell what grows from what a busy computer adds. */
const TRIES = 3;

type Growing<Input> = { make: (size: number) => Input; work: (input: Input) => unknown; size: number };

/**
 * How much more time of this thread's own is needed for eight times as much: about 8 where the time grows with the
 * input, 64 where it grows with its square. The least of some tries, for the collector of garbage adds to any of them.
 */
export function growthOf<Input>({ make, work, size }: Growing<Input>): number {
  const [small, large] = [make(size), make(size * 8)];
  work(small);
  let least = Number.POSITIVE_INFINITY;
  for (let tries = 0; tries < TRIES && least > 10; tries++)
    least = Math.min(
      least,
      timeOf(() => work(large)) /
        Math.max(
          timeOf(() => work(small)),
          LEAST_MS,
        ),
    );
  return least;
}

/** What takes less than a clock tells is taken to take so long. */
const LEAST_MS = 1;

/** Eight times as much may take so many times as long: more than what grows with the input, less than its square. */
export const MOST_GROWTH = 30;

function timeOf(work: () => unknown): number {
  const before = process.threadCpuUsage();
  work();
  const { user, system } = process.threadCpuUsage(before);
  return (user + system) / 1_000;
}
