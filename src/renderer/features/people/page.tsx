import { Button, Checkbox, TextInput } from "@mantine/core";
import { IconUsers } from "@tabler/icons-react";
import { useState } from "react";
import { Panel } from "#renderer/ui/panel.tsx";
import { Facet } from "#renderer/ui/table/facet.tsx";
import { ListScreen } from "#renderer/ui/table/list-screen.tsx";
import { Nothing } from "#renderer/ui/table/nothing.tsx";
import { Untrusted } from "#renderer/ui/text.tsx";
import { toast } from "#renderer/ui/toast.tsx";
import type { PersonRow, Scope } from "#shared/model/person.ts";
import { formatGaps } from "#shared/text/key-gap.ts";
import { COLUMNS, STANDING } from "./columns.tsx";
import { PersonDrawer } from "./drawer.tsx";
import classes from "./people.module.css";
import { route, sortOf, useDeclareInventory, useInventory, usePeople } from "./queries.ts";
import { RemoveTheirGrants } from "./remove-grants.tsx";
import { PeopleSourcesPanel } from "./rosters-panel.tsx";

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
        <PeopleSourcesPanel />
        <InventoryPanel />
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

function InventoryPanel() {
  const { data } = useInventory();
  return (
    <Panel title="Scope" note="Whether a key without a known private half is an orphan">
      {data && <InventoryForm key={`${data.isWhole} ${data.note}`} scope={data} />}
    </Panel>
  );
}

function InventoryForm({ scope }: { scope: Scope }) {
  const [isWhole, setIsWhole] = useState(scope.isWhole);
  const [note, setNote] = useState(scope.note);
  const { mutate, error, isPending } = useDeclareInventory();
  const isChanged = isWhole !== scope.isWhole || note.trim() !== scope.note;
  const declare = () => mutate({ isWhole, note }, { onSuccess: () => toast("The scope is declared") });
  return (
    <form action={declare} className={classes.form}>
      <Checkbox
        size="xs"
        label="Every machine that holds private keys is scanned"
        description="Or its keys are in a roster. This computer's keys are looked at"
        checked={isWhole}
        onChange={(event) => setIsWhole(event.currentTarget.checked)}
      />
      <div className={classes.noteLine}>
        <TextInput
          size="xs"
          label="What is outside"
          placeholder="such as laptops, whose keys are in team-keys"
          value={note}
          onChange={(event) => setNote(event.currentTarget.value)}
          className={classes.note ?? ""}
        />
        <Button type="submit" size="xs" variant="default" loading={isPending} disabled={!isChanged}>
          Declare
        </Button>
      </div>
      {scope.isWhole && scope.gaps.total > 0 && (
        <p role="note" className={classes.refusal}>
          <Untrusted
            text={`${formatGaps(scope.gaps)}: which keys are nobody's is not known until they are`}
          />
        </p>
      )}
      {error && (
        <p role="alert" className={classes.refusal}>
          <Untrusted text={error.message} />
        </p>
      )}
    </form>
  );
}
