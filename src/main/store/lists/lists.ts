import type { Database, Statement } from "better-sqlite3";
import { type Key, readCursor, type Sort, type Value, writeCursor } from "./cursor.ts";

/** A piece of SQL that this program wrote, and the values that a caller gave for its question marks. */
export type Part = {
  sql: string;
  values: readonly Value[];
  /** The same condition, written so that no index serves it: best where it lets through most of what there is. */
  walk?: { sql: string; values: readonly Value[] };
};

export type Listed<Row> = { rows: Row[]; total: number; next: string | null };

export type Window = { after: string | null; limit: number };

/** What a list is to show; `named` are the values of parameters such as `@now`. */
export type Asked = Window & {
  select: string;
  from: string;
  where: readonly Part[];
  sort: Sort;
  named?: Record<string, Value>;
  /** How to know the total without counting. */
  total?: () => number;
  /** How many rows there are without any filter, where a condition has a `walk`. */
  size?: () => number;
};

export type Lists = ReturnType<typeof createLists>;

/** So many different questions keep their statement, and so many their total; a person asks far fewer. */
const MOST_STATEMENTS = 300;
const MOST_TOTALS = 100;

/**
 * Lists of any length, a page at a time. A page begins after the last row of the one before it, by
 * that row's values in the order of the list: it costs the same at any depth.
 */
export function createLists(db: Database) {
  const statements = new Map<string, Statement<unknown[]>>();
  const totals = new Map<string, { version: string; total: number }>();
  const ownChanges = db.prepare<[], number>("SELECT total_changes()").pluck();

  return {
    list<Row, Item>(asked: Asked, toItem: (row: Row) => Item): Listed<Item> {
      const { select, from, where, sort, after, named } = asked;
      const total = asked.total?.() ?? count(from, where, named);
      const all = [...choose(asked, total), ...startAfter(sort, after)];
      if (total === 0) return { rows: [], total, next: null };
      const sql = `SELECT ${select}${sortKeys(sort)} FROM ${from}${conditions(all)}${orderBy(sort)} LIMIT ?`;
      const rows = read<Row & Key>(sql, [...valuesOf(all), asked.limit + 1], named);
      return { ...cut(rows, sort, asked.limit, toItem), total };
    },
    count,
    read,
  };

  /** Counts once for all pages, until something changes: to count what a common word finds takes long. */
  function count(from: string, where: readonly Part[], named: Record<string, Value> = {}): number {
    const sql = `SELECT count(*) AS total FROM ${from}${conditions(where)}`;
    const values = valuesOf(where);
    const key = JSON.stringify([sql, values, sql.includes("@") ? named : null]);
    const version = `${db.pragma("data_version", { simple: true })} ${ownChanges.get()}`;
    const known = totals.get(key);
    if (known?.version === version) return known.total;
    const total = read<{ total: number }>(sql, values, named)[0]?.total ?? 0;
    if (totals.size >= MOST_TOTALS) totals.clear();
    totals.set(key, { version, total });
    return total;
  }

  function read<Row>(sql: string, values: readonly Value[], named: Record<string, Value> = {}): Row[] {
    return prepare(sql).all(named, ...values) as Row[];
  }

  function prepare(sql: string): Statement<unknown[]> {
    const known = statements.get(sql);
    if (known) return known;
    if (statements.size >= MOST_STATEMENTS) statements.clear();
    const statement = db.prepare<unknown[]>(sql);
    statements.set(sql, statement);
    return statement;
  }
}

function choose({ where, limit, size }: Asked, total: number): readonly Part[] {
  const isWalk = size !== undefined && isWalkShorter(total, limit, size());
  return isWalk ? where.map((part) => part.walk ?? part) : where;
}

/**
 * Either all that match, `total` of `size`, are found and sorted, or the list is walked in its order until enough have
 * matched. The second looks at about `limit * size / total` rows.
 */
export const isWalkShorter = (total: number, limit: number, size: number): boolean =>
  total * total > limit * size;

/** One row more than the limit was read: it says that there is a next page. */
export function cut<Row extends Key, Item>(
  rows: readonly Row[],
  sort: Sort,
  limit: number,
  toItem: (row: Row) => Item,
): Omit<Listed<Item>, "total"> {
  const last = rows.length > limit ? rows[limit - 1] : undefined;
  return { rows: rows.slice(0, limit).map(toItem), next: last ? writeCursor(sort, last) : null };
}

/** The values of a row in the order of the list, as columns. */
const sortKeys = ({ columns }: Sort): string =>
  columns.map((column, index) => `, ${column} AS sort_${index}`).join("");

export const orderBy = ({ columns, descending }: Sort): string =>
  ` ORDER BY ${columns.map((column) => `${column} ${descending ? "DESC" : "ASC"}`).join(", ")}`;

export const conditions = (where: readonly Part[]): string =>
  where.length === 0 ? "" : ` WHERE ${where.map(({ sql }) => sql).join(" AND ")}`;

export const valuesOf = (where: readonly Part[]): Value[] => where.flatMap(({ values }) => values);

/** Nothing for the first page. */
function startAfter(sort: Sort, after: string | null): Part[] {
  if (after === null) return [];
  const marks = sort.columns.map(() => "?").join(", ");
  const sql = `(${sort.columns.join(", ")}) ${sort.descending ? "<" : ">"} (${marks})`;
  return [{ sql, values: readCursor(sort, after) }];
}
