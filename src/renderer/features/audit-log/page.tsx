import { IconListDetails } from "@tabler/icons-react";
import { keepPreviousData, useInfiniteQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { useApi } from "#renderer/api/connection.ts";
import { fetchAll, useRows } from "#renderer/api/use-rows.ts";
import { NameCell, TextCell } from "#renderer/ui/cells.tsx";
import { Drawer, Fact, Facts, Section, Verbatim } from "#renderer/ui/drawer/drawer.tsx";
import type { Column } from "#renderer/ui/table/column.ts";
import { ListScreen, Nothing } from "#renderer/ui/table/list-screen.tsx";
import { beginLarge, Untrusted } from "#renderer/ui/text.tsx";
import { Exactly, When } from "#renderer/ui/when.tsx";
import type { AuditEvent } from "#shared/contract/settings.ts";
import { formatAuditLogCommand, ofViewAlone } from "#shared/text/list-commands.ts";

const route = getRouteApi("/audit-log");

const idOf = ({ id }: AuditEvent): string => String(id);

const formatKind = (kind: string): string => beginLarge(kind.replaceAll("-", " "));

type Search = ReturnType<typeof route.useSearch>;

const sortOf = ({ descending = true }: Search) => ({ by: "at" as const, descending });

/** Everything that was done here, each event sealed with the one before it. */
export function AuditLogPage() {
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const { list, fetchAll, commands } = useAuditLog(search);
  const change = (patch: Partial<Search>, replace = true) =>
    void navigate({ to: ".", search: (before: Search) => ({ ...before, ...patch }), replace });
  const open = list.rows.find(({ id }) => id === search.open);

  return (
    <ListScreen
      name="events"
      columns={COLUMNS}
      list={list}
      rowId={idOf}
      sort={sortOf(search)}
      onSort={({ descending }) => change({ descending })}
      address={search}
      searchHint="Search what was done, and to what"
      onFilter={change}
      openId={search.open === undefined ? null : String(search.open)}
      onOpen={(id, { isWalk }) => change({ open: id === null ? undefined : Number(id) }, isWalk)}
      fetchAll={fetchAll}
      commands={commands}
      empty={
        <Nothing
          Icon={IconListDetails}
          one="event"
          search={search}
          onClear={() => void navigate({ to: ".", search: {} })}
          title="Nothing was done yet"
          why="Scans, plans, approvals and everything else that changes something is listed here."
        />
      }
      drawer={open && <EventDrawer event={open} onClose={() => change({ open: undefined })} />}
    />
  );
}

function useAuditLog(search: Search) {
  const { auditLog } = useApi();
  const input = { search: search.search ?? "", sort: sortOf(search) };
  const list = useRows(
    useInfiniteQuery(
      auditLog.list.infiniteOptions({
        input: (after: string | null) => ({ ...input, after }),
        initialPageParam: null,
        getNextPageParam: ({ next }) => next,
        placeholderData: keepPreviousData,
      }),
    ),
  );
  return {
    list,
    fetchAll: () => fetchAll((after) => auditLog.list.call({ ...input, after, limit: 1_000 })),
    commands: ofViewAlone(formatAuditLogCommand(input)),
  };
}

function EventDrawer({
  event: { id, at, kind, detail },
  onClose,
}: {
  event: AuditEvent;
  onClose: () => void;
}) {
  return (
    <Drawer label="event" title={formatKind(kind)} onClose={onClose}>
      <Section title="Event">
        <Facts>
          <Fact name="Number">{id}</Fact>
          <Fact name="At">
            <Exactly instant={at} />
          </Fact>
        </Facts>
      </Section>
      <Section title="Details">
        <Verbatim>
          <Untrusted text={JSON.stringify(JSON.parse(detail), null, 2)} limit={20_000} />
        </Verbatim>
      </Section>
    </Drawer>
  );
}

const COLUMNS: readonly Column<AuditEvent>[] = [
  {
    id: "at",
    title: "When",
    minWidth: 130,
    sortBy: "at",
    cell: ({ at }) => <When instant={at} />,
    text: ({ at }) => at,
  },
  {
    id: "kind",
    title: "What",
    minWidth: 200,
    grow: 1,
    cell: ({ kind }) => <NameCell name={formatKind(kind)} />,
    text: ({ kind }) => kind,
  },
  {
    id: "detail",
    title: "Details",
    minWidth: 300,
    grow: 4,
    cell: ({ detail }) => <TextCell text={detail} isDim />,
    text: ({ detail }) => detail,
  },
];
