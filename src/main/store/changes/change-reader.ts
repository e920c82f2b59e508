import type { ChangeKind, ChangeWhat } from "#shared/model/change.ts";
import type { Total } from "#shared/model/total.ts";
import type { Key, Value } from "#store/lists/cursor.ts";
import { type Lists, orderBy } from "#store/lists/lists.ts";
import { rowsAfter } from "#store/lists/order.ts";
import { conditions, type Part, valuesOf } from "#store/lists/part.ts";
import { type KeyRange, keyRangesAfter, readKeyRanges, wholeOf } from "#store/lists/stretches.ts";
import { type ChangeArm, columnsOf } from "./change-arms.ts";

/** A change as an arm has it. */
export type ChangeFound = {
  id: number;
  what: ChangeWhat;
  kind: ChangeKind;
  /** The number of the name of the host. */
  name: number;
  scan: number;
  before: number | null;
};

type Page = {
  where: readonly Part[];
  start: readonly Value[] | null;
  limit: number;
  named: { from: number; to: number };
  /** Whether words are sought, which no index has: what they find is looked for once for all pages. */
  isSought: boolean;
};

type Found = { total: Total; rows: (ChangeFound & Key)[] };

/** The latest first. */
const ORDER = { count: 2, descending: true };

/** Reads the part of a page that one arm has, in the order of its index. */
export function changeReader(lists: Lists) {
  return (arm: ChangeArm, page: Page): Found => (page.isSought ? seek(arm, page) : read(arm, page));

  function read(arm: ChangeArm, page: Page): Found {
    const total = lists.count(arm.table, page.where, page.named);
    if (total === 0) return { total, rows: [] };
    const keyRanges = keyRangesAfter([arm.scan, "version.id"], page.start, ORDER);
    const rows = readKeyRanges(keyRanges, page.limit, (stretch, limit) => {
      const { sql, values } = armPage(arm, { ...page, stretch, limit });
      return lists.read<ChangeFound & Key>(sql, values, page.named);
    });
    return { total, rows };
  }

  function seek(arm: ChangeArm, page: Page): Found {
    const most = lists.mostCounted;
    const stretch = wholeOf([arm.scan, "version.id"]);
    const { sql, values } = armPage(arm, { ...page, stretch, limit: most + 1 });
    const all = lists.find<ChangeFound & Key>(sql, values, page.named);
    if (all.length > most) return { ...read(arm, page), total: { moreThan: most } };
    return { total: all.length, rows: rowsAfter(all, page.start, page.limit, ORDER) };
  }
}

function armPage(
  arm: ChangeArm,
  { where, stretch, limit }: Omit<Page, "start"> & { stretch: KeyRange },
): Part {
  const all = [...where, ...stretch.where];
  return {
    sql: `SELECT ${columnsOf(arm)}, ${arm.scan} AS sort_0, version.id AS sort_1
      FROM ${arm.table}${conditions(all)}${orderBy({ ...ORDER, columns: stretch.columns })} LIMIT ?`,
    values: [...valuesOf(all), limit],
  };
}
