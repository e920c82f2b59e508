import type { ScanId } from "#shared/model/hosts/scan.ts";

/** A scan, and how far it saw: what it could have seen and did not see is gone. */
export type ScanCoverage = {
  scanId: ScanId;
  /** False when the reading was cut short: then nothing that is missing from it is gone. */
  isWhole: boolean;
  /** Whether a file at this path would have been seen. */
  couldSee: (path: string) => boolean;
};

/**
 * `unlisted`: accounts that are known and may still be there, though the directory of the host did not list them this
 * time.
 */
export type HostCoverage = ScanCoverage & { unlisted: ReadonlySet<string> };

type Spans<Seen> = {
  /** What is known to be there: rows by their identity. */
  current: ReadonlyMap<string, number>;
  seen: ReadonlyMap<string, Seen>;
  /** Whether a missing thing is gone, and not just out of sight. */
  isGone: (key: string) => boolean;
  begin: (seen: Seen) => number;
  extend: (id: number, seen: Seen) => void;
  end: (id: number) => void;
};

/**
 * The same thing seen again goes on, a missing one ends, and one that is new (or is back) begins. Returns the row of
 * everything that was seen.
 */
export function followSpans<Seen>({
  current,
  seen,
  isGone,
  begin,
  extend,
  end,
}: Spans<Seen>): Map<string, number> {
  const rows = new Map<string, number>();
  // What ends is written first, so that its successor finds it gone.
  for (const [key, id] of current) if (!seen.has(key) && isGone(key)) end(id);
  for (const [key, thing] of seen) {
    const id = current.get(key);
    if (id !== undefined) extend(id, thing);
    rows.set(key, id ?? begin(thing));
  }
  return rows;
}

export const byKey = <Thing>(things: readonly Thing[], keyOf: (thing: Thing) => string): Map<string, Thing> =>
  new Map(things.map((thing) => [keyOf(thing), thing]));

/**
 * Returns a test for whether a path is one of these, or below one of them. It looks up the folders above the path, so
 * its cost does not depend on how many paths there are.
 */
export function createPathsBelow(paths: readonly string[]): (path: string) => boolean {
  const named = new Set(paths.map((path) => path.replace(/(?<=.)\/$/, "")));
  return (path) => {
    if (named.size === 0) return false;
    for (let at = path; ; at = at.slice(0, at.lastIndexOf("/")) || "/") {
      if (named.has(at)) return true;
      if (at === "/" || !at.includes("/")) return false;
    }
  };
}
