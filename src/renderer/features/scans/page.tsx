import { IconPackageImport, IconRadar2 } from "@tabler/icons-react";
import { SCAN_KEYS } from "#renderer/api/filter-keys.ts";
import { ScanButton } from "#renderer/api/scan-button.tsx";
import { Dim, Inline, NumberCell } from "#renderer/ui/cells.tsx";
import { OfHostCell } from "#renderer/ui/host-name.tsx";
import type { Column } from "#renderer/ui/table/column.ts";
import { Facet, ToggleFacet } from "#renderer/ui/table/filters.tsx";
import { ListScreen, Nothing } from "#renderer/ui/table/list-screen.tsx";
import { Tag } from "#renderer/ui/tag.tsx";
import { When } from "#renderer/ui/when.tsx";
import { type Scan, ScanId, ScanState } from "#shared/model/hosts/scan.ts";
import { formatCount } from "#shared/text/count.ts";
import { formatDuration } from "#shared/text/elapsed.ts";
import { formatScanName } from "#shared/text/hosts/target.ts";
import { ScanDrawer } from "./drawer.tsx";
import { route, sortOf, useScans } from "./queries.ts";
import { doneOf, SCAN_STATES, ScanBar, ScanStateTag } from "./scan-state.tsx";
import classes from "./scans.module.css";

const STATES = ScanState.options.map((value) => ({ value, label: SCAN_STATES[value].word }));

const idOf = ({ id }: Scan): string => String(id);

type Search = ReturnType<typeof route.useSearch>;

export function ScansPage() {
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const { list, fetchAll, commands } = useScans(search);
  const change = (patch: Partial<Search>, replace = true) =>
    void navigate({ to: ".", search: (before: Search) => ({ ...before, ...patch }), replace });

  return (
    <ListScreen
      name="scans"
      columns={COLUMNS}
      list={list}
      rowId={idOf}
      sort={sortOf(search)}
      onSort={({ by, descending }) => change({ sort: by as NonNullable<Search["sort"]>, descending })}
      address={search}
      filterKeys={SCAN_KEYS}
      searchHint="Search numbers, targets, outcomes"
      onFilter={change}
      openId={search.open === undefined ? null : String(search.open)}
      onOpen={(id, { isWalk }) => change({ open: id === null ? undefined : Number(id) }, isWalk)}
      fetchAll={fetchAll}
      commands={commands}
      filters={
        <>
          <Facet
            title="State"
            value={search.state}
            options={STATES}
            onChange={(state) => change({ state })}
          />
          <ToggleFacet
            title="With those of plans"
            count={undefined}
            isOn={search.plans ?? false}
            onChange={(isOn) => change({ plans: isOn || undefined })}
          />
        </>
      }
      empty={<None search={search} onClear={() => void navigate({ to: ".", search: {} })} />}
      drawer={
        search.open !== undefined && (
          <ScanDrawer scanId={ScanId.parse(search.open)} onClose={() => change({ open: undefined })} />
        )
      }
    />
  );
}

function None({ search, onClear }: { search: Search; onClear: () => void }) {
  return (
    <Nothing
      Icon={IconRadar2}
      one="scan"
      search={search}
      onClear={onClear}
      title="No scan yet"
      why="A scan connects to hosts and endpoints, reads their keys and certificates, and writes nothing there."
      action={<ScanButton>Start a scan</ScanButton>}
    />
  );
}

const COLUMNS: readonly Column<Scan>[] = [
  {
    id: "id",
    title: "Scan",
    minWidth: 240,
    grow: 3,
    cell: (scan) => (
      <Inline>
        <strong className={classes.number}>#{scan.id}</strong>
        <OfHostCell text={scan.firstTarget ?? ""} host={scan.firstHost ?? ""} />
        {scan.firstTarget !== null && scan.total > 1 && <Dim>and {formatCount(scan.total - 1, "other")}</Dim>}
        {scan.origin === "plan" && <Dim>by a plan</Dim>}
      </Inline>
    ),
    text: (scan) => `#${scan.id} ${formatScanName(scan)}`,
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
    title: "Probed",
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

/** Nothing was probed: it is an imported bundle of a collector. */
const BY_BUNDLE = "by bundle";

function formatTook({ startedAt, finishedAt, bundle }: Scan): string {
  return finishedAt === null || bundle
    ? ""
    : formatDuration(Math.max(Date.parse(finishedAt) - Date.parse(startedAt), 1_000));
}
