import type { GraphLink } from "#shared/model/graph.ts";
import { HOW_WORDS } from "#shared/text/graph-edge.ts";
import { nameNode } from "#shared/text/graph-node.ts";
import type { Column } from "./print-table.ts";

/** A step as a row on a terminal; one that is only possible is marked by ?. */
export const LINK_COLUMNS: Column<GraphLink>[] = [
  { head: "FROM", cell: ({ from }) => nameNode(from), cut: "middle" },
  { head: "HOW", cell: formatHow, style: ({ isCertain }) => (isCertain ? null : "yellow") },
  { head: "TO", cell: ({ to }) => nameNode(to), cut: "middle" },
  { head: "KEY", cell: ({ fingerprint }) => fingerprint ?? "", cut: "middle" },
  { head: "HELD AT", cell: ({ heldAt }) => heldAt ?? "", cut: "middle", leaves: 2 },
  { head: "WHERE", cell: ({ where }) => where, cut: "middle", leaves: 1 },
  {
    head: "NOTES",
    cell: ({ notes, options }) => [...notes, ...(options ? [options] : [])].join("; "),
    cut: "end",
  },
];

function formatHow({ how, isCertain }: GraphLink): string {
  return `${HOW_WORDS[how]}${isCertain ? "" : "?"}`;
}

/** As `--json` has a step: things by their names. */
export const toJson = ({ id: _, from, to, ...link }: GraphLink) => ({
  from: nameNode(from),
  to: nameNode(to),
  ...link,
});
