import Sqlite from "better-sqlite3";
import { expect, test } from "vitest";
import { orderBy } from "./lists.ts";
import { conditions, type KeyRange, keyRangesAfter, readKeyRanges, type Value, valuesOf } from "./order.ts";

const SIZE = 500;
const db = new Sqlite(":memory:");
db.exec(`
  CREATE TABLE thing (id INTEGER PRIMARY KEY, word TEXT NOT NULL, kind TEXT NOT NULL, host TEXT NOT NULL, port INTEGER NOT NULL);
  CREATE INDEX thing_by_word ON thing (substr(word, 1, 3), id);
  CREATE INDEX thing_by_kind ON thing (kind, id);
  CREATE INDEX thing_by_host ON thing (host, port, substr(word, 1, 3), id);
  WITH RECURSIVE number (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM number WHERE n < ${SIZE})
  INSERT INTO thing SELECT n, printf('%03d', n * 7 % 100), iif(n % 9, 'common', 'rare'), 'host' || n % 5, n % 3 FROM number`);

const ORDERS: [string, readonly string[]][] = [
  ["an expression", ["substr(word, 1, 3)", "id"]],
  ["what most have in common", ["kind", "id"]],
  ["several columns", ["host", "port", "substr(word, 1, 3)", "id"]],
  ["a condition", ["kind <> 'rare'", "id"]],
];
const BOTH_WAYS = ORDERS.flatMap(([name, columns]) =>
  [false, true].map((descending) => ({ name, columns, descending })),
);

test.each(BOTH_WAYS)(
  "by $name, descending: $descending, what comes after any row is told in its order",
  (sort) => {
    const whole = turn(sort, { after: null, limit: SIZE }).rows;
    expect(whole).toHaveLength(SIZE);
    for (const [index, row] of whole.entries())
      expect(turn(sort, { after: row, limit: 7 }).rows).toEqual(whole.slice(index + 1, index + 8));
  },
);

test.each(ORDERS.slice(0, 3))("by %s, what comes after a row is ranges of an index", (_name, columns) => {
  const sort = { columns, descending: false };
  const middle = turn(sort, { after: null, limit: SIZE / 2 }).rows.at(-1) ?? [];
  const { plans } = turn(sort, { after: middle, limit: SIZE });
  expect(plans.length).toBeGreaterThanOrEqual(columns.length);
  expect(plans.filter((plan) => !/^SEARCH thing USING (?:COVERING )?INDEX/.test(plan))).toEqual([]);
});

/** Pages through rows in an order: returns their values, and the plans by which SQLite has found them. */
function turn(
  sort: { columns: readonly string[]; descending: boolean },
  { after, limit }: { after: Value[] | null; limit: number },
) {
  const plans: string[] = [];
  const read = ({ where, columns }: KeyRange, most: number): Value[][] => {
    const sql = `SELECT ${sort.columns.join(", ")} FROM thing${conditions(where)}${orderBy({ ...sort, columns })} LIMIT ?`;
    const values = [...valuesOf(where), most];
    const plan = db.prepare<unknown[], { detail: string }>(`EXPLAIN QUERY PLAN ${sql}`).all(...values);
    plans.push(...plan.map(({ detail }) => detail));
    return db
      .prepare<unknown[], Value[]>(sql)
      .raw()
      .all(...values);
  };
  const keyRanges = keyRangesAfter(sort.columns, after, sort);
  return { rows: readKeyRanges(keyRanges, limit, read), plans };
}
