/**
 * The table of STARTTLS protocols, with what each real server did. A test reports what it saw by `recordProtocol`; the
 * reporter of the test run prints all rows as one table, whatever files and projects they came from.
 */
import { StartTls } from "#shared/model/hosts/target.ts";
import { formatColumns } from "#testing/format-columns.ts";

export type ProtocolRow = {
  protocol: StartTls;
  server: string;
  /** It follows a script of ours: no server of the protocol is available here, or none that supports STARTTLS. */
  isScripted: boolean;
  seen: string;
};

/** Adds a row to the table, through the report of the test run; `task` is the running test. */
export function recordProtocol(task: { meta: object }, row: ProtocolRow): void {
  const meta = task.meta as { protocols?: ProtocolRow[] };
  meta.protocols = [...(meta.protocols ?? []), row];
}

/** The table as text. `failed`: the names of failed tests; one that begins with a protocol spoils that protocol's rows. */
export function formatProtocolTable(rows: readonly ProtocolRow[], failed: readonly string[] = []): string {
  const lines = StartTls.options.flatMap((protocol) => formatRows(protocol, rows, failed));
  return formatColumns([["PROTOCOL", "SERVER", "SEEN"], ...lines]);
}

function formatRows(protocol: StartTls, rows: readonly ProtocolRow[], failed: readonly string[]): string[][] {
  const cells = [
    ...failed.filter((name) => name.startsWith(`${protocol}:`)).map(() => ["", "FAILED"]),
    ...rows
      .filter((row) => row.protocol === protocol)
      .sort((one, other) => Number(one.isScripted) - Number(other.isScripted))
      .map(({ server, isScripted, seen }) => [isScripted ? `scripted: ${server}` : server, seen]),
  ];
  const shown = cells.length > 0 ? cells : [["", "not run"]];
  return shown.map((cell, index) => [index === 0 ? protocol : "", ...cell]);
}
