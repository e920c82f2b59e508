/**
 * The table of faults and their outcomes. A test whose name begins with the fault's id ("S1: ...") reports what it saw
 * by `recordFault`; the reporter of the test run prints all rows as one table, whatever files and projects they came
 * from. The files of such tests have `faults` in their names: `npm run faults` runs those.
 */
import { formatColumns } from "#testing/format-columns.ts";
import { FAULTS, type FaultId } from "./faults.ts";

export type FaultRow = {
  id: FaultId;
  /** How the fault was made: "nft drop", "strace SIGKILL". */
  injected: string;
  /** The outcome, measured or in the program's words. */
  seen: string;
};

/** Adds a row to the table, through the report of the test run; `task` is the running test. */
export function recordFault(task: { meta: object }, row: FaultRow): void {
  const meta = task.meta as { faults?: FaultRow[] };
  meta.faults = [...(meta.faults ?? []), row];
}

/** The table as text. `failed`: the names of failed tests; one that begins with an id spoils that id's rows. */
export function formatFaultTable(rows: readonly FaultRow[], failed: readonly string[] = []): string {
  const lines = (Object.keys(FAULTS) as FaultId[]).flatMap((id) => formatFault(id, rows, failed));
  return formatColumns([["", "FAULT", "INJECTED BY", "REQUIRED", "SEEN"], ...lines]);
}

function formatFault(id: FaultId, rows: readonly FaultRow[], failed: readonly string[]): string[][] {
  const { fault, required } = FAULTS[id];
  const cells = [
    ...failed.filter((name) => name.startsWith(`${id}:`)).map(() => ["", "FAILED"]),
    ...rows.filter((row) => row.id === id).map(({ injected, seen }) => [injected, seen]),
  ];
  const shown = cells.length > 0 ? cells : [["", "not run"]];
  return shown.map(([injected = "", seen = ""], index) =>
    index === 0 ? [id, fault, injected, required, seen] : ["", "", injected, "", seen],
  );
}
