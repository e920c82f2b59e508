import { linesOf } from "#domain/rotation/bytes/lines.ts";
import type { Splice } from "#shared/model/plan.ts";
import { readExactly } from "#shared/text/exact-bytes.ts";

/** The lines, counted from 1, of which these splices take something away. */
export function numbersOf(bytes: Uint8Array, splices: readonly Splice[]): number[] {
  const gone = splices.map(({ at, removed }) => ({ at, until: at + (readExactly(removed)?.length ?? 0) }));
  return linesOf(bytes)
    .filter((line) => gone.some(({ at, until }) => at < line.next && until > line.at))
    .map(({ number }) => number);
}
