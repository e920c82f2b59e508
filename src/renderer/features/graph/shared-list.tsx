import { Button } from "@mantine/core";
import { IconRefresh, IconUsersGroup } from "@tabler/icons-react";
import { SHARED_KEYS } from "#renderer/api/filter-keys.ts";
import { usePlanRequest } from "#renderer/api/scan-button.tsx";
import { NumberCell, TextCell } from "#renderer/ui/cells.tsx";
import { Drawer, Lines, Section } from "#renderer/ui/drawer/drawer.tsx";
import { Fingerprint } from "#renderer/ui/fingerprint.tsx";
import type { Column } from "#renderer/ui/table/column.ts";
import { Facet } from "#renderer/ui/table/filters.tsx";
import { ListScreen, Nothing } from "#renderer/ui/table/list-screen.tsx";
import type { SharedKey } from "#shared/model/access/graph.ts";
import { formatCount } from "#shared/text/count.ts";
import { OnwardFrom } from "./drawer.tsx";
import classes from "./graph.module.css";
import { useShared } from "./queries.ts";
import type { ListProps } from "./step-list.tsx";

const KIND_WORDS: Record<SharedKey["kind"], string> = {
  people: "Key of several people",
  hosts: "Host key of several hosts",
};

const KINDS = (["people", "hosts"] as const).map((value) => ({ value, label: KIND_WORDS[value] }));

const COLUMNS: readonly Column<SharedKey>[] = [
  {
    id: "kind",
    title: "Kind",
    minWidth: 150,
    cell: ({ kind }) => <TextCell text={KIND_WORDS[kind]} />,
    text: ({ kind }) => KIND_WORDS[kind],
  },
  {
    id: "fingerprint",
    title: "Key",
    minWidth: 190,
    grow: 1,
    cell: ({ fingerprint }) => <Fingerprint value={fingerprint} />,
    text: ({ fingerprint }) => fingerprint,
  },
  {
    id: "sharedByCount",
    title: "Holders",
    minWidth: 80,
    isNumber: true,
    cell: ({ sharedByCount }) => <NumberCell value={sharedByCount} />,
    text: ({ sharedByCount }) => String(sharedByCount),
  },
  {
    id: "sharedBy",
    title: "Who",
    minWidth: 200,
    grow: 3,
    cell: ({ sharedBy }) => <TextCell text={sharedBy.join(", ")} />,
    text: ({ sharedBy }) => sharedBy.join(", "),
  },
];

const idOf = ({ id }: SharedKey): string => id;

const SORT = { by: "", descending: false };

/** Keys that people sources have as several people's, and host keys that several hosts hold. */
export function SharedList({ search, onChange: change, onClear }: ListProps) {
  const { list, isCut, fetchAll, commands } = useShared(search);
  const open = list.rows.find(({ id }) => id === search.open);

  return (
    <>
      {isCut && (
        <p className={classes.cut} role="status">
          There are more shared keys than were searched: these are the first.
        </p>
      )}
      <ListScreen
        name="shared keys"
        columns={COLUMNS}
        list={list}
        rowId={idOf}
        sort={SORT}
        onSort={() => undefined}
        address={search}
        filterKeys={SHARED_KEYS}
        searchHint="Search keys, people, hosts"
        onFilter={change}
        openId={search.open ?? null}
        onOpen={(id, { isWalk }) => change({ open: id ?? undefined }, isWalk)}
        fetchAll={fetchAll}
        commands={commands}
        filters={
          <Facet title="Kind" value={search.kind} options={KINDS} onChange={(kind) => change({ kind })} />
        }
        empty={
          <Nothing
            Icon={IconUsersGroup}
            one="key"
            search={{ ...search, list: undefined }}
            onClear={onClear}
            title="No key is known to be shared"
            why="A key is shared if people sources list it for several people, or if several hosts have it as their host key."
          />
        }
        drawer={open && <SharedDrawer shared={open} onClose={() => change({ open: undefined })} />}
      />
    </>
  );
}

type Props = { shared: SharedKey; onClose: () => void };

/** Who holds a key together, and why that matters. */
function SharedDrawer({ shared, onClose }: Props) {
  const requestPlan = usePlanRequest();
  const { kind, fingerprint, sharedBy, sharedByCount } = shared;
  const more = sharedByCount - sharedBy.length;
  return (
    <Drawer
      label="shared key"
      title={KIND_WORDS[kind]}
      subtitle={<Fingerprint value={fingerprint} />}
      onClose={onClose}
    >
      <Section title={kind === "people" ? "People" : "Hosts"} count={sharedByCount}>
        <p>{WHY[kind]}</p>
        <Lines>
          {sharedBy.map((name) => (
            <OnwardFrom key={name} name={kind === "people" ? `person:${name}` : name} />
          ))}
        </Lines>
        {more > 0 && <p>and {formatCount(more, kind === "people" ? "more person" : "more host")}</p>}
      </Section>
      {kind === "people" && (
        <Section title="Go on from here">
          <Lines>
            <OnwardFrom name={fingerprint} />
          </Lines>
          <Button
            variant="default"
            size="xs"
            mt={10}
            leftSection={<IconRefresh size={15} />}
            onClick={() => requestPlan({ kind: "rotate-key", fingerprint })}
          >
            Rotate the key
          </Button>
        </Section>
      )}
    </Drawer>
  );
}

const WHY: Record<SharedKey["kind"], string> = {
  people: "The logs cannot distinguish these people, and access cannot be revoked for one of them alone.",
  hosts: "Whoever has one of these hosts can answer as any of the others, and no client would notice.",
};
