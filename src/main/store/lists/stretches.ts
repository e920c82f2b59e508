import type { Value } from "./cursor.ts";
import type { Part } from "./part.ts";

/** Some of what comes after a row: what has its values in the first columns of an order, and is beyond it in the next. */
export type KeyRange = {
  where: readonly Part[];
  /** The columns that are not the same for all of it, in which alone it has an order. */
  columns: readonly string[];
};

/** All that there is. */
export const wholeOf = (columns: readonly string[]): KeyRange => ({ where: [], columns });

/**
 * What comes after the row of these values, in its order; all that there is for null. Each stretch is a range of an index. One
 * comparison of rows is none where the first column is an expression, nor as to the last column where that is the rowid:
 * SQLite would go through all that comes before, and a page would cost more the later it is.
 */
export function keyRangesAfter(
  columns: readonly string[],
  values: readonly Value[] | null,
  { descending }: { descending: boolean },
): KeyRange[] {
  if (values === null) return [wholeOf(columns)];
  const beyond = descending ? "<" : ">";
  return columns
    .map((_, at) => ({
      where: columns
        .slice(0, at + 1)
        .map((column, index) => is(column, index === at ? beyond : "=", valueAt(values, index))),
      columns: columns.slice(at),
    }))
    .reverse();
}

/** What has these values, whatever the rest of its columns are. */
export const keyRangeOf = (
  columns: readonly string[],
  values: readonly Value[],
  rest: readonly string[],
): KeyRange => ({
  where: columns.map((column, index) => is(column, "=", valueAt(values, index))),
  columns: rest,
});

/** One stretch after the other, until there are enough rows. */
export function readKeyRanges<Row>(
  keyRanges: readonly KeyRange[],
  limit: number,
  read: (stretch: KeyRange, limit: number) => Row[],
): Row[] {
  const rows: Row[] = [];
  for (const stretch of keyRanges) {
    if (rows.length >= limit) break;
    rows.push(...read(stretch, limit - rows.length));
  }
  return rows;
}

const is = (column: string, operator: "=" | "<" | ">", value: Value): Part => ({
  sql: `(${column}) ${operator} ?`,
  values: [value],
});

/** Throws where an order has a column that the row has no value of: what came after it would be anything. */
function valueAt(values: readonly Value[], index: number): Value {
  const value = values[index];
  if (value === undefined) throw new Error("a row has fewer values than its order has columns");
  return value;
}
