import fc from "fast-check";
import { expect, test } from "vitest";
import { defuse } from "#shared/text/untrusted-text.ts";
import { arrangeColumns, type Column, moveColumn, printCsv } from "./column.ts";

const columns: Column<string[]>[] = ["Host", "Comment"].map((title, index) => ({
  id: title,
  title,
  minWidth: 0,
  cell: () => null,
  text: (row) => row[index] ?? "",
}));

test("a field that a spreadsheet would run is text, and one with quotes, commas and lines is one field", () => {
  expect(
    printCsv(columns, [
      ["web01", '=HYPERLINK("http://x")'],
      ["a,b", "two\nlines"],
      ["-1", "@x"],
    ]),
  ).toBe('Host,Comment\r\nweb01,"\'=HYPERLINK(""http://x"")"\r\n"a,b","two\nlines"\r\n\'-1,\'@x\r\n');
});

test("no field begins a formula, and none loses anything", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), (field) => {
      expect(defuse(field)).not.toMatch(/^[=+\-@\t\r\n\0]/);
      expect(defuse(field).replace(/^'/, "")).toBe(field.replace(/^'/, ""));
    }),
  );
});

/** RFC 4180 as it is written: a field in quotes may hold anything, another no quote, comma or end of a line. */
const FIELD = /(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r\n)/gy;

test("what is written is read back, field by field, whatever it holds", () => {
  const field = fc.oneof(
    fc.string({ unit: "binary" }),
    fc.string({
      unit: fc.constantFrom('"', ",", "\r", "\n", "\r\n", "=", "+", "-", "@", "\t", "\0", "'", "a", " ", ";"),
    }),
  );
  fc.assert(
    fc.property(fc.array(fc.tuple(field, field), { minLength: 1 }), (rows) => {
      const text = printCsv(columns, rows);
      const read = Array.from(text.matchAll(FIELD), ([whole, quoted, plain = "", end]) => ({
        whole,
        end,
        value: quoted?.replaceAll('""', '"') ?? plain,
      }));
      expect(read.map(({ whole }) => whole).join("")).toBe(text);
      expect(read.map(({ end }) => end)).toEqual(
        Array(rows.length + 1)
          .fill([",", "\r\n"])
          .flat(),
      );
      expect(read.slice(2).map(({ value }) => value)).toEqual(rows.flat().map(defuse));
    }),
  );
});

test("columns are in the order that somebody gave them, and one that is new stands after what it follows", () => {
  const list = ["a", "b", "c", "d"].map((id) => ({
    id,
    title: id,
    minWidth: 0,
    cell: () => null,
    text: () => "",
  }));
  const idsOf = (arrangement: { hidden: string[]; order: string[] }) =>
    arrangeColumns(list, arrangement).map(({ id }) => id);
  expect(idsOf({ hidden: [], order: [] })).toEqual(["a", "b", "c", "d"]);
  expect(idsOf({ hidden: ["b"], order: ["d", "a", "b"] })).toEqual(["d", "a", "c"]);
  expect(idsOf({ hidden: [], order: ["gone", "c", "b"] })).toEqual(["a", "c", "d", "b"]);
});

test("a moved column is at its place among the others, and no further than their ends", () => {
  expect(moveColumn(["a", "b", "c"], "a", 1)).toEqual(["b", "a", "c"]);
  expect(moveColumn(["a", "b", "c"], "c", 0)).toEqual(["c", "a", "b"]);
  expect(moveColumn(["a", "b", "c"], "b", 9)).toEqual(["a", "c", "b"]);
  expect(moveColumn(["a", "b", "c"], "b", -1)).toEqual(["b", "a", "c"]);
});

test("whatever order is kept, every column that is not hidden is there once", () => {
  const list = ["a", "b", "c"].map((id) => ({
    id,
    title: id,
    minWidth: 0,
    cell: () => null,
    text: () => "",
  }));
  fc.assert(
    fc.property(
      fc.uniqueArray(fc.constantFrom("a", "b", "c", "x")),
      fc.subarray(["a", "b"]),
      (order, hidden) => {
        const shown = arrangeColumns(list, { hidden, order }).map(({ id }) => id);
        expect(shown.toSorted()).toEqual(["a", "b", "c"].filter((id) => !hidden.includes(id)));
      },
    ),
  );
});
