import type { Key, Value } from "#store/lists/cursor.ts";
import { orderOf } from "#store/lists/lists.ts";
import { compareKeys, mergeRows } from "#store/lists/order.ts";
import type { Arm } from "./arm.ts";
import type { ArmSort } from "./arm-page.ts";

export type RowsWanted = { after: readonly Value[] | null; limit: number };

/** What is to be read of an arm, in the order of the list. */
export type ArmRows<Row> = { arm: Arm; read: (wanted: RowsWanted) => readonly Row[] };

type Wanted = RowsWanted & { sort: ArmSort };

/** What is the same for all of an arm at the beginning of an order. */
type Start = { key: Key; count: number };

/** So many are asked for first of an arm of which it is not known where its rows begin; if it has more of the page, it is asked again. */
const FIRST_ROWS = 24;

/**
 * The rows of a page, of all arms. These are asked in the order in which their rows begin, as far as that is known: none whose
 * rows all come after `limit` others that have been read.
 */
export function readInTurn<Row extends Key>(
  arms: readonly ArmRows<Row>[],
  { sort, after, limit }: Wanted,
): Row[] {
  const order = orderOf(sort);
  const rows: Row[] = [];
  let unfinished: { one: ArmRows<Row>; last: Row }[] = [];
  const starting = arms.map((one) => ({ one, start: startOf(one.arm, sort) }));
  for (const { one, start } of starting.toSorted(byStart)) {
    const isBefore = (row: Key) => compareKeys(row, start.key, { ...order, count: start.count }) < 0;
    if (start.count > 0 && rows.filter(isBefore).length >= limit) continue;
    read(one, { after, limit: start.count > 0 ? limit : Math.min(limit, FIRST_ROWS) });
  }
  for (;;) {
    const page = mergeRows([rows], limit, order);
    const end = page[limit - 1];
    const behind = unfinished.filter(({ last }) => !end || compareKeys(last, end, order) < 0);
    if (behind.length === 0) return page;
    unfinished = unfinished.filter((one) => !behind.includes(one));
    for (const { one, last } of behind) read(one, { after: valuesOf(last), limit });
  }

  function read(one: ArmRows<Row>, wanted: RowsWanted): void {
    const found = one.read(wanted);
    rows.push(...found);
    const last = found.at(-1);
    if (last && found.length === wanted.limit) unfinished.push({ one, last });
  }

  function valuesOf(row: Row): Value[] {
    return sort.columns.map((_, index) => row[`sort_${index}`] ?? "");
  }

  function byStart({ start: one }: { start: Start }, { start: other }: { start: Start }): number {
    return one.count - other.count || compareKeys(one.key, other.key, { ...order, count: one.count });
  }
}

function startOf({ columns }: Arm, sort: ArmSort): Start {
  const values = sort.columns.map((name) => columns[name]);
  const end = values.findIndex((column) => "sql" in column);
  const count = end === -1 ? values.length : end;
  const same = values
    .slice(0, count)
    .map((column, index) => [`sort_${index}`, "same" in column ? column.same : ""]);
  return { key: Object.fromEntries(same), count };
}
