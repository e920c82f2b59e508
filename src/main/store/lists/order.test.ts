import Sqlite from "better-sqlite3";
import fc from "fast-check";
import { expect, test } from "vitest";
import { compareKeys, mergeRows, rowsAfter } from "./order.ts";

const db = new Sqlite(":memory:");
const sorted = db.prepare<[string], number>(`
  SELECT key FROM json_each(?) ORDER BY json_extract(value, '$[0]'), json_extract(value, '$[1]')`);

const text = fc.oneof(
  fc.string({ unit: "grapheme" }),
  fc.constantFrom("", "Z", "a", "\ue000", "\u{1f511}", "é"),
);
const keys = fc.array(fc.tuple(fc.oneof(fc.integer(), text), fc.integer({ min: 0, max: 1_000_000 })), {
  maxLength: 30,
});

const ORDER = { count: 2, descending: false };
const toRow = ([one, other]: readonly [string | number, number]) => ({ sort_0: one, sort_1: other });

test("rows are ordered as SQLite orders them", () => {
  fc.assert(
    fc.property(keys, (pairs) => {
      const ours = pairs.map(toRow).sort((one, other) => compareKeys(one, other, ORDER));
      const theirs = sorted
        .pluck()
        .all(JSON.stringify(pairs))
        .map((index) => toRow(pairs[Number(index)] ?? ["", 0]));
      expect(ours).toEqual(theirs);
    }),
  );
});

test("a page goes on after its cursor, whether its row is there or not, in either direction", () => {
  const rows = [1, 3, 5, 7].map((value) => ({ sort_0: value, sort_1: 0 }));
  const values = (found: { sort_0: number }[]) => found.map(({ sort_0 }) => sort_0);
  expect(values(rowsAfter(rows, null, 2, ORDER))).toEqual([1, 3]);
  expect(values(rowsAfter(rows, [3, 0], 2, ORDER))).toEqual([5, 7]);
  expect(values(rowsAfter(rows, [4, 0], 1, ORDER))).toEqual([5]);
  expect(values(rowsAfter(rows.toReversed(), [4, 0], 9, { ...ORDER, descending: true }))).toEqual([3, 1]);
  expect(values(rowsAfter(rows, [7, 0], 2, ORDER))).toEqual([]);
});

test("several lists become one", () => {
  const lists = [
    [1, 4],
    [2, 3, 9],
  ].map((numbers) => numbers.map((value) => toRow([value, 0])));
  expect(mergeRows(lists, 4, ORDER).map(({ sort_0 }) => sort_0)).toEqual([1, 2, 3, 4]);
});
