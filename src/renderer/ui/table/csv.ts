import { stringify } from "csv-stringify/browser/esm/sync";
import { defuse } from "#shared/text/defuse.ts";
import type { Column } from "./column.ts";

/** Rows as RFC 4180 with a header, all fields defused: a host, a comment or a subject may be anything. */
export function printCsv<Row>(columns: readonly Column<Row>[], rows: readonly Row[]): string {
  const header = columns.map(({ title }) => title);
  const lines = rows.map((row) => columns.map((column) => defuse(column.text(row))));
  return stringify([header, ...lines], { record_delimiter: "\r\n", quoted_match: /[\r\n]/ });
}

/** Hands a file to the browser to keep. */
export function download(name: string, type: string, content: BlobPart): void {
  const url = URL.createObjectURL(new Blob([content], { type }));
  const link = document.createElement("a");
  link.href = url;
  link.download = name;
  link.click();
  URL.revokeObjectURL(url);
}
