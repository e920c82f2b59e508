import { IconServer } from "@tabler/icons-react";
import { ScanButton } from "#renderer/api/scan-button.tsx";
import { PROBE_STATES } from "#renderer/ui/probe-state.tsx";
import { Facet } from "#renderer/ui/table/facet.tsx";
import { ListScreen } from "#renderer/ui/table/list-screen.tsx";
import { Nothing } from "#renderer/ui/table/nothing.tsx";
import type { HostRow } from "#shared/model/host.ts";
import { ProbeState } from "#shared/model/probe.ts";
import { COLUMNS } from "./columns.tsx";
import { HostDrawer } from "./drawer.tsx";
import { route, sortOf, useHosts } from "./queries.ts";

const STATES = ProbeState.options.map((value) => ({ value, label: PROBE_STATES[value].word }));

const idOf = ({ id }: HostRow): string => String(id);

type Search = ReturnType<typeof route.useSearch>;

export function HostsPage() {
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const { list, fetchAll } = useHosts(search);
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
      search={search.search ?? ""}
      searchHint="Search hosts"
      onSearch={(text) => change({ search: text || undefined })}
      openId={search.open === undefined ? null : String(search.open)}
      onOpen={(id, { isWalk }) => change({ open: id === null ? undefined : Number(id) }, isWalk)}
      fetchAll={fetchAll}
      filters={
        <Facet
          title="Last visit"
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
      title="No host visited yet"
      why="A scan logs in over SSH with a key of yours, reads who may log in, and writes nothing there."
      action={<ScanButton>Scan hosts</ScanButton>}
    />
  );
}
