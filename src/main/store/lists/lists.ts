import type { Database, Statement } from "better-sqlite3";
import { type Key, readCursor, type Sort, type Value, writeCursor } from "./cursor.ts";

/** A piece of SQL that this program wrote, and the values that a caller gave for its question marks. */
export type Part = { sql: string; values: readonly Value[] };

export type Listed<Row> = { rows: Row[]; total: number; next: string | null };

type Asked = {
  select: string;
  from: string;
  where: readonly Part[];
  sort: Sort;
  after: string | null;
  limit: number;
  /** How to know the total without counting. */
  total?: () => number;
};

export type Lists = ReturnType<typeof createLists>;

/** So many different questions keep their statement; a person asks far fewer. */
const MOST_STATEMENTS = 300;

/**
 * Lists of any length, a page at a time. A page begins after the last row of the one before it, by
 * that row's values in the order of the list: it costs the same at any depth.
 */
export function createLists(db: Database) {
  const statements = new Map<string, Statement<Value[]>>();
  const prepare = (sql: string): Statement<Value[]> => {
    const known = statements.get(sql);
    if (known) return known;
    if (statements.size >= MOST_STATEMENTS) statements.clear();
    const statement = db.prepare<Value[]>(sql);
    statements.set(sql, statement);
    return statement;
  };

  return {
    list<Row, Item>(
      { select, from, where, total, ...asked }: Asked,
      toItem: (row: Row) => Item,
    ): Listed<Item> {
      const { rows, next } = page<Row>({
        sql: `SELECT ${select}${sortKeys(asked.sort)} FROM ${from}`,
        where,
        ...asked,
      });
      return { rows: rows.map(toItem), total: total?.() ?? count(from, where), next };
    },
    page,
    count,
    all: <Row>({ sql, values }: Part): Row[] => prepare(sql).all(...values) as Row[],
  };

  function count(from: string, where: readonly Part[]): number {
    const counted = prepare(`SELECT count(*) AS total FROM ${from}${conditions(where)}`).get(
      ...valuesOf(where),
    );
    return (counted as { total: number }).total;
  }

  /** `sql` selects, beside its own columns, the keys of the sort as `sort_0`, `sort_1`, ... */
  function page<Row>({ sql, where, sort, after, limit }: PageAsked): { rows: Row[]; next: string | null } {
    const all = [...where, ...startAfter(sort, after)];
    const text = `${sql}${conditions(all)}${orderBy(sort)} LIMIT ?`;
    const rows = prepare(text).all(...valuesOf(all), limit + 1) as (Row & Key)[];
    const last = rows.length > limit ? rows[limit - 1] : undefined;
    return { rows: rows.slice(0, limit), next: last ? writeCursor(sort, last) : null };
  }
}

type PageAsked = { sql: string; where: readonly Part[]; sort: Sort; after: string | null; limit: number };

export const sortKeys = ({ columns }: Sort): string =>
  columns.map((column, index) => `, ${column} AS sort_${index}`).join("");

export const orderBy = ({ columns, descending }: Sort): string =>
  ` ORDER BY ${columns.map((column) => `${column} ${descending ? "DESC" : "ASC"}`).join(", ")}`;

export const conditions = (where: readonly Part[]): string =>
  where.length === 0 ? "" : ` WHERE ${where.map(({ sql }) => sql).join(" AND ")}`;

export const valuesOf = (where: readonly Part[]): Value[] => where.flatMap(({ values }) => values);

/** Nothing for the first page. */
export function startAfter(sort: Sort, after: string | null): Part[] {
  if (after === null) return [];
  const marks = sort.columns.map(() => "?").join(", ");
  const sql = `(${sort.columns.join(", ")}) ${sort.descending ? "<" : ">"} (${marks})`;
  return [{ sql, values: readCursor(sort, after) }];
}
