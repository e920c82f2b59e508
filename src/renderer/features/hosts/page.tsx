import { IconServer } from "@tabler/icons-react";
import { HOST_KEYS } from "#renderer/api/filter-keys.ts";
import { LabelRows } from "#renderer/api/labels-section.tsx";
import { ScanButton } from "#renderer/api/scan-button.tsx";
import { Dim, NameCell, NumberCell, TextCell } from "#renderer/ui/cells.tsx";
import { FindingCount } from "#renderer/ui/severity.tsx";
import type { Column } from "#renderer/ui/table/column.ts";
import { Facet } from "#renderer/ui/table/filters.tsx";
import { ListScreen, Nothing } from "#renderer/ui/table/list-screen.tsx";
import { PROBE_STATES, ProbeTag } from "#renderer/ui/tag.tsx";
import { When } from "#renderer/ui/when.tsx";
import type { HostRow } from "#shared/model/hosts/host.ts";
import { ProbeState } from "#shared/model/hosts/probe.ts";
import type { Labelled } from "#shared/model/label.ts";
import { formatOwnName } from "#shared/text/hosts/own-name.ts";
import { HostDrawer, nameOf } from "./drawer.tsx";
import { route, sortOf, useHosts } from "./queries.ts";

const STATES = ProbeState.options.map((value) => ({ value, label: PROBE_STATES[value].word }));

const toThing = ({ host }: HostRow): Labelled => ({ kind: "host", host });

const idOf = ({ id }: HostRow): string => String(id);

type Search = ReturnType<typeof route.useSearch>;

export function HostsPage() {
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const { list, fetchAll, commands } = useHosts(search);
  const change = (patch: Partial<Search>, replace = true) =>
    void navigate({ to: ".", search: (before: Search) => ({ ...before, ...patch }), replace });

  return (
    <ListScreen
      name="hosts"
      columns={COLUMNS}
      list={list}
      rowId={idOf}
      sort={sortOf(search)}
      onSort={({ by, descending }) => change({ sort: by as NonNullable<Search["sort"]>, descending })}
      address={search}
      filterKeys={HOST_KEYS}
      searchHint="Search hosts"
      onFilter={change}
      openId={search.open === undefined ? null : String(search.open)}
      onOpen={(id, { isWalk }) => change({ open: id === null ? undefined : Number(id) }, isWalk)}
      fetchAll={fetchAll}
      actions={(rows, clear) => <LabelRows things={rows.map(toThing)} onDone={clear} />}
      commands={commands}
      filters={
        <Facet
          title="Last scan"
          value={search.state}
          options={STATES}
          onChange={(state) => change({ state })}
        />
      }
      empty={<None search={search} onClear={() => void navigate({ to: ".", search: {} })} />}
      drawer={
        search.open !== undefined && (
          <HostDrawer id={search.open} onClose={() => change({ open: undefined })} />
        )
      }
    />
  );
}

function None({ search, onClear }: { search: Search; onClear: () => void }) {
  return (
    <Nothing
      Icon={IconServer}
      one="host"
      search={search}
      onClear={onClear}
      title="No host scanned yet"
      why="A scan logs in over SSH with a key of yours, reads who may log in, and writes nothing there."
      action={<ScanButton>Scan hosts</ScanButton>}
    />
  );
}

/** Marks a host that only an unverified bundle tells of, apart from one that was read. */
function readAsOf({ readAs, bundleStanding }: HostRow): string {
  return bundleStanding === "claimed" ? `claimed, ${readAs}` : (readAs ?? "");
}

const COLUMNS: readonly Column<HostRow>[] = [
  {
    id: "host",
    title: "Host",
    minWidth: 168,
    grow: 3,
    sortBy: "host",
    cell: (row) => {
      const more = formatOwnName(row.host, row.hostname);
      return <NameCell name={nameOf(row)} {...(more === null ? {} : { more })} />;
    },
    text: ({ host, port }) => `${host}:${port}`,
  },
  {
    id: "state",
    title: "Last scan",
    minWidth: 146,
    sortBy: "state",
    cell: ({ state, outcome }) => <ProbeTag state={state} outcome={outcome} />,
    text: ({ state, outcome }) => `${state} ${outcome}`,
  },
  {
    id: "os",
    title: "System",
    minWidth: 138,
    grow: 2,
    sortBy: "os",
    cell: ({ os }) => (os === null ? <Dim>not read</Dim> : <TextCell text={os} />),
    text: ({ os }) => os ?? "",
  },
  {
    id: "readAs",
    title: "Read as",
    minWidth: 92,
    grow: 1,
    cell: (row) => (row.readAs === null ? <Dim>not read</Dim> : <TextCell text={readAsOf(row)} />),
    text: readAsOf,
  },
  {
    id: "accounts",
    title: "Accounts",
    minWidth: 82,
    isNumber: true,
    sortBy: "accountCount",
    cell: ({ accountCount }) => <NumberCell value={accountCount} />,
    text: ({ accountCount }) => String(accountCount),
  },
  {
    id: "grants",
    title: "Grants",
    minWidth: 70,
    isNumber: true,
    sortBy: "grantCount",
    cell: ({ grantCount }) => <NumberCell value={grantCount} />,
    text: ({ grantCount }) => String(grantCount),
  },
  {
    id: "certificates",
    title: "Certificates",
    minWidth: 96,
    isNumber: true,
    cell: ({ certificateCount }) => <NumberCell value={certificateCount} />,
    text: ({ certificateCount }) => String(certificateCount),
  },
  {
    id: "findings",
    title: "Findings",
    minWidth: 110,
    cell: ({ findings }) => <FindingCount findings={findings} />,
    text: ({ findings }) => findings.map(({ rule }) => rule).join(" "),
  },
  {
    id: "lastSeen",
    title: "Last scanned",
    minWidth: 110,
    sortBy: "lastSeen",
    cell: ({ lastSeen }) => <When instant={lastSeen} />,
    text: ({ lastSeen }) => lastSeen,
  },
];
