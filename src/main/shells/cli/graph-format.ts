import type { GraphLink } from "#shared/model/graph.ts";
import { defuse } from "#shared/text/defuse.ts";
import { HOW_WORDS } from "#shared/text/graph-edge.ts";
import { nameNode } from "#shared/text/graph-node.ts";
import { printable } from "#shared/text/printable.ts";

const HEADER = ["from", "how", "key", "held at", "to", "where", "options", "certain", "notes"];

/** Steps as RFC 4180, with a header and every field quoted. What a spreadsheet would run is text. */
export const printCsv = (links: readonly GraphLink[]): string =>
  [HEADER, ...links.map(toFields)].map((fields) => fields.map(quote).join(",")).join("\r\n");

const toFields = (link: GraphLink): string[] => [
  nameNode(link.from),
  HOW_WORDS[link.how],
  link.fingerprint ?? "",
  link.heldAt ?? "",
  nameNode(link.to),
  link.where,
  link.options,
  (link.isWayCertain ?? link.isCertain) ? "yes" : "no",
  link.notes.join("; "),
];

const quote = (field: string): string => `"${defuse(printable(field)).replaceAll('"', '""')}"`;

/** Steps as Graphviz reads them; what is only possible is dashed. */
export function printDot(links: readonly GraphLink[]): string {
  const edges = links.map(({ from, to, how, fingerprint, isCertain }) => {
    const label = fingerprint === null ? HOW_WORDS[how] : fingerprint;
    const style = isCertain ? "" : ", style=dashed";
    return `  ${word(nameNode(from))} -> ${word(nameNode(to))} [label=${word(label)}${style}];`;
  });
  return ["digraph latchkey {", "  rankdir=LR;", ...edges, "}"].join("\n");
}

/** Graphviz reads `\` before a letter as something of its own. */
const word = (text: string): string => `"${printable(text).replaceAll("\\", "\\\\").replaceAll('"', '\\"')}"`;
