import { Button, Checkbox, TextInput } from "@mantine/core";
import { IconUsers, IconUsersGroup } from "@tabler/icons-react";
import { useState } from "react";
import { PERSON_KEYS } from "#renderer/api/filter-keys.ts";
import { OffboardButton } from "#renderer/api/offboard.tsx";
import { NameCell, NumberCell, TextCell } from "#renderer/ui/cells.tsx";
import { Panel } from "#renderer/ui/panel.tsx";
import type { Column } from "#renderer/ui/table/column.ts";
import { Facet } from "#renderer/ui/table/filters.tsx";
import { ListScreen, Nothing } from "#renderer/ui/table/list-screen.tsx";
import { formatUntrusted, Untrusted } from "#renderer/ui/text.tsx";
import { toast } from "#renderer/ui/toast.tsx";
import { When } from "#renderer/ui/when.tsx";
import type { Inventory, PersonRow } from "#shared/model/access/person.ts";
import { formatGaps } from "#shared/text/access/owner.ts";
import { PersonDrawer, STANDING, StandingTag } from "./drawer.tsx";
import classes from "./people.module.css";
import {
  route,
  sortOf,
  useDeclareInventory,
  useInventory,
  usePeople,
  usePersonDecisions,
} from "./queries.ts";
import { PeopleSourcesPanel } from "./sources-panel.tsx";

const STANDINGS = (["known", "gone"] as const).map((value) => ({ value, label: STANDING[value].word }));

const idOf = ({ id }: PersonRow): string => String(id);

type Search = ReturnType<typeof route.useSearch>;

/** Who owns keys: the people sources, whether the inventory is complete, and the people. */
export function PeoplePage() {
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const { list, fetchAll, commands } = usePeople(search);
  const change = (patch: Partial<Search>, replace = true) =>
    void navigate({ to: ".", search: (before: Search) => ({ ...before, ...patch }), replace });

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
        address={search}
        filterKeys={PERSON_KEYS}
        searchHint="Search people, logins, sources"
        onFilter={change}
        openId={search.open === undefined ? null : String(search.open)}
        onOpen={(id, { isWalk }) => change({ open: id === null ? undefined : Number(id) }, isWalk)}
        fetchAll={fetchAll}
        commands={commands}
        actions={(people, clear) => (
          <>
            <OffboardButton
              ids={people.map(({ id }) => id)}
              buttonProps={{ variant: "subtle", size: "compact-sm" }}
            />
            <JoinAction people={people} onDone={clear} />
          </>
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
            title="No people source imported yet"
            why="A people source says whose a key is, and who has left. What people who left can still log in to is listed as orphaned."
          />
        }
        drawer={
          search.open !== undefined && (
            <PersonDrawer id={search.open} onClose={() => change({ open: undefined })} />
          )
        }
      />
    </div>
  );
}

/** Says that the chosen rows are one person. */
function JoinAction({ people, onDone }: { people: readonly PersonRow[]; onDone: () => void }) {
  const { join } = usePersonDecisions();
  if (people.length < 2) return null;
  return (
    <Button
      variant="subtle"
      size="compact-sm"
      leftSection={<IconUsersGroup size={15} />}
      loading={join.isPending}
      onClick={() =>
        join.mutate(
          { ids: people.map(({ id }) => id) },
          {
            onSuccess: () => {
              toast("They are one person now; to undo it, open the person");
              onDone();
            },
            onError: (error) => toast(formatUntrusted(error.message)),
          },
        )
      }
    >
      One person
    </Button>
  );
}

function InventoryPanel() {
  const { data } = useInventory();
  return (
    <Panel title="Inventory" note="Whether a grant whose private key was not found is an orphan">
      {data && <InventoryForm key={`${data.isWhole} ${data.note}`} inventory={data} />}
    </Panel>
  );
}

function InventoryForm({ inventory }: { inventory: Inventory }) {
  const [isWhole, setIsWhole] = useState(inventory.isWhole);
  const [note, setNote] = useState(inventory.note);
  const { mutate, error, isPending } = useDeclareInventory();
  const isChanged = isWhole !== inventory.isWhole || note.trim() !== inventory.note;
  const declare = () => mutate({ isWhole, note }, { onSuccess: () => toast("The inventory is saved") });
  return (
    <form action={declare} className={classes.form}>
      <Checkbox
        size="xs"
        label="Complete: every machine with private keys is scanned"
        description="Or its keys are in a people source. This computer counts as scanned"
        checked={isWhole}
        onChange={(event) => setIsWhole(event.currentTarget.checked)}
      />
      <div className={classes.noteLine}>
        <TextInput
          size="xs"
          label="What is not scanned"
          placeholder="such as laptops, whose keys are in team-keys"
          value={note}
          onChange={(event) => setNote(event.currentTarget.value)}
          className={classes.note ?? ""}
        />
        <Button type="submit" size="xs" variant="default" loading={isPending} disabled={!isChanged}>
          Save
        </Button>
      </div>
      {inventory.isWhole && inventory.gaps.total > 0 && (
        <p role="note" className={classes.refusal}>
          <Untrusted
            text={`${formatGaps(inventory.gaps)}: which keys have no owner is unknown until they are`}
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

const COLUMNS: readonly Column<PersonRow>[] = [
  {
    id: "name",
    title: "Name",
    minWidth: 150,
    grow: 2,
    sortBy: "name",
    cell: ({ name, email }) => <NameCell name={name} {...(email === null ? {} : { more: email })} />,
    text: ({ name }) => name,
  },
  {
    id: "logins",
    title: "Logins",
    minWidth: 110,
    grow: 1,
    cell: ({ logins }) => <TextCell text={logins.join(" ")} />,
    text: ({ logins }) => logins.join(" "),
  },
  {
    id: "standing",
    title: "Standing",
    minWidth: 100,
    sortBy: "standing",
    cell: ({ standing }) => <StandingTag standing={standing} />,
    text: ({ standing }) => standing,
  },
  {
    id: "why",
    title: "Why",
    minWidth: 190,
    grow: 3,
    cell: ({ why }) => <TextCell text={why} isDim />,
    text: ({ why }) => why,
  },
  {
    id: "keys",
    title: "Keys",
    minWidth: 64,
    cell: ({ keyCount }) => <NumberCell value={keyCount} />,
    text: ({ keyCount }) => String(keyCount),
  },
  {
    id: "grants",
    title: "Grants",
    minWidth: 72,
    cell: ({ grantCount }) => <NumberCell value={grantCount} />,
    text: ({ grantCount }) => String(grantCount),
  },
  {
    id: "sources",
    title: "Sources",
    minWidth: 120,
    grow: 1,
    cell: ({ sources }) => <TextCell text={sources.join(", ")} />,
    text: ({ sources }) => sources.join(", "),
  },
  {
    id: "readAt",
    title: "Read",
    minWidth: 100,
    cell: ({ readAt }) => <When instant={readAt} />,
    text: ({ readAt }) => readAt,
  },
];
