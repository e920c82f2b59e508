import Sqlite from "better-sqlite3";
import { expect, test } from "vitest";
import { foundReader } from "./count.ts";
import { answerReader, cacheKeyOf } from "./kept.ts";

test("a question about what was found is short, however much that is, and is the same for the same set alone", () => {
  using db = openMemory();
  const { read, isIn } = reader(db);
  const found = new Set(Array.from({ length: 20_000 }, (_, index) => 100_000 + 2 * index));
  const ask = (set: ReadonlySet<number>): string => {
    const { sql, values } = isIn("value", set);
    return cacheKeyOf(sql, values, {});
  };
  expect(ask(found).length).toBeLessThan(100);
  expect(ask(found)).toBe(ask(found));
  expect(ask(new Set([1]))).not.toBe(ask(new Set([1])));
  const { sql, values } = isIn("value", found);
  const rows = read(`SELECT value FROM json_each('[100001, 100002, 7]') WHERE ${sql}`, values);
  expect(rows).toEqual([{ value: 100_002 }]);
});

test("a set that many others came after is known again when it is asked for", () => {
  using db = openMemory();
  const { read, isIn, isAmong } = reader(db);
  const first = new Set([5]);
  const before = isIn("value", first);
  for (let index = 0; index < 50; index++) isAmong("value", new Set([index]));
  for (const part of [isIn("value", first), isAmong("value", first)])
    expect(read(`SELECT value FROM json_each('[4, 5]') WHERE ${part.sql}`, part.values)).toEqual([
      { value: 5 },
    ]);
  expect(isIn("value", first)).toEqual(before);
});

test("a question about a set that is not known any more fails, and does not find nothing", () => {
  using db = openMemory();
  const { read, isIn, isAmong } = reader(db);
  const parts = [isIn("value", new Set([5])), isAmong("value", new Set([5]))];
  for (let index = 0; index < 50; index++) isAmong("value", new Set([index]));
  for (const { sql, values } of parts)
    expect(() => read(`SELECT value FROM json_each('[4, 5]') WHERE ${sql}`, values)).toThrow(
      "not known any more",
    );
});

function reader(db: Sqlite.Database) {
  const { read, keep } = answerReader(db);
  return { read, ...foundReader(db, { read, keep }) };
}

function openMemory(): Sqlite.Database & Disposable {
  const db = new Sqlite(":memory:");
  return Object.assign(db, { [Symbol.dispose]: () => void db.close() });
}
