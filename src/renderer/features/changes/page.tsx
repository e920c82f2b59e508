import { IconGitCompare } from "@tabler/icons-react";
import { Facet, FixedFacet } from "#renderer/ui/table/facet.tsx";
import { ListScreen } from "#renderer/ui/table/list-screen.tsx";
import { Nothing } from "#renderer/ui/table/nothing.tsx";
import { ChangeKind, type ChangeRow, ChangeWhat } from "#shared/model/change.ts";
import { CHANGE_WORD, KIND_WORD } from "#shared/text/change.ts";
import { BaselinePanel } from "./baseline-panel.tsx";
import classes from "./changes.module.css";
import { COLUMNS } from "./columns.tsx";
import { ComparePanel } from "./compare-panel.tsx";
import { ChangeDrawer } from "./drawer.tsx";
import { route, useChanges } from "./queries.ts";

const KINDS = ChangeKind.options.map((value) => ({ value, label: KIND_WORD[value] }));
const WHATS = ChangeWhat.options.map((value) => ({ value, label: CHANGE_WORD[value] }));

const idOf = ({ id }: ChangeRow): string => String(id);

/** The newest first, which is the only order. */
const SORT = { by: "at", descending: true };

type Search = ReturnType<typeof route.useSearch>;

/** What is otherwise at one scan than at another. */
export function ChangesPage() {
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const { list, fetchAll } = useChanges(search);
  const change = (patch: Partial<Search>, replace = true) =>
    void navigate({ to: ".", search: (before: Search) => ({ ...before, ...patch }), replace });
  const open = list.rows.find(({ id }) => id === search.open);

  return (
    <div className={classes.page}>
      <div className={classes.panels}>
        <ComparePanel onChange={(scans) => change({ ...scans, open: undefined })} />
        <BaselinePanel onCompare={(scans) => change({ ...scans, open: undefined })} />
      </div>
      <ListScreen
        name="changes"
        columns={COLUMNS}
        list={list}
        rowId={idOf}
        sort={SORT}
        onSort={() => undefined}
        search={search.search ?? ""}
        searchHint="Search hosts, keys, paths"
        onSearch={(text) => change({ search: text || undefined })}
        openId={search.open === undefined ? null : String(search.open)}
        onOpen={(id, { isWalk }) => change({ open: id === null ? undefined : Number(id) }, isWalk)}
        fetchAll={fetchAll}
        filters={<Filters search={search} onChange={change} />}
        empty={
          <Nothing
            Icon={IconGitCompare}
            one="change"
            search={{ ...search, from: undefined, to: undefined }}
            onClear={() => void navigate({ to: ".", search: ({ from, to }: Search) => ({ from, to }) })}
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
