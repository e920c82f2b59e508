import { IconCertificate } from "@tabler/icons-react";
import { keepPreviousData, useInfiniteQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { useApi } from "#renderer/api/connection.ts";
import { SERVED_KEYS } from "#renderer/api/filter-keys.ts";
import { ServedActions } from "#renderer/api/reload.tsx";
import { fetchAll, useRows } from "#renderer/api/use-rows.ts";
import { TextCell } from "#renderer/ui/cells.tsx";
import { Drawer } from "#renderer/ui/drawer/drawer.tsx";
import { HostCell } from "#renderer/ui/host-name.tsx";
import { ServedLines, StateTag } from "#renderer/ui/served-lines.tsx";
import type { Column } from "#renderer/ui/table/column.ts";
import { Facet, FixedFacet } from "#renderer/ui/table/filters.tsx";
import { ListScreen, Nothing } from "#renderer/ui/table/list-screen.tsx";
import { Untrusted } from "#renderer/ui/text.tsx";
import { type ServedRow, ServedState } from "#shared/model/certificates/served.ts";
import { formatFileLine, formatListener, formatServedState } from "#shared/text/certificates/deployment.ts";
import { servedCommands } from "#shared/text/list-commands.ts";

const route = getRouteApi("/served");

const STATES = ServedState.options.map((value) => ({ value, label: formatServedState(value) }));

const idOf = ({ id }: ServedRow): string => String(id);

type Search = ReturnType<typeof route.useSearch>;

const sortOf = ({ sort = "state", descending = false }: Search) => ({ by: sort, descending });

/** What the configurations of servers say is served, and whether it is. */
export function ServedPage() {
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const { list, fetchAll, commands } = useServed(search);
  const change = (patch: Partial<Search>, replace = true) =>
    void navigate({ to: ".", search: (before: Search) => ({ ...before, ...patch }), replace });
  const open = list.rows.find(({ id }) => id === search.open);

  return (
    <ListScreen
      name="served"
      columns={COLUMNS}
      list={list}
      rowId={idOf}
      sort={sortOf(search)}
      onSort={({ by, descending }) => change({ sort: by as NonNullable<Search["sort"]>, descending })}
      address={search}
      filterKeys={SERVED_KEYS}
      searchHint="Search hosts, listeners, paths"
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
          {search.host && (
            <FixedFacet title="Host" value={search.host} onDrop={() => change({ host: undefined })} />
          )}
        </>
      }
      empty={
        <Nothing
          Icon={IconCertificate}
          one="listener"
          search={search}
          onClear={() => void navigate({ to: ".", search: {} })}
          title="No server configuration read yet"
          why="A scan of a host reads what its servers are configured to serve; a scan of its endpoints shows what they do serve."
        />
      }
      drawer={open && <ServedDrawer row={open} onClose={() => change({ open: undefined })} />}
    />
  );
}

function useServed(search: Search) {
  const { served } = useApi();
  const input = {
    search: search.search ?? "",
    state: search.state ?? null,
    host: search.host ?? null,
    sort: sortOf(search),
  };
  const list = useRows(
    useInfiniteQuery(
      served.list.infiniteOptions({
        input: (after: string | null) => ({ ...input, after }),
        initialPageParam: null,
        getNextPageParam: ({ next }) => next,
        placeholderData: keepPreviousData,
      }),
    ),
  );
  return {
    list,
    fetchAll: () => fetchAll((after) => served.list.call({ ...input, after, limit: 1_000 })),
    commands: servedCommands(input),
  };
}

function ServedDrawer({ row, onClose }: { row: ServedRow; onClose: () => void }) {
  return (
    <Drawer
      label="listener"
      title={<Untrusted text={`${row.server} ${formatListener(row)}`} />}
      subtitle={<StateTag state={row.state} />}
      onClose={onClose}
    >
      <ServedLines
        title="Served"
        rows={[row]}
        total={1}
        from={null}
        actions={<ServedActions rows={[row]} />}
      />
    </Drawer>
  );
}

const COLUMNS: readonly Column<ServedRow>[] = [
  {
    id: "state",
    title: "State",
    minWidth: 170,
    sortBy: "state",
    cell: ({ state }) => <StateTag state={state} />,
    text: ({ state }) => state,
  },
  {
    id: "host",
    title: "Host",
    minWidth: 130,
    grow: 1,
    sortBy: "host",
    cell: ({ host }) => <HostCell host={host} />,
    text: ({ host }) => host,
  },
  {
    id: "server",
    title: "Server",
    minWidth: 90,
    cell: ({ server }) => <TextCell text={server} />,
    text: ({ server }) => server,
  },
  {
    id: "listener",
    title: "Listener",
    minWidth: 180,
    grow: 2,
    cell: (row) => <TextCell text={formatListener(row)} />,
    text: formatListener,
  },
  {
    id: "certificate",
    title: "Certificate",
    minWidth: 200,
    grow: 3,
    cell: ({ certificate }) => <TextCell text={certificate?.subject ?? certificate?.path ?? ""} />,
    text: ({ certificate }) => certificate?.path ?? "",
  },
  {
    id: "at",
    title: "Configured at",
    minWidth: 160,
    grow: 2,
    cell: ({ at }) => <TextCell text={formatFileLine(at)} isDim />,
    text: ({ at }) => formatFileLine(at),
  },
];
