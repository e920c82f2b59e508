import type { KnownHosts } from "#domain/ssh/known-hosts.ts";

/** About two microseconds each: some seconds of work, once for each content of the files. */
const MOST_TRIES = 2_000_000;
/** Between two pauses in which others are served. */
const TRIES_AT_ONCE = 10_000;

/**
 * Tries every name with every hashed line, for only so can be told whose it is. The files remember what was found.
 * Answers which names were not tried, because that would be too much.
 */
export async function tryHashed(
  names: readonly string[],
  knownHosts: readonly KnownHosts[],
  mostTries = MOST_TRIES,
): Promise<ReadonlySet<string>> {
  const hashed = knownHosts.reduce((sum, known) => sum + known.hashed, 0);
  if (hashed === 0) return new Set();
  const triable = Math.floor(mostTries / hashed);
  let tries = 0;
  for (const name of names.slice(0, triable)) {
    for (const known of knownHosts) known.find(name);
    tries += hashed;
    if (tries < TRIES_AT_ONCE) continue;
    tries = 0;
    await new Promise((resolve) => setImmediate(resolve));
  }
  return new Set(names.slice(triable));
}
