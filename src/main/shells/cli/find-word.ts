/**
 * The name of the command, before any is loaded: the first word that is not an option of all commands. Null if there is
 * none, or if another option stands before it.
 */
export function findWord(argv: readonly string[]): string | null {
  let at = 0;
  while (argv[at] === "--json" || argv[at] === "--db" || argv[at]?.startsWith("--db="))
    at += argv[at] === "--db" ? 2 : 1;
  const word = argv[at];
  return word === undefined || word.startsWith("-") ? null : word;
}

/** ` (did you mean scan?)` where a name differs little from what was typed; else empty. */
export function formatSimilar(typed: string, names: readonly string[]): string {
  const start = typed.slice(0, MOST_LETTERS);
  const [nearest] = names
    .map((name) => ({ name, distance: countEdits(start, name) }))
    .filter(({ name, distance }) => distance <= Math.max(1, Math.floor(name.length / 3)))
    .toSorted((one, other) => one.distance - other.distance);
  return nearest ? ` (did you mean ${nearest.name}?)` : "";
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
