import type { Key, Value } from "./cursor.ts";

/** The columns of an order that rows have as `sort_0`, `sort_1`, ... */
export type Order = { count: number; descending: boolean };

/** As SQLite orders them: numbers first, and text by its bytes. */
export function compareKeys(one: Key, other: Key, { count, descending }: Order): number {
  for (let index = 0; index < count; index++) {
    const [mine, theirs] = [one[`sort_${index}`] ?? "", other[`sort_${index}`] ?? ""];
    if (mine !== theirs) return descending ? -compareValues(mine, theirs) : compareValues(mine, theirs);
  }
  return 0;
}

/** The rows after the one that a cursor is of, whether that is still among them or not; all of them for no cursor. */
export function rowsAfter<Row extends Key>(
  rows: readonly Row[],
  after: readonly Value[] | null,
  limit: number,
  order: Order,
): Row[] {
  if (after === null) return rows.slice(0, limit);
  const key: Key = Object.fromEntries(after.map((value, index) => [`sort_${index}`, value]));
  let [low, high] = [0, rows.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    const row = rows[middle];
    if (row && compareKeys(row, key, order) <= 0) low = middle + 1;
    else high = middle;
  }
  return rows.slice(low, low + limit);
}

/** The first rows of several lists that are each in this order. */
export const mergeRows = <Row extends Key>(
  lists: readonly (readonly Row[])[],
  limit: number,
  order: Order,
): Row[] =>
  lists
    .flat()
    .sort((one, other) => compareKeys(one, other, order))
    .slice(0, limit);

function compareValues(one: Value, other: Value): number {
  if (typeof one === "number") return typeof other === "number" ? one - other : -1;
  if (typeof other === "number") return 1;
  // Only pairs of surrogates stand otherwise in UTF-16 than in UTF-8.
  if (!SURROGATE.test(one) && !SURROGATE.test(other)) return one < other ? -1 : Number(one > other);
  return Buffer.compare(Buffer.from(one), Buffer.from(other));
}

const SURROGATE = /[\ud800-\udfff]/;
