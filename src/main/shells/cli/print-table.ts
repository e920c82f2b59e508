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
};

const GAP = "  ";
const LEAST_WIDTH = 10;

/** Rows in columns, as wide as their widest cell and together no wider than the terminal, where that can be. */
export function printTable<Row>(
  columns: readonly Column<Row>[],
  rows: readonly Row[],
  { columns: width, isColoured }: Pick<World, "columns" | "isColoured">,
): string {
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
