import type { ReactNode } from "react";
import type { Total } from "#shared/model/total.ts";

/** A column of a list. Widths are in pixels; what is left over is shared out by `grow`. */
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

/** A list as far as it was fetched. `total` is null until its first page has come. */
export type Rows<Row> = {
  rows: Row[];
  total: Total | null;
  error: Error | null;
  isFetching: boolean;
  fetchMore(): void;
  retry(): void;
};
