import { IconPackageImport } from "@tabler/icons-react";
import { NumberCell } from "#renderer/ui/cells.tsx";
import type { Column } from "#renderer/ui/table/column.ts";
import { Tag } from "#renderer/ui/tag.tsx";
import { When } from "#renderer/ui/when.tsx";
import type { Scan } from "#shared/model/scan.ts";
import { formatDuration } from "#shared/text/elapsed.ts";
import { doneOf, ScanBar, ScanStateTag } from "./scan-state.tsx";
import classes from "./scans.module.css";

export const COLUMNS: readonly Column<Scan>[] = [
  {
    id: "id",
    title: "Scan",
    minWidth: 84,
    cell: ({ id }) => <strong className={classes.number}>#{id}</strong>,
    text: ({ id }) => String(id),
  },
  {
    id: "state",
    title: "State",
    minWidth: 124,
    cell: ({ state }) => <ScanStateTag state={state} />,
    text: ({ state }) => state,
  },
  {
    id: "progress",
    title: "Visited",
    sortBy: "total",
    minWidth: 220,
    grow: 1,
    cell: (scan) => (
      <span className={classes.progress}>
        {scan.bundle ? (
          <Tag tone="gray" Icon={IconPackageImport} isPlain>
            {BY_BUNDLE}
          </Tag>
        ) : (
          <>
            <ScanBar scan={scan} />
            <span className={classes.of}>
              {doneOf(scan).toLocaleString("en")} of {scan.total.toLocaleString("en")}
            </span>
          </>
        )}
      </span>
    ),
    text: (scan) => (scan.bundle ? BY_BUNDLE : `${doneOf(scan)} of ${scan.total}`),
  },
  {
    id: "ok",
    title: "Read",
    minWidth: 80,
    isNumber: true,
    cell: ({ ok }) => <NumberCell value={ok} />,
    text: ({ ok }) => String(ok),
  },
  {
    id: "partial",
    title: "In part",
    minWidth: 80,
    isNumber: true,
    cell: ({ partial }) => <NumberCell value={partial} />,
    text: ({ partial }) => String(partial),
  },
  {
    id: "failed",
    title: "Failed",
    sortBy: "failed",
    minWidth: 80,
    isNumber: true,
    cell: ({ failed }) => <NumberCell value={failed} />,
    text: ({ failed }) => String(failed),
  },
  {
    id: "startedAt",
    title: "Started",
    sortBy: "startedAt",
    minWidth: 130,
    cell: ({ startedAt }) => <When instant={startedAt} />,
    text: ({ startedAt }) => startedAt,
  },
  {
    id: "took",
    title: "Took",
    minWidth: 84,
    isNumber: true,
    cell: (scan) => formatTook(scan),
    text: formatTook,
  },
];

/** Nothing was visited: what a collector wrote was carried here. */
const BY_BUNDLE = "by bundle";

function formatTook({ startedAt, finishedAt, bundle }: Scan): string {
  return finishedAt === null || bundle
    ? ""
    : formatDuration(Math.max(Date.parse(finishedAt) - Date.parse(startedAt), 1_000));
}
