import type { Key } from "#store/lists/cursor.ts";
import type { Lists } from "#store/lists/lists.ts";
import { mergeRows, type Order } from "#store/lists/order.ts";
import type { Part } from "#store/lists/part.ts";
import type { Arm } from "./arm.ts";

type Scan = { id: number; startedAt: string };

type Wanted<Row> = {
  scans: string;
  order: Order;
  limit: number;
  /** The part of the page that this arm has, of the rows that such a condition leaves. */
  read: (arm: Arm, where: readonly Part[]) => readonly Row[];
};

/**
 * An arm whose rows are first seen when their scan began, in that order: one scan after the other, of which an index has the
 * rows, until there are enough. Scans that began at once are one.
 */
export function readByScan<Row extends Key>(
  lists: Lists,
  arm: Arm,
  { scans, order, limit, read }: Wanted<Row>,
): Row[] {
  const rows: Row[] = [];
  for (const together of inOrder(lists.find<Scan>(scans, []), order)) {
    if (rows.length >= limit) break;
    rows.push(...mergeRows(together.map(readScan), limit, order));
  }
  return rows.slice(0, limit);

  function readScan({ id, startedAt }: Scan): readonly Row[] {
    const ofScan = { ...arm, columns: { ...arm.columns, first_seen: { same: startedAt } } };
    return read(ofScan, [{ sql: "first_scan = ?", values: [id] }]);
  }
}

function inOrder(scans: readonly Scan[], { descending }: Order): Scan[][] {
  const together = Map.groupBy(scans, ({ startedAt }) => startedAt);
  const starts = [...together.keys()].sort();
  return (descending ? starts.reverse() : starts).map((start) => together.get(start) ?? []);
}
