import { useEffect, useRef } from "react";
import { useCopy } from "#renderer/ui/fingerprint.tsx";
import { toast } from "#renderer/ui/toast.tsx";
import { isForPage } from "#renderer/ui/use-keys.ts";
import { formatCount } from "#shared/text/count.ts";
import type { ListCommands } from "#shared/text/list-commands.ts";
import { defuse, printable, printableJson } from "#shared/text/untrusted-text.ts";
import type { Column } from "./column.ts";

/** What is copied of a list: one cell, or rows in one of three forms. A row by itself is one JSON object. */
export type CopyRequest<Row> =
  | { kind: "cell"; row: Row; column: Column<Row> }
  | { kind: "text" | "json" | "command"; rows: readonly Row[]; isSelection: boolean };

/** The clipboard may be pasted into a terminal or a spreadsheet: the text is encoded for both. */
const formatCell = <Row>(column: Column<Row>, row: Row): string => defuse(printable(column.text(row)));

/** A line for each row, with tabs between its cells. */
const formatRows = <Row>(columns: readonly Column<Row>[], rows: readonly Row[]): string =>
  rows.map((row) => columns.map((column) => formatCell(column, row)).join("\t")).join("\n");

type CopyDeps<Row> = { columns: readonly Column<Row>[]; commands: ListCommands<Row> };
type Copy = { text: string; done: string };

/** Null where there is no command line that can be pasted. */
function makeCopy<Row>(request: CopyRequest<Row>, { columns, commands }: CopyDeps<Row>): Copy | null {
  if (request.kind === "cell")
    return { text: formatCell(request.column, request.row), done: `Copied ${request.column.title}` };
  const { kind, rows, isSelection } = request;
  const counted = formatCount(rows.length, "row");
  if (kind === "text") return { text: formatRows(columns, rows), done: `Copied ${counted} as text` };
  if (kind === "json")
    return { text: printableJson(isSelection ? rows : rows[0], 2), done: `Copied ${counted} as JSON` };
  const lines = new Set(rows.map(commands.ofRow));
  return lines.has(null)
    ? null
    : { text: [...lines].join("\n"), done: `Copied ${formatCount(lines.size, "command line")}` };
}

const NO_LINE = "No command line: a terminal would act on a character of it";
const NOT_ALLOWED = "Nothing was copied: the browser does not let this page";

/** Copies, and says what. */
export function useCopyRows<Row>(deps: CopyDeps<Row>): {
  copy: (request: CopyRequest<Row>) => void;
  copyView: () => void;
} {
  const write = useCopy();
  const writeCopy = (copy: Copy | null) => {
    if (copy === null) return toast(NO_LINE);
    void write(copy.text).then(
      () => toast(copy.done),
      () => toast(NOT_ALLOWED),
    );
  };
  return {
    copy: (request) => writeCopy(makeCopy(request, deps)),
    copyView: () => {
      const { view } = deps.commands;
      writeCopy(view === null ? null : { text: view, done: "Copied the command line of this view" });
    },
  };
}

/** Control+C, where no text is selected: what the keyboard is on. It needs no permission. */
export function useCopyKey<Row>(find: () => CopyRequest<Row> | null, deps: CopyDeps<Row>): void {
  const latest = useRef({ find, deps });
  latest.current = { find, deps };
  useEffect(() => {
    const copy = (event: ClipboardEvent) => {
      const { find: findRequest, deps: latestDeps } = latest.current;
      const isText = !(getSelection()?.isCollapsed ?? true);
      const request = isText || !isForPage(event) ? null : findRequest();
      const made = request && makeCopy(request, latestDeps);
      if (!made || !event.clipboardData) return;
      event.clipboardData.setData("text/plain", made.text);
      event.preventDefault();
      toast(made.done);
    };
    document.addEventListener("copy", copy);
    return () => document.removeEventListener("copy", copy);
  }, []);
}
