import { IconGitCompare } from "@tabler/icons-react";
import { CHANGE_KEYS } from "#renderer/api/filter-keys.ts";
import { Dim, Inline, NameCell, TextCell } from "#renderer/ui/cells.tsx";
import { HostCell } from "#renderer/ui/host-name.tsx";
import type { Column } from "#renderer/ui/table/column.ts";
import { Facet, FixedFacet } from "#renderer/ui/table/filters.tsx";
import { ListScreen, Nothing } from "#renderer/ui/table/list-screen.tsx";
import { When } from "#renderer/ui/when.tsx";
import { ChangeKind, type ChangeRow, ChangeWhat } from "#shared/model/access/change.ts";
import { CHANGE_MARK, CHANGE_WORD, KIND_WORD } from "#shared/text/access/change.ts";
import classes from "./changes.module.css";
import { BaselinePanel, ComparePanel } from "./compare-panel.tsx";
import { ChangeDrawer, WhatTag } from "./drawer.tsx";
import { route, useChanges } from "./queries.ts";

const KINDS = ChangeKind.options.map((value) => ({ value, label: KIND_WORD[value] }));
const WHATS = ChangeWhat.options.map((value) => ({ value, label: CHANGE_WORD[value] }));

const idOf = ({ id }: ChangeRow): string => String(id);

/** The newest first, which is the only order. */
const SORT = { by: "at", descending: true };

type Search = ReturnType<typeof route.useSearch>;

/** What differs between two scans. */
export function ChangesPage() {
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const { list, fetchAll, commands } = useChanges(search);
  const change = (patch: Partial<Search>, replace = true) =>
    void navigate({ to: ".", search: (before: Search) => ({ ...before, ...patch }), replace });
  const open = list.rows.find(({ id }) => id === search.open);

  return (
    <div className={classes.page}>
      <div className={classes.panels}>
        <ComparePanel onChange={(scans) => change({ ...scans, open: undefined })} />
        <BaselinePanel />
      </div>
      <ListScreen
        name="changes"
        columns={COLUMNS}
        list={list}
        rowId={idOf}
        sort={SORT}
        onSort={() => undefined}
        address={search}
        filterKeys={CHANGE_KEYS}
        searchHint="Search hosts, keys, paths"
        onFilter={change}
        openId={search.open === undefined ? null : String(search.open)}
        onOpen={(id, { isWalk }) => change({ open: id === null ? undefined : Number(id) }, isWalk)}
        fetchAll={fetchAll}
        commands={commands}
        filters={<Filters search={search} onChange={change} />}
        empty={
          <Nothing
            Icon={IconGitCompare}
            one="change"
            search={{ ...search, from: undefined, to: undefined, days: undefined }}
            onClear={() =>
              void navigate({ to: ".", search: ({ from, to, days }: Search) => ({ from, to, days }) })
            }
            title="No change was seen"
            why="What appeared, changed or went between two scans is listed here. Choose other scans, or scan again."
          />
        }
        drawer={open && <ChangeDrawer change={open} onClose={() => change({ open: undefined })} />}
      />
    </div>
  );
}

function Filters({ search, onChange }: { search: Search; onChange: (patch: Partial<Search>) => void }) {
  const { host } = search;
  return (
    <>
      <Facet title="Kind" value={search.kind} options={KINDS} onChange={(kind) => onChange({ kind })} />
      <Facet title="Change" value={search.what} options={WHATS} onChange={(what) => onChange({ what })} />
      {host && <FixedFacet title="Host" value={host} onDrop={() => onChange({ host: undefined })} />}
    </>
  );
}

const COLUMNS: readonly Column<ChangeRow>[] = [
  {
    id: "what",
    title: "Change",
    minWidth: 106,
    cell: ({ what }) => <WhatTag what={what} />,
    text: ({ what }) => `${CHANGE_MARK[what]} ${what}`.replace(/^[+-] /, ""),
  },
  {
    id: "host",
    title: "Host",
    minWidth: 116,
    grow: 1,
    cell: ({ host }) => <HostCell host={host} />,
    text: ({ host }) => host,
  },
  {
    id: "kind",
    title: "Kind",
    minWidth: 92,
    cell: ({ kind }) => KIND_WORD[kind],
    text: ({ kind }) => kind,
  },
  {
    id: "thing",
    title: "Thing",
    minWidth: 190,
    grow: 2,
    cell: ({ title }) => <NameCell name={title} />,
    text: ({ title }) => title,
  },
  {
    id: "details",
    title: "Details",
    minWidth: 210,
    grow: 4,
    cell: ({ details, isFirstReading }) => (
      <Inline>
        {isFirstReading && <Dim>first scan</Dim>}
        <TextCell text={details.join("; ")} isDim />
      </Inline>
    ),
    text: ({ details, isFirstReading }) => [...(isFirstReading ? ["first scan"] : []), ...details].join("; "),
  },
  {
    id: "location",
    title: "Location",
    minWidth: 170,
    grow: 2,
    cell: ({ location, title }) => <TextCell text={location === title ? "" : location} isMono />,
    text: ({ location }) => location,
  },
  {
    id: "at",
    title: "Found",
    minWidth: 112,
    cell: ({ at }) => <When instant={at} />,
    text: ({ at }) => at,
  },
];
