import { IconRadar2 } from "@tabler/icons-react";
import { ScanButton } from "#renderer/api/scan-button.tsx";
import { Facet } from "#renderer/ui/table/facet.tsx";
import { ListScreen } from "#renderer/ui/table/list-screen.tsx";
import { Nothing } from "#renderer/ui/table/nothing.tsx";
import { type Scan, ScanId, ScanState } from "#shared/model/scan.ts";
import { COLUMNS } from "./columns.tsx";
import { ScanDrawer } from "./drawer.tsx";
import { route, sortOf, useScans } from "./queries.ts";
import { SCAN_STATES } from "./scan-state.tsx";

const STATES = ScanState.options.map((value) => ({ value, label: SCAN_STATES[value].word }));

const idOf = ({ id }: Scan): string => String(id);

type Search = ReturnType<typeof route.useSearch>;

export function ScansPage() {
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const { list, fetchAll } = useScans(search);
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
      search={search.search ?? ""}
      searchHint="Search targets and outcomes"
      onSearch={(text) => change({ search: text || undefined })}
      openId={search.open === undefined ? null : String(search.open)}
      onOpen={(id, { isWalk }) => change({ open: id === null ? undefined : Number(id) }, isWalk)}
      fetchAll={fetchAll}
      filters={
        <Facet title="State" value={search.state} options={STATES} onChange={(state) => change({ state })} />
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
      why="A scan visits hosts and endpoints once, reads what is there and writes nothing on them."
      action={<ScanButton>Start a scan</ScanButton>}
    />
  );
}
