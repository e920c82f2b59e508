import { IconCheck, IconQuestionMark } from "@tabler/icons-react";
import { NumberCell, TextCell } from "#renderer/ui/cells.tsx";
import { Fingerprint } from "#renderer/ui/fingerprint.tsx";
import type { Column } from "#renderer/ui/table/column.ts";
import { Tag } from "#renderer/ui/tag.tsx";
import type { GraphLink } from "#shared/model/graph.ts";
import { HOW_WORDS } from "#shared/text/graph-edge.ts";
import { nameNode } from "#shared/text/graph-node.ts";

/** Of a way, whether all of it is certain; of a step alone, whether it is. */
export function Certainty({ isCertain, isWayCertain }: Pick<GraphLink, "isCertain" | "isWayCertain">) {
  return (isWayCertain ?? isCertain) ? (
    <Tag tone="blue" Icon={IconCheck}>
      Certain
    </Tag>
  ) : (
    <Tag tone="amber" Icon={IconQuestionMark}>
      Possible
    </Tag>
  );
}

const formatNotes = ({ notes, options }: GraphLink): string =>
  [...notes, ...(options === "" ? [] : [options])].join("; ");

export const COLUMNS: readonly Column<GraphLink>[] = [
  {
    id: "from",
    title: "From",
    minWidth: 130,
    grow: 2,
    cell: ({ from }) => <TextCell text={nameNode(from)} />,
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
    cell: ({ to }) => <TextCell text={nameNode(to)} />,
    text: ({ to }) => nameNode(to),
  },
  {
    id: "certain",
    title: "Certain",
    minWidth: 104,
    cell: (link) => <Certainty {...link} />,
    text: ({ isCertain, isWayCertain }) => ((isWayCertain ?? isCertain) ? "certain" : "possible"),
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
