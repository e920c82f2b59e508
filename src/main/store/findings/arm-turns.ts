import type { Key } from "#store/lists/cursor.ts";
import { compareKeys } from "#store/lists/order.ts";
import type { Arm } from "./arm.ts";
import type { ArmSort } from "./arm-page.ts";

type Wanted = { sort: ArmSort; limit: number };

/** What is the same for all of an arm at the beginning of an order. */
type Start = { key: Key; count: number };

/**
 * Reads arms in the order of their rows, as far as that is known of them: none whose rows all come after `limit` others
 * that have been read is asked for any.
 */
export function inTurn<One extends { arm: Arm }, Found extends { rows: readonly Key[] }>(
  all: readonly One[],
  { sort, limit }: Wanted,
  { read, skip }: { read: (one: One) => Found; skip: (one: One) => Found },
): Found[] {
  const { descending } = sort;
  const rows: Key[] = [];
  const starting = all.map((one) => ({ one, start: startOf(one.arm, sort) }));
  return starting.toSorted(byStart).map(({ one, start: { key, count } }) => {
    const isBefore = (row: Key) => compareKeys(row, key, { count, descending }) < 0;
    if (count > 0 && rows.filter(isBefore).length >= limit) return skip(one);
    const found = read(one);
    rows.push(...found.rows);
    return found;
  });

  function byStart({ start: one }: { start: Start }, { start: other }: { start: Start }): number {
    return one.count - other.count || compareKeys(one.key, other.key, { count: one.count, descending });
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
