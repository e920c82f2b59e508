import { Button, SegmentedControl, TextInput } from "@mantine/core";
import { IconAffiliate } from "@tabler/icons-react";
import type { FormEvent } from "react";
import { lazy, Suspense, useEffect, useState } from "react";
import { LINK_KEYS, REACH_KEYS } from "#renderer/api/filter-keys.ts";
import { ScanButton } from "#renderer/api/scan-button.tsx";
import { NumberCell, TextCell } from "#renderer/ui/cells.tsx";
import { Fingerprint } from "#renderer/ui/fingerprint.tsx";
import { OfHostCell } from "#renderer/ui/host-name.tsx";
import type { Column } from "#renderer/ui/table/column.ts";
import { Facet, FixedFacet, ToggleFacet } from "#renderer/ui/table/filters.tsx";
import { ListScreen, Nothing } from "#renderer/ui/table/list-screen.tsx";
import { Certainty } from "#renderer/ui/tag.tsx";
import type { GraphLink, GraphNode } from "#shared/model/access/graph.ts";
import { HOW_WORDS, nameNode } from "#shared/text/access/graph.ts";
import { StepDrawer } from "./drawer.tsx";
import classes from "./graph.module.css";
import { type Search, useSteps } from "./queries.ts";

const formatNotes = ({ notes, options }: GraphLink): string =>
  [...notes, ...(options === "" ? [] : [options])].join("; ");

const COLUMNS: readonly Column<GraphLink>[] = [
  {
    id: "from",
    title: "From",
    minWidth: 130,
    grow: 2,
    cell: ({ from }) => <NodeCell node={from} />,
    text: ({ from }) => nameNode(from),
  },
  {
    id: "key",
    title: "By key",
    minWidth: 130,
    grow: 1,
    cell: ({ fingerprint }) =>
      fingerprint === null ? <TextCell text="none" isDim /> : <Fingerprint value={fingerprint} />,
    text: ({ fingerprint }) => fingerprint ?? "",
  },
  {
    id: "how",
    title: "How",
    minWidth: 70,
    cell: ({ how }) => <TextCell text={HOW_WORDS[how]} />,
    text: ({ how }) => HOW_WORDS[how],
  },
  {
    id: "to",
    title: "To",
    minWidth: 130,
    grow: 2,
    cell: ({ to }) => <NodeCell node={to} />,
    text: ({ to }) => nameNode(to),
  },
  {
    id: "certain",
    title: "Certain",
    minWidth: 104,
    cell: ({ isCertain, isPathCertain }) => <Certainty isCertain={isPathCertain ?? isCertain} />,
    text: ({ isCertain, isPathCertain }) => ((isPathCertain ?? isCertain) ? "certain" : "possible"),
  },
  {
    id: "distance",
    title: "Steps",
    minWidth: 64,
    cell: ({ distance }) => (distance === null ? null : <NumberCell value={distance} />),
    text: ({ distance }) => (distance === null ? "" : String(distance)),
  },
  {
    id: "notes",
    title: "Options and notes",
    minWidth: 150,
    grow: 3,
    cell: (link) => <TextCell text={formatNotes(link)} isDim />,
    text: formatNotes,
  },
  {
    id: "heldAt",
    title: "Held at",
    minWidth: 110,
    grow: 1,
    cell: ({ heldAt }) => <TextCell text={heldAt ?? ""} isDim />,
    text: ({ heldAt }) => heldAt ?? "",
  },
  {
    id: "where",
    title: "Where",
    minWidth: 110,
    grow: 1,
    cell: ({ where }) => <TextCell text={where} isDim />,
    text: ({ where }) => where,
  },
];

function NodeCell({ node }: { node: GraphNode }) {
  const text = nameNode(node);
  return "host" in node ? <OfHostCell text={text} host={node.host} /> : <TextCell text={text} />;
}

/** The library that draws is large: it is fetched when somebody opens a diagram. */
const ReachDiagram = lazy(async () => ({ default: (await import("./diagram-panel.tsx")).ReachDiagram }));

const idOf = ({ id }: GraphLink): string => id;

const ORIGINS = [
  { value: "key-file", label: "Key file" },
  { value: "this-computer", label: "This computer" },
  { value: "person", label: "Person" },
  { value: "authority", label: "Certificate authority" },
  { value: "account", label: "sudo, doas, group, agent" },
] as const;

/** As the screen of people has it. */
const STANDINGS = [
  { value: "known", label: "There" },
  { value: "gone", label: "Left" },
] as const;

/** Without a start no step is so many steps away. */
const ALONE = COLUMNS.filter(({ id }) => id !== "distance");

/** In the order of the walk, or of who holds what. */
const SORT = { by: "", descending: false };

/** Every step, or what a start reaches: the table first, and a diagram of the same beside it. */
export function StepList({ search, onChange: change, onClear }: ListProps) {
  const { list, isCut, fetchAll, commands } = useSteps(search);
  const open = list.rows.find(({ id }) => id === search.open);

  return (
    <>
      <StartBar search={search} onChange={(patch) => change(patch, false)} />
      {isCut && (
        <p className={classes.cut} role="status">
          There is more than was searched: start nearer, or show certain steps only.
        </p>
      )}
      <ListScreen
        name="steps"
        columns={search.start === undefined ? ALONE : COLUMNS}
        list={list}
        rowId={idOf}
        sort={SORT}
        onSort={() => undefined}
        address={search}
        filterKeys={search.start === undefined ? LINK_KEYS : REACH_KEYS}
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
            one="step"
            search={search}
            onClear={onClear}
            title="No step is known yet"
            why="A step is a private key that opens an account, or a rule that makes one account another. A scan of hosts finds them."
            action={<ScanButton>Scan hosts</ScanButton>}
          />
        }
        drawer={open && <StepDrawer link={open} onClose={() => change({ open: undefined })} />}
      />
      {search.view === "diagram" && search.start !== undefined && (
        <Suspense fallback={<p className={classes.cut}>Drawing…</p>}>
          <ReachDiagram search={search} onStart={(start) => change({ start, open: undefined }, false)} />
        </Suspense>
      )}
    </>
  );
}

function Filters({ search, onChange }: { search: Search; onChange: (patch: Partial<Search>) => void }) {
  const toggle = (name: "certain" | "root", title: string) => (
    <ToggleFacet
      title={title}
      count={undefined}
      isOn={search[name] ?? false}
      onChange={(isOn) => onChange({ [name]: isOn || undefined })}
    />
  );
  return (
    <>
      {toggle("certain", "Only certain")}
      {toggle("root", "Only root")}
      {search.start === undefined && (
        <>
          <Facet title="Begins at" value={search.by} options={ORIGINS} onChange={(by) => onChange({ by })} />
          <Facet
            title="People"
            value={search.standing}
            options={STANDINGS}
            onChange={(standing) => onChange({ standing })}
          />
        </>
      )}
      {search.person && (
        <FixedFacet title="Person" value={search.person} onDrop={() => onChange({ person: undefined })} />
      )}
      {search.host && (
        <FixedFacet title="Host" value={search.host} onDrop={() => onChange({ host: undefined })} />
      )}
    </>
  );
}

/** Where one begins, and in which direction; without a start every step is listed. */
function StartBar({ search, onChange }: Props) {
  const [text, setText] = useState(search.start ?? "");
  useEffect(() => setText(search.start ?? ""), [search.start]);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    onChange({ start: text.trim() || undefined, open: undefined });
  };
  const direction = search.direction ?? "from";
  return (
    <form className={classes.start} onSubmit={submit}>
      <TextInput
        aria-label="Start at a host, an account, a key or a person"
        className={classes.startText ?? ""}
        size="xs"
        placeholder={HINT}
        maxLength={600}
        value={text}
        onChange={(event) => setText(event.currentTarget.value)}
      />
      <Button type="submit" size="xs" variant="default">
        Start there
      </Button>
      {search.start !== undefined && (
        <>
          <SegmentedControl
            aria-label="Direction"
            size="xs"
            value={direction}
            onChange={(value) => onChange({ direction: value === "to" ? "to" : undefined, open: undefined })}
            data={[
              { value: "from", label: "What it reaches" },
              { value: "to", label: "What reaches it" },
            ]}
          />
          <Button
            size="xs"
            variant="default"
            aria-pressed={search.view === "diagram"}
            onClick={() => onChange({ view: search.view === "diagram" ? undefined : "diagram" })}
          >
            {search.view === "diagram" ? "Hide the diagram" : "Show a diagram"}
          </Button>
          <Button
            size="xs"
            variant="subtle"
            onClick={() =>
              onChange({ start: undefined, direction: undefined, view: undefined, open: undefined })
            }
          >
            Every step
          </Button>
        </>
      )}
    </form>
  );
}

/** The props of each list on this screen: its search, and how to change it. */
export type ListProps = {
  search: Search;
  onChange: (patch: Partial<Search>, replace?: boolean) => void;
  onClear: () => void;
};

type Props = { search: Search; onChange: (patch: Partial<Search>) => void };

const HINT = "web1, deploy@web1, SHA256:..., person:ann or this computer";
