import type { Database } from "better-sqlite3";
import type { Total } from "#shared/model/total.ts";
import { counter, type Found, foundReader, MOST_COUNTED } from "./count.ts";
import { answerReader, cacheKeyOf } from "./kept.ts";
import {
  conditions,
  type Key,
  type KeyRange,
  keyRangesAfter,
  type Order,
  type Part,
  readCursor,
  readKeyRanges,
  type Sort,
  type SortColumns,
  type Value,
  valuesOf,
  writeCursor,
} from "./order.ts";
import { calledHosts, phrases } from "./search.ts";

export type Listed<Row> = { rows: Row[]; total: Total; next: string | null };

export type Window = { after: string | null; limit: number };

/** The query of a list; `named` are the values of parameters such as `@now`. */
export type ListQuery = Window & {
  select: string;
  from: string;
  where: readonly Part[];
  sort: Sort;
  named?: Record<string, Value>;
  /** The total where it is known without counting. */
  total?: () => Total;
  /** How many rows there are without any filter, where a condition has a `walk`. */
  size?: () => number;
  /**
   * The column that distinguishes rows, which is the last of the order; absent where neither words are searched nor few
   * rows are expected. Rows found by it are kept for the next pages, if they are not too many.
   */
  idColumn?: string;
  /** The ids of the rows that words find. Only these rows are read, and `where` applies to them. */
  found?: Found | null;
};

export type Lists = ReturnType<typeof createLists>;

/** Lists of any length, a page at a time; each page is of one moment. */
export function createLists(db: Database, { mostCounted = MOST_COUNTED } = {}) {
  const reader = answerReader(db);
  const { read, find, keep } = reader;
  const { isAmong, isIn, findIds } = foundReader(db, { read, keep });
  const { count, sum } = counter({ read, keep, mostCounted });
  const list = pageReader({ read, keep, isAmong, isIn, count, mostCounted });
  const inOneView = db.transaction((work: () => unknown) => work());
  const atOnce = <Found>(work: () => Found): Found =>
    db.inTransaction ? work() : (inOneView(work) as Found);
  return {
    list: <Row, Item>(query: ListQuery, toItem: (row: Row) => Item): Listed<Item> =>
      atOnce(() => list(query, toItem)),
    /** The hosts that call themselves so. */
    calledHosts: calledHosts(reader),
    count,
    find,
    findIds,
    isAmong,
    isIn,
    keep,
    mostCounted,
    phraseOf: phrases(db, keep),
    read,
    sum,
  };
}

type ListDeps = Pick<ReturnType<typeof answerReader>, "read" | "keep"> &
  Pick<ReturnType<typeof foundReader>, "isAmong" | "isIn"> &
  Pick<ReturnType<typeof counter>, "count"> & { mostCounted: number };

/**
 * Reads a page from the last row of the page before, by that row's values in the order of the list. Its cost is the
 * same at any depth.
 */
function pageReader({ read, keep, isAmong, isIn, count, mostCounted }: ListDeps) {
  return <Row, Item>(query: ListQuery, toItem: (row: Row) => Item): Listed<Item> => {
    const { sort, limit } = query;
    const total = query.total?.() ?? count(query.from, conditionsOf(query), query.named);
    if (total === 0) return { rows: [], total, next: null };
    const isKept = query.idColumn !== undefined && typeof total === "number" && total <= mostCounted;
    const kept = isKept ? readKept<Row>(query, query.idColumn ?? "") : null;
    const rows = kept ?? readPage<Row>(query, total);
    return { ...cut(rows, sort, limit, toItem), total };
  };

  function conditionsOf({ where, found, idColumn = "" }: ListQuery): readonly Part[] {
    return found ? [isIn(idColumn, found), ...where] : where;
  }

  function readPage<Row>(query: ListQuery, total: Total): (Row & Key)[] {
    const { select, from, sort, after, limit, named, found, idColumn = "" } = query;
    const chosen = [...(found ? [isAmong(idColumn, found)] : []), ...choose(query, total)];
    return readKeyRanges(startAfter(sort, after), limit + 1, ({ where, columns }, most) => {
      const all = [...chosen, ...where];
      const sql = `SELECT ${select}${sortKeys(sort)} FROM ${from}${conditions(all)}${orderBy({ ...sort, columns })} LIMIT ?`;
      return read<Row & Key>(sql, [...valuesOf(all), most], named);
    });
  }

  /**
   * Reads a page from the ids that were found for the first page; null where the last row of the page before is no
   * longer among them.
   */
  function readKept<Row>(query: ListQuery, id: string): (Row & Key)[] | null {
    const { select, from, sort, after, limit, named = {} } = query;
    const where = conditionsOf(query);
    const sql = `SELECT ${id} AS id FROM ${from}${conditions(where)}${orderBy(sort)}`;
    const values = valuesOf(where);
    const all = keep(cacheKeyOf(sql, values, named), () =>
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
}

/** The order that `order.ts` needs for rows that have their keys. */
export const orderOf = ({ columns, descending }: Sort): Order => ({ count: columns.length, descending });

function choose({ where, limit, size, idColumn }: ListQuery, total: Total): readonly Part[] {
  const isWalk = size !== undefined && (idColumn !== undefined || isWalkShorter(total, limit, size()));
  return isWalk ? where.map((part) => part.walk ?? part) : where;
}

/**
 * Either all `total` rows that match, out of `size`, are found and sorted, or the list is walked in its order until
 * enough rows have matched. The walk reads about `limit * size / total` rows. What is too much to be counted is not
 * sorted.
 */
export const isWalkShorter = (total: Total, limit: number, size: number): boolean =>
  typeof total !== "number" || total * total > limit * size;

/** One row more than the limit was read: it shows that there is a next page. */
export function cut<Row extends Key, Item>(
  rows: readonly Row[],
  sort: Sort,
  limit: number,
  toItem: (row: Row) => Item,
): { rows: Item[]; next: string | null } {
  const last = rows.length > limit ? rows[limit - 1] : undefined;
  return { rows: rows.slice(0, limit).map(toItem), next: last ? writeCursor(sort, last) : null };
}

/** The values of a row in the order of the list, as columns. */
const sortKeys = ({ columns }: Sort): string =>
  columns.map((column, index) => `, ${column} AS sort_${index}`).join("");

export const orderBy = ({ columns, descending }: SortColumns): string =>
  ` ORDER BY ${columns.map((column) => `${column} ${descending ? "DESC" : "ASC"}`).join(", ")}`;

const startAfter = (sort: Sort, after: string | null): KeyRange[] =>
  keyRangesAfter(sort.columns, after === null ? null : readCursor(sort, after), sort);
