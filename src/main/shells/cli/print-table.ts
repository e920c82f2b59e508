import { styleText } from "node:util";
import { fitEnd, fitMiddle, widthOf } from "#shared/text/fit.ts";
import { printable } from "#shared/text/printable.ts";
import type { World } from "./world.ts";

export type Style = "red" | "yellow" | "green" | "dim" | "bold";

export type Column<Row> = {
  head: string;
  /** May be what strangers wrote: it is encoded here. */
  cell(row: Row): string;
  style?(row: Row): Style | null;
  /** How it is cut where the terminal is too narrow; a column without it never is. */
  cut?: "middle" | "end";
  /** The first columns to be left out where the terminal is too narrow for all: 1 goes before 2. */
  leaves?: number;
};

const GAP = "  ";
const LEAST_WIDTH = 10;
/** A cell that is cut to less is no longer worth a column that could be left out. */
const READABLE_WIDTH = 24;

/** Rows in columns, as wide as their widest cell and together no wider than the terminal, where that can be. */
export function printTable<Row>(
  all: readonly Column<Row>[],
  rows: readonly Row[],
  { columns: width, isColoured }: Pick<World, "columns" | "isColoured">,
): string {
  const columns = chooseColumns(all, rows, width ?? Number.POSITIVE_INFINITY);
  const cells = rows.map((row) => columns.map(({ cell }) => printable(cell(row))));
  const widths = fitWidths(
    columns.map(({ head }, index) =>
      Math.max(head.length, ...cells.map((line) => widthOf(line[index] ?? ""))),
    ),
    columns.map(({ cut }) => cut !== undefined),
    width ?? Number.POSITIVE_INFINITY,
  );
  const draw = (line: readonly string[], styleOf: (column: Column<Row>) => Style | null) =>
    columns
      .map((column, index) => {
        const most = widths[index] ?? 0;
        const text = (column.cut === "end" ? fitEnd : fitMiddle)(line[index] ?? "", most);
        const style = isColoured ? styleOf(column) : null;
        const shown = style ? paint(style, text) : text;
        return index === columns.length - 1 ? shown : shown + " ".repeat(Math.max(0, most - widthOf(text)));
      })
      .join(GAP)
      .trimEnd();
  const head = draw(
    columns.map(({ head }) => head),
    () => "dim",
  );
  const body = rows.map((row, index) => draw(cells[index] ?? [], ({ style }) => style?.(row) ?? null));
  return [head, ...body].join("\n");
}

function chooseColumns<Row>(all: readonly Column<Row>[], rows: readonly Row[], width: number): Column<Row>[] {
  const wishes = new Map(
    all.map((column) => {
      const widest = Math.max(column.head.length, ...rows.map((row) => widthOf(printable(column.cell(row)))));
      return [column, column.cut ? Math.min(widest, READABLE_WIDTH) : widest];
    }),
  );
  const columns = new Set(all);
  const leaving = all
    .filter(({ leaves }) => leaves !== undefined)
    .toSorted((a, b) => (a.leaves ?? 0) - (b.leaves ?? 0));
  for (const column of leaving) {
    const sum = [...columns].reduce(
      (total, each) => total + (wishes.get(each) ?? 0) + GAP.length,
      -GAP.length,
    );
    if (sum <= width) break;
    columns.delete(column);
  }
  return [...columns];
}

/** Colours where the terminal has them. */
export const paint = (style: Style, text: string): string =>
  styleText(style, text, { validateStream: false });

/** Takes from the widest column that may be cut until all fit, or none has anything left to give. */
function fitWidths(wishes: readonly number[], canCut: readonly boolean[], width: number): number[] {
  const widths = [...wishes];
  const gaps = GAP.length * (widths.length - 1);
  for (;;) {
    const excess = widths.reduce((sum, each) => sum + each, gaps) - width;
    const widest = Math.max(...widths.filter((_, index) => canCut[index]));
    if (excess <= 0 || widest <= LEAST_WIDTH) return widths;
    const index = widths.findIndex((each, at) => canCut[at] && each === widest);
    const second = Math.max(LEAST_WIDTH, ...widths.filter((_, at) => canCut[at] && at !== index));
    widths[index] = Math.max(widest - excess, Math.min(second, widest - 1), LEAST_WIDTH);
  }
}
