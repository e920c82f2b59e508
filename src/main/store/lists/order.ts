import { Refusal } from "#shared/model/refusal.ts";

/** A piece of SQL that this program wrote, and the values that a caller gave for its question marks. */
export type Part = {
  sql: string;
  values: readonly Value[];
  /** The same condition, written so that no index serves it: best where it lets through most of what there is. */
  walk?: { sql: string; values: readonly Value[] };
};

export const conditions = (where: readonly Part[]): string =>
  where.length === 0 ? "" : ` WHERE ${where.map(({ sql }) => sql).join(" AND ")}`;

export const valuesOf = (where: readonly Part[]): Value[] => where.flatMap(({ values }) => values);

export type Value = string | number;

/** An order of a list. The columns together are unique, so that every row has its own place in it. */
export type SortColumns = { columns: readonly string[]; descending: boolean };

export type Sort = SortColumns & { name: string };

/** The values of a row in the order of its list, as the query names them. */
export type Key = Record<`sort_${number}`, Value>;

/** Where the next page begins. Opaque to callers, who can only give it back. */
export const writeCursor = (sort: Sort, row: Key): string =>
  Buffer.from(
    JSON.stringify([nameOf(sort), ...sort.columns.map((_, index) => row[`sort_${index}`])]),
  ).toString("base64url");

/** A cursor of another list or another order, or one that was made up, is refused. */
export function readCursor(sort: Sort, cursor: string): Value[] {
  const [name, ...values] = parse(cursor);
  const isOurs = name === nameOf(sort) && values.length === sort.columns.length && values.every(isValue);
  if (isOurs) return values;
  throw new Refusal("invalid-input", "after is not the next of a page of this list in this order");
}

const nameOf = ({ name, descending }: Sort): string => `${name}${descending ? " descending" : ""}`;

const isValue = (value: unknown): value is Value => typeof value === "string" || typeof value === "number";

function parse(cursor: string): unknown[] {
  try {
    const parsed: unknown = JSON.parse(Buffer.from(cursor, "base64url").toString());
    return Array.isArray(parsed) ? parsed : [];
  } catch {
    return [];
  }
}

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
  read: (keyRange: KeyRange, limit: number) => Row[],
): Row[] {
  const rows: Row[] = [];
  for (const keyRange of keyRanges) {
    if (rows.length >= limit) break;
    rows.push(...read(keyRange, limit - rows.length));
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
