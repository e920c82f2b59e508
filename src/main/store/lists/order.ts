import { Refusal } from "#shared/model/refusal.ts";

/** A piece of SQL that this program wrote, and the values of its question marks, which a caller provides. */
export type Part = {
  sql: string;
  values: readonly Value[];
  /** The same condition, written so that no index serves it: best where most rows meet it. */
  walk?: { sql: string; values: readonly Value[] };
};

export const conditions = (where: readonly Part[]): string =>
  where.length === 0 ? "" : ` WHERE ${where.map(({ sql }) => sql).join(" AND ")}`;

export const valuesOf = (where: readonly Part[]): Value[] => where.flatMap(({ values }) => values);

export type Value = string | number;

/** An order of a list. The columns together are unique, so that every row has a position of its own. */
export type SortColumns = { columns: readonly string[]; descending: boolean };

export type Sort = SortColumns & { name: string };

/** The values of a row in the order of its list, as the query names them. */
export type Key = Record<`sort_${number}`, Value>;

/** Where the next page begins. Opaque to callers, who can only send it back. */
export const writeCursor = (sort: Sort, row: Key): string =>
  Buffer.from(
    JSON.stringify([nameOf(sort), ...sort.columns.map((_, index) => row[`sort_${index}`])]),
  ).toString("base64url");

/** Refuses a cursor that belongs to another list or another order, or that was made up. */
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

/** The order of rows that have its columns as `sort_0`, `sort_1`, ... */
export type Order = { count: number; descending: boolean };

/** As SQLite orders them: numbers first, and text by its bytes. */
export function compareKeys(one: Key, other: Key, { count, descending }: Order): number {
  for (let index = 0; index < count; index++) {
    const [mine, theirs] = [one[`sort_${index}`] ?? "", other[`sort_${index}`] ?? ""];
    if (mine !== theirs) return descending ? -compareValues(mine, theirs) : compareValues(mine, theirs);
  }
  return 0;
}

/**
 * The rows after the one that a cursor names, whether that row is still among them or not; all rows where there is no
 * cursor.
 */
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

/** The first rows of several lists, each of which is in this order. */
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
  // Only surrogate pairs sort differently in UTF-16 and in UTF-8.
  if (!SURROGATE.test(one) && !SURROGATE.test(other)) return one < other ? -1 : Number(one > other);
  return Buffer.compare(Buffer.from(one), Buffer.from(other));
}

const SURROGATE = /[\ud800-\udfff]/;

/**
 * A range of the rows after another row: equal to it in the first columns of an order, and beyond it in the next one.
 */
export type KeyRange = {
  where: readonly Part[];
  /** The columns that differ within the range: it is sorted by these alone. */
  columns: readonly string[];
};

/** The range of all rows. */
export const wholeOf = (columns: readonly string[]): KeyRange => ({ where: [], columns });

/**
 * The rows after the row with these values, in its order; all rows for null. Each key range is a range of an index. A
 * comparison of row values is none where the first column is an expression, nor as to the last column where that is the
 * rowid: SQLite would read all rows before it, and later pages would cost more.
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

/** The rows with these values, whatever their other columns are. */
export const keyRangeOf = (
  columns: readonly string[],
  values: readonly Value[],
  rest: readonly string[],
): KeyRange => ({
  where: columns.map((column, index) => is(column, "=", valueAt(values, index))),
  columns: rest,
});

/** Reads one key range after the other, until there are enough rows. */
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

/** Throws where the row has no value for a column of the order: the rows after it would be arbitrary. */
function valueAt(values: readonly Value[], index: number): Value {
  const value = values[index];
  if (value === undefined) throw new Error("a row has fewer values than its order has columns");
  return value;
}
