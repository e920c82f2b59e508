/** The name that differs little from what was typed; null where there is none. */
export function findSimilar(typed: string, names: readonly string[]): string | null {
  const start = typed.slice(0, MOST_LETTERS);
  const [nearest] = names
    .map((name) => ({ name, distance: countEdits(start, name) }))
    .filter(({ name, distance }) => distance <= Math.max(1, Math.floor(name.length / 3)))
    .toSorted((one, other) => one.distance - other.distance);
  return nearest?.name ?? null;
}

/** ` (did you mean scan?)` where a name differs little from what was typed; else empty. */
export function formatSimilar(typed: string, names: readonly string[]): string {
  const nearest = findSimilar(typed, names);
  return nearest === null ? "" : ` (did you mean ${nearest}?)`;
}

const MOST_LETTERS = 40;

/** How many letters have to be inserted, deleted or replaced, or exchanged with the next one (Damerau, Levenshtein). */
function countEdits(one: string, other: string): number {
  const rows: number[][] = [Array.from({ length: other.length + 1 }, (_, at) => at)];
  for (let at = 1; at <= one.length; at++) {
    const row = [at];
    for (let to = 1; to <= other.length; to++) {
      const isSame = one[at - 1] === other[to - 1];
      const isExchanged = at > 1 && to > 1 && one[at - 1] === other[to - 2] && one[at - 2] === other[to - 1];
      row[to] = Math.min(
        (rows[at - 1]?.[to] ?? 0) + 1,
        (row[to - 1] ?? 0) + 1,
        (rows[at - 1]?.[to - 1] ?? 0) + (isSame ? 0 : 1),
        isExchanged ? (rows[at - 2]?.[to - 2] ?? 0) + 1 : Number.POSITIVE_INFINITY,
      );
    }
    rows.push(row);
  }
  return rows[one.length]?.[other.length] ?? 0;
}
