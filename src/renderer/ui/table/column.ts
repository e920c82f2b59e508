import { stringify } from "csv-stringify/browser/esm/sync";
import type { ReactNode } from "react";
import type { Total } from "#shared/model/total.ts";
import { defuse } from "#shared/text/untrusted-text.ts";

/** A column of a list. Widths are in pixels; the remaining width is shared out by `grow`. */
export type Column<Row> = {
  id: string;
  title: string;
  minWidth: number;
  grow?: number;
  isNumber?: boolean;
  /** The list's own name for this order; a column without one cannot be sorted by. */
  sortBy?: string;
  cell: (row: Row) => ReactNode;
  /** The cell in an exported file. */
  text: (row: Row) => string;
};

export type Sort = { by: string; descending: boolean };

/** The columns as somebody has arranged them. One that the list has got since stands after what it follows there. */
export function arrangeColumns<Row>(
  columns: readonly Column<Row>[],
  { hidden, order }: { hidden: readonly string[]; order: readonly string[] },
): Column<Row>[] {
  const arranged = order.flatMap((id) => columns.filter((column) => column.id === id));
  for (const [index, column] of columns.entries()) {
    if (arranged.includes(column)) continue;
    const before = columns[index - 1];
    arranged.splice(before ? arranged.indexOf(before) + 1 : 0, 0, column);
  }
  return arranged.filter(({ id }) => !hidden.includes(id));
}

/** The order after a column has been moved to the place of another one. */
export function moveColumn(order: readonly string[], id: string, to: number): string[] {
  const others = order.filter((one) => one !== id);
  const target = Math.min(Math.max(to, 0), others.length);
  return [...others.slice(0, target), id, ...others.slice(target)];
}

/** A list as far as it was fetched. `total` is null until its first page has come. */
export type Rows<Row> = {
  rows: Row[];
  total: Total | null;
  error: Error | null;
  isFetching: boolean;
  /** There is no answer yet to what is asked for: the rows are none, or still those of what was asked before. */
  isAwaited: boolean;
  fetchMore(): void;
  retry(): void;
};

/** Rows as RFC 4180 with a header. Every field is defused: a host, a comment or a subject may be anything. */
export function printCsv<Row>(columns: readonly Column<Row>[], rows: readonly Row[]): string {
  const header = columns.map(({ title }) => title);
  const lines = rows.map((row) => columns.map((column) => defuse(column.text(row))));
  return stringify([header, ...lines], { record_delimiter: "\r\n", quoted_match: /[\r\n]/ });
}

/** Gives a file to the browser to save. */
export function download(name: string, type: string, content: BlobPart): void {
  const url = URL.createObjectURL(new Blob([content], { type }));
  const link = document.createElement("a");
  link.href = url;
  link.download = name;
  link.click();
  URL.revokeObjectURL(url);
}
