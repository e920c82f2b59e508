/** As many runs as it takes to distinguish growth from the load of a busy computer. */
const TRIES = 3;

/** `most`: what the test allows; a try that is below it needs no other. */
type Growing<Input> = {
  make: (size: number) => Input;
  work: (input: Input) => unknown;
  size: number;
  most?: number;
};

/**
 * How many times as long this thread's own work takes for eight times as much input: about 8 if the time grows with the
 * input, 64 if it grows with its square. The least of several tries, because garbage collection adds to any of them.
 */
export function growthOf<Input>({ make, work, size, most = 10 }: Growing<Input>): number {
  const [small, large] = [make(size), make(size * 8)];
  work(small);
  let least = Number.POSITIVE_INFINITY;
  for (let tries = 0; tries < TRIES && least > most; tries++)
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

/** A shorter time than the clock can measure counts as this. */
const LEAST_MS = 1;

/** Eight times as much input may take this many times as long: more than linear growth, less than quadratic. */
export const MOST_GROWTH = 30;

function timeOf(work: () => unknown): number {
  const before = process.threadCpuUsage();
  work();
  const { user, system } = process.threadCpuUsage(before);
  return (user + system) / 1_000;
}
