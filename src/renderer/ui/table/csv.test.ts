import fc from "fast-check";
import { expect, test } from "vitest";
import type { Column } from "./column.ts";
import { defuse, printCsv } from "./csv.ts";

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
      expect(defuse(field)).not.toMatch(/^[=+\-@\t\r\0]/);
      expect(defuse(field).replace(/^'/, "")).toBe(field.replace(/^'/, ""));
    }),
  );
});
