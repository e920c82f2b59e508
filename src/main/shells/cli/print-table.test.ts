import { expect, test } from "vitest";
import { widthOf } from "#shared/text/fit.ts";
import { type Column, printTable } from "./print-table.ts";

type Row = { name: string; state: "ok" | "failed"; why: string };

const COLUMNS: Column<Row>[] = [
  { head: "NAME", cell: ({ name }) => name, cut: "middle" },
  { head: "STATE", cell: ({ state }) => state, style: ({ state }) => (state === "ok" ? "green" : "red") },
  { head: "WHY", cell: ({ why }) => why, cut: "end" },
];

const ROWS: Row[] = [
  { name: "web1.example", state: "ok", why: "" },
  {
    name: "a-very-long-name-of-a-host.in.a.domain.example",
    state: "failed",
    why: "it refused the connection",
  },
  { name: "日本.example\u001b[2J", state: "ok", why: "" },
];

test("a terminal that is wide enough, or none, cuts nothing", () => {
  expect(printTable(COLUMNS, ROWS, { columns: null, isColoured: false })).toMatchInlineSnapshot(`
    "NAME                                            STATE   WHY
    web1.example                                    ok
    a-very-long-name-of-a-host.in.a.domain.example  failed  it refused the connection
    日本.example<U+001B>[2J                         ok"
  `);
});

test("a narrow terminal cuts the widest columns, names in their middle and sentences at their end", () => {
  const table = printTable(COLUMNS, ROWS, { columns: 48, isColoured: false });
  expect(table).toMatchInlineSnapshot(`
    "NAME                 STATE   WHY
    web1.example         ok
    a-very-lo…n.example  failed  it refused the con…
    日本.exam…+001B>[2J  ok"
  `);
  expect(Math.max(...table.split("\n").map(widthOf))).toBeLessThanOrEqual(48);
});

test("colours are put on where the terminal has them", () => {
  const table = printTable(COLUMNS, ROWS.slice(0, 1), { columns: null, isColoured: true });
  expect(table).toContain("\u001b[32mok\u001b[39m");
});

test("where all cannot be read, the columns that may leave do so, and none does where there is room", () => {
  const columns = COLUMNS.map((column) => (column.head === "WHY" ? { ...column, leaves: 1 } : column));
  const heads = (width: number) =>
    printTable(columns, ROWS, { columns: width, isColoured: false }).split("\n")[0]?.split(/ +/);
  expect([heads(48), heads(100)]).toEqual([
    ["NAME", "STATE"],
    ["NAME", "STATE", "WHY"],
  ]);
});
