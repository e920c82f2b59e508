import fc from "fast-check";
import { expect, test } from "vitest";
import { defuse } from "#shared/text/untrusted-text.ts";
import { type Column, printCsv } from "./column.ts";

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
