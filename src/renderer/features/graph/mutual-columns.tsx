import { TextCell } from "#renderer/ui/cells.tsx";
import { Fingerprint } from "#renderer/ui/fingerprint.tsx";
import type { Column } from "#renderer/ui/table/column.ts";
import type { GraphLink, MutualTrust } from "#shared/model/graph.ts";
import { nameNode } from "#shared/text/graph-node.ts";
import { Certainty } from "./columns.tsx";

const formatWay = ({ from, to }: GraphLink): string => `${nameNode(from)} → ${nameNode(to)}`;

/** Of a pair, whether both ways are certain. */
const isSure = ({ there, back }: MutualTrust): boolean => there.isCertain && back.isCertain;

export const MUTUAL_COLUMNS: readonly Column<MutualTrust>[] = [
  {
    id: "there",
    title: "There",
    minWidth: 190,
    grow: 3,
    cell: ({ there }) => <TextCell text={formatWay(there)} />,
    text: ({ there }) => formatWay(there),
  },
  {
    id: "back",
    title: "Back",
    minWidth: 190,
    grow: 3,
    cell: ({ back }) => <TextCell text={formatWay(back)} />,
    text: ({ back }) => formatWay(back),
  },
  {
    id: "certain",
    title: "Certain",
    minWidth: 104,
    cell: (pair) => <Certainty isCertain={isSure(pair)} isWayCertain={null} />,
    text: (pair) => (isSure(pair) ? "certain" : "possible"),
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
    cell: (pair) => <TextCell text={formatHeld(pair)} isDim />,
    text: formatHeld,
  },
];

function formatHeld({ there, back }: MutualTrust): string {
  return [there.heldAt, back.heldAt].flatMap((path) => path ?? []).join("; ");
}
