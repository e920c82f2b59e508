import { styleText } from "node:util";
import type { LatchkeyClient } from "#shared/contract/index.ts";
import { type Total, totalOnceRead } from "#shared/model/total.ts";
import { fitEnd, fitMiddle, widthOf } from "#shared/text/fit.ts";
import { findOwnNamesIn, withOwnName } from "#shared/text/hosts/own-name.ts";
import { printable } from "#shared/text/untrusted-text.ts";
import type { World } from "./session.ts";

export type Style = "red" | "yellow" | "green" | "dim" | "bold";

export type Column<Row> = {
  head: string;
  /** May be what strangers wrote: it is encoded here. */
  cell(row: Row): string;
  style?(row: Row): Style | null;
  /** Where the text is cut if the terminal is too narrow; without it the column is never cut. */
  cut?: "middle" | "end";
  /** The host that the cell names, where it does: `withOwnNames` shows what that calls itself. */
  hostOf?(row: Row): { host: string; port?: number | null } | null;
  /** The order in which columns are left out if the terminal is too narrow for all: 1 goes before 2. */
  leaves?: number;
};

/** These columns, with what each host calls itself behind the user's name for it. */
export async function withOwnNames<Row>(
  columns: readonly Column<Row>[],
  { hosts }: LatchkeyClient,
): Promise<Column<Row>[]> {
  const find = findOwnNamesIn(await hosts.ownNames());
  return columns.map((column) => ({
    ...column,
    cell(row) {
      const [text, at] = [column.cell(row), column.hostOf?.(row)];
      return at ? withOwnName(text, at.host, find(at.host, at.port)) : text;
    },
  }));
}

const GAP = "  ";
const LEAST_WIDTH = 10;
/** A name or a sentence that is cut to less is hard to read: other columns are left out first. */
const READABLE_WIDTH = { middle: 24, end: 40 };

/** Rows in columns, as wide as their widest cell and together no wider than the terminal, if possible. */
export function printTable<Row>(
  columns: readonly Column<Row>[],
  rows: readonly Row[],
  { columns: most, isColoured }: Pick<World, "columns" | "isColoured">,
): string {
  const measured = columns.map((column) => measure(column, rows));
  const fitting = most === null ? measured : cutToFit(leaveOut(measured, most), most);
  const draw = ({ column, width }: Measured<Row>, text: string, style: Style | null | undefined) => {
    const shown = (column.cut === "end" ? fitEnd : fitMiddle)(text, width);
    const gap = " ".repeat(Math.max(0, width - widthOf(shown)));
    return `${isColoured && style ? paint(style, shown) : shown}${gap}`;
  };
  const join = (cells: readonly string[]) => cells.join(GAP).trimEnd();
  const head = join(fitting.map((each) => draw(each, each.column.head, "dim")));
  const body = rows.map((row, index) =>
    join(fitting.map((each) => draw(each, each.cells[index] ?? "", each.column.style?.(row)))),
  );
  return [head, ...body].join("\n");
}

/** Colours where the terminal has them. */
export const paint = (style: Style, text: string): string =>
  styleText(style, text, { validateStream: false });

type Measured<Row> = { column: Column<Row>; cells: string[]; width: number };

function measure<Row>(column: Column<Row>, rows: readonly Row[]): Measured<Row> {
  const cells = rows.map((row) => printable(column.cell(row)));
  const width = cells.reduce((widest, cell) => Math.max(widest, widthOf(cell)), column.head.length);
  return { column, cells, width };
}

/** Leaves columns out, in the order of `leaves`, until the rest can be read side by side. */
function leaveOut<Row>(columns: readonly Measured<Row>[], most: number): Measured<Row>[] {
  const readable = ({ column, width }: Measured<Row>) =>
    column.cut ? Math.min(width, READABLE_WIDTH[column.cut]) : width;
  const isTooWide = (left: readonly Measured<Row>[]) => sumOf(left.map(readable)) > most;
  const leaving = columns.flatMap(({ column }) => column.leaves ?? []).toSorted((a, b) => a - b);
  return leaving.reduce(
    (left, turn) => (isTooWide(left) ? left.filter(({ column }) => column.leaves !== turn) : left),
    [...columns],
  );
}

/** Narrows the widest column that may be cut until all fit, or no column can be narrowed further. */
function cutToFit<Row>(columns: readonly Measured<Row>[], most: number): Measured<Row>[] {
  const left = columns.map((each) => ({ ...each }));
  const cuttable = left.filter(({ column }) => column.cut);
  for (;;) {
    const [widest, second] = cuttable.toSorted((a, b) => b.width - a.width);
    const excess = sumOf(left.map(({ width }) => width)) - most;
    if (excess <= 0 || !widest || widest.width <= LEAST_WIDTH) return left;
    const level = Math.min(second?.width ?? LEAST_WIDTH, widest.width - 1);
    widest.width = Math.max(widest.width - excess, level, LEAST_WIDTH);
  }
}

const sumOf = (widths: readonly number[]): number =>
  widths.reduce((sum, width) => sum + width + GAP.length, -GAP.length);

type ListPage<Row> = { rows: Row[]; total: Total; next: string | null };

/** The rows of a list up to a limit, page by page, and how many there are in all. */
export async function listRows<Row>(
  limit: number | undefined,
  fetchPage: (page: { after: string | null; limit: number }) => Promise<ListPage<Row>>,
): Promise<{ rows: Row[]; total: Total }> {
  const most = limit ?? Number.POSITIVE_INFINITY;
  const rows: Row[] = [];
  let after: string | null = null;
  for (;;) {
    const page: ListPage<Row> = await fetchPage({ after, limit: Math.min(most - rows.length, 1_000) });
    rows.push(...page.rows);
    after = page.next;
    const isEnd = after === null;
    if (isEnd || rows.length >= most)
      return { rows, total: totalOnceRead(page.total, { count: rows.length, isEnd }) };
  }
}
