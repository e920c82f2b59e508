import type { Sort, Value } from "#store/lists/cursor.ts";
import { conditions, type Part, valuesOf } from "#store/lists/part.ts";
import type { Arm, ArmColumn } from "./arm.ts";

export type ArmSort = Omit<Sort, "columns"> & { columns: readonly ArmColumn[] };

type Wanted = {
  sort: ArmSort;
  where: readonly Part[];
  after: readonly Value[] | null;
  limit: number;
  /** Whether any rows will do, in no order. */
  isAny?: boolean;
};

/**
 * The part of a page that one arm has, as a query; null when it has none. What is the same for all of an arm is
 * compared here and not in SQL, so that the rest is read in the order of an index.
 */
export function armPage(arm: Arm, { sort, where, after, limit, isAny = false }: Wanted): Part | null {
  const start = after && startAfter(arm, sort, after);
  if (after && !start) return null;
  const all = [...where, ...(start ?? [])];
  const direction = sort.descending ? "DESC" : "ASC";
  const order = sort.columns.flatMap((column) => {
    const found = arm.columns[column];
    return "sql" in found ? [`${found.sql} ${direction}`] : [];
  });
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

/** Null when the whole arm comes before. */
function startAfter(arm: Arm, sort: ArmSort, after: readonly Value[]): Part[] | null {
  const beyond = sort.descending ? "<" : ">";
  const columns: string[] = [];
  const values: Value[] = [];
  for (const [index, name] of sort.columns.entries()) {
    const column = arm.columns[name];
    const value = after[index] ?? "";
    if ("sql" in column) {
      columns.push(column.sql);
      values.push(value);
    } else if (column.same !== value) {
      const isBeyond = column.same > value !== sort.descending;
      if (columns.length === 0) return isBeyond ? [] : null;
      return [compare(columns, isBeyond ? `${beyond}=` : beyond, values)];
    }
  }
  return [compare(columns, beyond, values)];
}

const compare = (columns: readonly string[], operator: string, values: readonly Value[]): Part => ({
  sql: `(${columns.join(", ")}) ${operator} (${columns.map(() => "?").join(", ")})`,
  values,
});
