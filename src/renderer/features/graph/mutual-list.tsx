import { Button } from "@mantine/core";
import { IconAffiliate } from "@tabler/icons-react";
import { lazy, Suspense } from "react";
import { MUTUAL_KEYS } from "#renderer/api/filter-keys.ts";
import { TextCell } from "#renderer/ui/cells.tsx";
import { Drawer, Lines, Section } from "#renderer/ui/drawer/drawer.tsx";
import { Fingerprint } from "#renderer/ui/fingerprint.tsx";
import type { Column } from "#renderer/ui/table/column.ts";
import { FixedFacet, ToggleFacet } from "#renderer/ui/table/filters.tsx";
import { ListScreen, Nothing } from "#renderer/ui/table/list-screen.tsx";
import { Certainty } from "#renderer/ui/tag.tsx";
import { Untrusted } from "#renderer/ui/text.tsx";
import type { GraphLink, GraphNode, MutualTrust } from "#shared/model/access/graph.ts";
import { isMoreThan, type Total } from "#shared/model/total.ts";
import { nameNode } from "#shared/text/access/graph.ts";
import { formatAmount, formatCount } from "#shared/text/count.ts";
import { diagramOfMutual, MOST_MUTUAL_DRAWN } from "./diagram.ts";
import { Onward, StepFacts } from "./drawer.tsx";
import classes from "./graph.module.css";
import { useMutual } from "./queries.ts";
import type { ListProps } from "./step-list.tsx";

const DiagramPanel = lazy(async () => ({ default: (await import("./diagram-panel.tsx")).DiagramPanel }));

const idOf = ({ id }: MutualTrust): string => id;

const SORT = { by: "", descending: false };

/** Pairs of hosts that can log in to each other: whoever controls one controls the other. */
export function MutualList({ search, onChange: change, onClear }: ListProps) {
  const { list, isCut, fetchAll, commands } = useMutual(search);
  const open = list.rows.find(({ id }) => id === search.open);
  const isDrawn = search.view === "diagram" && list.rows.length > 0;

  return (
    <>
      {isCut && (
        <p className={classes.cut} role="status">
          There are more host pairs than were searched: these are the first.
        </p>
      )}
      <ListScreen
        name="host pairs"
        columns={MUTUAL_COLUMNS}
        list={list}
        rowId={idOf}
        sort={SORT}
        onSort={() => undefined}
        address={search}
        filterKeys={MUTUAL_KEYS}
        searchHint="Search hosts, accounts, keys"
        onFilter={change}
        openId={search.open ?? null}
        onOpen={(id, { isWalk }) => change({ open: id ?? undefined }, isWalk)}
        fetchAll={fetchAll}
        commands={commands}
        filters={<Filters search={search} onChange={change} />}
        empty={
          <Nothing
            Icon={IconAffiliate}
            one="host pair"
            search={{ ...search, list: undefined, view: undefined }}
            onClear={onClear}
            title="No two hosts are known to trust each other"
            why="Two hosts do where each holds a private key that opens an account of the other. Keys that were not seen may do so, too."
          />
        }
        drawer={open && <MutualDrawer trust={open} onClose={() => change({ open: undefined })} />}
      />
      {isDrawn && (
        <Suspense fallback={<p className={classes.cut}>Drawing…</p>}>
          <DiagramPanel
            diagram={diagramOfMutual(list.rows)}
            title={formatTitle(list.rows.length, list.total ?? 0)}
            onStart={(start) => change({ list: undefined, view: undefined, open: undefined, start }, false)}
          />
        </Suspense>
      )}
    </>
  );
}

const formatTitle = (shown: number, total: Total): string => {
  const drawn = Math.min(shown, MOST_MUTUAL_DRAWN);
  return `${formatCount(drawn, "host pair")}${isMoreThan(total, drawn) ? `, the first of ${formatAmount(total)}` : ""}`;
};

function Filters({ search, onChange }: Pick<ListProps, "search" | "onChange">) {
  const isDrawn = search.view === "diagram";
  return (
    <>
      <ToggleFacet
        title="Only certain"
        count={undefined}
        isOn={search.certain ?? false}
        onChange={(isOn) => onChange({ certain: isOn || undefined })}
      />
      {search.host && (
        <FixedFacet title="Host" value={search.host} onDrop={() => onChange({ host: undefined })} />
      )}
      <Button
        size="xs"
        variant="default"
        aria-pressed={isDrawn}
        onClick={() => onChange({ view: isDrawn ? undefined : "diagram" })}
      >
        {isDrawn ? "Hide the diagram" : "Show a diagram"}
      </Button>
    </>
  );
}

type Props = { trust: MutualTrust; onClose: () => void };

/** Two hosts that trust each other: the surest path there, and the surest back. */
function MutualDrawer({ trust: { there, back }, onClose }: Props) {
  const ends = [there.from, there.to, back.from, back.to];
  const different = [...new Map(ends.map((node) => [node.id, node])).values()];
  return (
    <Drawer
      label="host pair"
      title={
        <>
          <Untrusted text={hostOf(there.from)} /> and <Untrusted text={hostOf(there.to)} />
        </>
      }
      subtitle={<Certainty isCertain={there.isCertain && back.isCertain} />}
      onClose={onClose}
    >
      <StepFacts title="There" link={there} />
      <StepFacts title="Back" link={back} />
      <Section title="Go on from here">
        <Lines>
          {different.map((node) => (
            <Onward key={node.id} node={node} />
          ))}
        </Lines>
      </Section>
    </Drawer>
  );
}

const hostOf = (node: GraphNode): string => ("host" in node ? node.host : node.id);

const formatStep = ({ from, to }: GraphLink): string => `${nameNode(from)} → ${nameNode(to)}`;

/** Whether both directions are certain. */
const isSure = ({ there, back }: MutualTrust): boolean => there.isCertain && back.isCertain;

const MUTUAL_COLUMNS: readonly Column<MutualTrust>[] = [
  {
    id: "there",
    title: "There",
    minWidth: 190,
    grow: 3,
    cell: ({ there }) => <TextCell text={formatStep(there)} />,
    text: ({ there }) => formatStep(there),
  },
  {
    id: "back",
    title: "Back",
    minWidth: 190,
    grow: 3,
    cell: ({ back }) => <TextCell text={formatStep(back)} />,
    text: ({ back }) => formatStep(back),
  },
  {
    id: "certain",
    title: "Certain",
    minWidth: 104,
    cell: (trust) => <Certainty isCertain={isSure(trust)} />,
    text: (trust) => (isSure(trust) ? "certain" : "possible"),
  },
  {
    id: "thereKey",
    title: "Key there",
    minWidth: 130,
    grow: 1,
    cell: ({ there }) => <Fingerprint value={there.fingerprint ?? ""} />,
    text: ({ there }) => there.fingerprint ?? "",
  },
  {
    id: "backKey",
    title: "Key back",
    minWidth: 130,
    grow: 1,
    cell: ({ back }) => <Fingerprint value={back.fingerprint ?? ""} />,
    text: ({ back }) => back.fingerprint ?? "",
  },
  {
    id: "heldAt",
    title: "Held at",
    minWidth: 150,
    grow: 2,
    cell: (trust) => <TextCell text={formatHeld(trust)} isDim />,
    text: formatHeld,
  },
];

function formatHeld({ there, back }: MutualTrust): string {
  return [there.heldAt, back.heldAt].flatMap((path) => path ?? []).join("; ");
}
