import type { Sort, Value } from "#store/lists/cursor.ts";
import { conditions, type Part, valuesOf } from "#store/lists/part.ts";
import { type KeyRange, keyRangeOf, keyRangesAfter, wholeOf } from "#store/lists/stretches.ts";
import type { Arm, ArmColumn } from "./arm.ts";

export type ArmSort = Omit<Sort, "columns"> & { columns: readonly ArmColumn[] };

type Wanted = {
  sort: ArmSort;
  where: readonly Part[];
  /** By the columns that the arm has an expression for. */
  stretch: KeyRange;
  limit: number;
  /** Whether any rows will do, in no order. */
  isAny?: boolean;
};

/** The part of a page that one arm has of a stretch, as a query. */
export function armPage(arm: Arm, { sort, where, stretch, limit, isAny = false }: Wanted): Part {
  const all = [...where, ...stretch.where];
  const direction = sort.descending ? "DESC" : "ASC";
  const order = stretch.columns.map((column) => `${column} ${direction}`);
  const keys = sort.columns.map((column, index) => `${select(arm, column)} AS sort_${index}`);
  const shown = (["severity", "rule", "tie"] as const).map((column) => `${select(arm, column)} AS ${column}`);
  return {
    sql: `SELECT * FROM (
      SELECT '${arm.name}' AS arm, ${[...shown, ...keys].join(", ")}
      FROM ${arm.from}${conditions(all)}${isAny ? "" : ` ORDER BY ${order.join(", ")}`} LIMIT ?)`,
    values: [...valuesOf(all), limit],
  };
}

function select(arm: Arm, name: ArmColumn): string {
  const column = arm.columns[name];
  if ("sql" in column) return column.sql;
  return typeof column.same === "number" ? String(column.same) : `'${column.same.replaceAll("'", "''")}'`;
}

export const armWhole = (arm: Arm, { columns }: ArmSort): KeyRange => wholeOf(expressionsOf(arm, columns));

/**
 * What an arm has after the row of these values: nothing, where all of it comes before. What is the same for all of an arm is
 * compared here and not in SQL, so that the rest is read in the order of an index.
 */
export function armKeyRanges(arm: Arm, sort: ArmSort, after: readonly Value[] | null): KeyRange[] {
  const all = armWhole(arm, sort).columns;
  if (after === null) return [wholeOf(all)];
  const isElsewhere = (name: ArmColumn, index: number): boolean => {
    const column = arm.columns[name];
    return "same" in column && column.same !== after[index];
  };
  const at = sort.columns.findIndex(isElsewhere);
  const before = at === -1 ? sort.columns : sort.columns.slice(0, at);
  const columns = expressionsOf(arm, before);
  const values = before.flatMap((name, index) => ("sql" in arm.columns[name] ? [after[index] ?? ""] : []));
  const beyond = keyRangesAfter(columns, values, sort).map((stretch) => ({
    ...stretch,
    columns: [...stretch.columns, ...all.slice(columns.length)],
  }));
  const name = sort.columns[at];
  if (name === undefined || !isBeyond(arm, name, { value: after[at] ?? "", sort })) return beyond;
  return [keyRangeOf(columns, values, all.slice(columns.length)), ...beyond];
}

const expressionsOf = (arm: Arm, names: readonly ArmColumn[]): string[] =>
  names.flatMap((name) => {
    const column = arm.columns[name];
    return "sql" in column ? [column.sql] : [];
  });

function isBeyond(arm: Arm, name: ArmColumn, { value, sort }: { value: Value; sort: ArmSort }): boolean {
  const column = arm.columns[name];
  return "same" in column && column.same > value !== sort.descending;
}
