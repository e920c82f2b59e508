import type { Probe } from "#shared/model/probe.ts";
import type { ScanState } from "#shared/model/scan.ts";
import { sayCount, sayNumber } from "#shared/text/count.ts";
import { sayOutcome } from "#shared/text/outcome.ts";
import { sayPlace, sayTarget } from "#shared/text/target.ts";
import { type Column, printTable } from "./print-table.ts";
import type { VisitedScan } from "./read-scan.ts";
import type { World } from "./world.ts";

const MOST_FAILURES = 50;

/** What a scan met, for people: first what went wrong, then the sum, which stays in view. */
export function printScan({ scan, failures }: VisitedScan, world: World): void {
  if (failures.length > 0) {
    world.out(printTable(COLUMNS, failures.slice(0, MOST_FAILURES), world));
    const more = failures.length - MOST_FAILURES;
    if (more > 0) world.out(`and ${sayNumber(more)} more; with --json all are listed`);
    world.out("");
  }
  const { total, ok, partial, failed } = scan;
  const left = total - ok - partial - failed;
  const counts = [
    `${sayNumber(ok)} read`,
    ...(partial > 0 ? [`${sayNumber(partial)} read in part`] : []),
    ...(failed > 0 ? [`${sayNumber(failed)} not read`] : []),
    ...(left > 0 ? [`${sayNumber(left)} not visited`] : []),
  ];
  world.out(`${sayState(scan.state)}${sayCount(total, "target")}: ${counts.join(", ")}`);
}

const sayState = (state: ScanState): string => (state === "finished" ? "" : `${state}: `);

const COLUMNS: Column<Probe>[] = [
  { head: "TARGET", cell: sayWay, cut: "middle" },
  { head: "OUTCOME", cell: ({ outcome }) => sayOutcome(outcome), style: ({ state }) => STYLES[state] },
  // Never cut: it says what to do.
  { head: "WHY", cell: ({ message }) => message },
];

/** A jump host is named where the outcome is about it. */
function sayWay({ target, jumpHost }: Probe): string {
  return jumpHost ? `${sayTarget(target)} (via ${sayPlace(jumpHost)})` : sayTarget(target);
}

const STYLES = { ok: "green", partial: "yellow", failed: "red" } as const;
