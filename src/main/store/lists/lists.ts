import type { Database } from "better-sqlite3";
import { answerReader, questionOf } from "./answers.ts";
import { type Key, readCursor, type Sort, type Value, writeCursor } from "./cursor.ts";
import { phrases } from "./letters.ts";
import type { Order } from "./order.ts";

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
  /**
   * Where words are sought: the column that tells rows apart, which is the last of the order. What they find, if it is
   * not too much, is kept for the next pages.
   */
  sought?: string;
};

export type Lists = ReturnType<typeof createLists>;

/** What so many rows match is common enough to be met soon by whoever walks the list in its order. */
export const MOST_KEPT = 100_000;

/**
 * Lists of any length, a page at a time. A page begins after the last row of the one before it, by
 * that row's values in the order of the list: it costs the same at any depth.
 */
export function createLists(db: Database) {
  const { read, find, keep } = answerReader(db);

  return {
    list<Row, Item>(asked: Asked, toItem: (row: Row) => Item): Listed<Item> {
      const { from, where, sort, limit, named } = asked;
      const total = asked.total?.() ?? count(from, where, named);
      if (total === 0) return { rows: [], total, next: null };
      const { sought } = asked;
      const kept = sought !== undefined && total <= MOST_KEPT ? readKept<Row>(asked, sought) : null;
      const rows = kept ?? readPage<Row>(asked, total);
      return { ...cut(rows, sort, limit, toItem), total };
    },
    count,
    find,
    keep,
    phraseOf: phrases(db, keep),
    read,
  };

  function readPage<Row>(asked: Asked, total: number): (Row & Key)[] {
    const { select, from, sort, after, limit, named } = asked;
    const all = [...choose(asked, total), ...startAfter(sort, after)];
    const sql = `SELECT ${select}${sortKeys(sort)} FROM ${from}${conditions(all)}${orderBy(sort)} LIMIT ?`;
    return read<Row & Key>(sql, [...valuesOf(all), limit + 1], named);
  }

  /** By what was found for the first page, in its order; null when the row before this page is not among that any more. */
  function readKept<Row>({ select, from, where, sort, after, limit, named = {} }: Asked, id: string) {
    const sql = `SELECT ${id} AS id FROM ${from}${conditions(where)}${orderBy(sort)}`;
    const values = valuesOf(where);
    const all = keep(questionOf(sql, values, named), () =>
      read<{ id: Value }>(sql, values, named).map((row) => row.id),
    );
    const before = after === null ? null : readCursor(sort, after).at(-1);
    const start = before === null ? 0 : all.indexOf(before ?? "") + 1;
    if (before !== null && start === 0) return null;
    const found = JSON.stringify(all.slice(start, start + limit + 1));
    const isFound = `${id} IN (SELECT value FROM json_each(?))`;
    const page = `SELECT ${select}${sortKeys(sort)} FROM ${from} WHERE ${isFound}${orderBy(sort)}`;
    return read<Row & Key>(page, [found], named);
  }

  /** Counts once for all pages. */
  function count(from: string, where: readonly Part[], named: Record<string, Value> = {}): number {
    const sql = `SELECT count(*) AS total FROM ${from}${conditions(where)}`;
    const values = valuesOf(where);
    return keep(
      questionOf(sql, values, named),
      () => read<{ total: number }>(sql, values, named)[0]?.total ?? 0,
    );
  }
}

/** As `order.ts` has it, of rows that have their keys. */
export const orderOf = ({ columns, descending }: Sort): Order => ({ count: columns.length, descending });

function choose({ where, limit, size, sought }: Asked, total: number): readonly Part[] {
  const isWalk = size !== undefined && (sought !== undefined || isWalkShorter(total, limit, size()));
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
