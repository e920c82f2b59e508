import { IconUsers } from "@tabler/icons-react";
import { Facet } from "#renderer/ui/table/facet.tsx";
import { ListScreen } from "#renderer/ui/table/list-screen.tsx";
import { Nothing } from "#renderer/ui/table/nothing.tsx";
import type { PersonRow } from "#shared/model/person.ts";
import { COLUMNS, STANDING } from "./columns.tsx";
import { PersonDrawer } from "./drawer.tsx";
import classes from "./people.module.css";
import { route, sortOf, usePeople } from "./queries.ts";
import { RemoveTheirGrants } from "./remove-grants.tsx";
import { RostersPanel } from "./rosters-panel.tsx";
import { ScopePanel } from "./scope-panel.tsx";

const STANDINGS = (["known", "gone"] as const).map((value) => ({ value, label: STANDING[value].word }));

const idOf = ({ id }: PersonRow): string => String(id);

type Search = ReturnType<typeof route.useSearch>;

/** Who owns keys: the rosters that say so, what the scope covers, and the people. */
export function PeoplePage() {
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const { list, fetchAll } = usePeople(search);
  const change = (patch: Partial<Search>, replace = true) =>
    void navigate({ to: ".", search: (before: Search) => ({ ...before, ...patch }), replace });
  const open = list.rows.find(({ id }) => id === search.open);

  return (
    <div className={classes.page}>
      <div className={classes.panels}>
        <RostersPanel />
        <ScopePanel />
      </div>
      <ListScreen
        name="people"
        columns={COLUMNS}
        list={list}
        rowId={idOf}
        sort={sortOf(search)}
        onSort={({ by, descending }) => change({ sort: by as NonNullable<Search["sort"]>, descending })}
        search={search.search ?? ""}
        searchHint="Search people, logins, rosters"
        onSearch={(text) => change({ search: text || undefined })}
        openId={search.open === undefined ? null : String(search.open)}
        onOpen={(id, { isWalk }) => change({ open: id === null ? undefined : Number(id) }, isWalk)}
        fetchAll={fetchAll}
        actions={(people) => (
          <RemoveTheirGrants people={people} look={{ variant: "subtle", size: "compact-sm" }} />
        )}
        filters={
          <Facet
            title="Standing"
            value={search.standing}
            options={STANDINGS}
            onChange={(standing) => change({ standing })}
          />
        }
        empty={
          <Nothing
            Icon={IconUsers}
            one="person"
            search={search}
            onClear={() => void navigate({ to: ".", search: {} })}
            title="No roster imported yet"
            why="A roster says whose a key is, and who has left: then what they can still open is listed as orphaned."
          />
        }
        drawer={open && <PersonDrawer person={open} onClose={() => change({ open: undefined })} />}
      />
    </div>
  );
}
