import type { ScanId } from "#shared/model/hosts/scan.ts";

/** The scan that looked, and how far it saw: what it did not see where it could have seen it is gone. */
export type ScanCoverage = {
  scanId: ScanId;
  /** False when the reading was cut short: then nothing that is missing from it is gone. */
  isWhole: boolean;
  /** Whether a file at this path would have been seen. */
  couldSee: (path: string) => boolean;
};

/** On a host, accounts that are known and may still be there, though its directory did not list them this time. */
export type HostCoverage = ScanCoverage & { unlisted: ReadonlySet<string> };

type Spans<Seen> = {
  /** What is known to be there, by its identity. */
  current: ReadonlyMap<string, number>;
  seen: ReadonlyMap<string, Seen>;
  /** Whether a missing thing is gone, and not just out of sight. */
  isGone: (key: string) => boolean;
  begin: (seen: Seen) => number;
  extend: (id: number, seen: Seen) => void;
  end: (id: number) => void;
};

/**
 * The same thing seen again goes on, one that is missing ends, one that is new (or is back) begins.
 * Gives the row of everything that was seen.
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
  // What ends comes first, so that what takes its place finds it gone.
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

/** Tells whether a path is one of these, or below one of them: by the folders above it, however many these are. */
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
