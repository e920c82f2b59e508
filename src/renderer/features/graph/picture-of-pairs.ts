import type { GraphEdge, GraphLink, GraphNode, MutualTrust } from "#shared/model/graph.ts";
import type { Picture } from "./picture-layout.ts";

/** More are too many to follow with the eye; the table has them all. */
export const MOST_PAIRS_DRAWN = 50;

/** Hosts that trust each other, drawn: who holds which key, and what it opens. */
export function pictureOfPairs(pairs: readonly MutualTrust[]): Picture {
  const links = pairs.slice(0, MOST_PAIRS_DRAWN).flatMap(({ there, back }) => [there, back]);
  const nodes = links.flatMap((link) => [link.from, ...keyOf(link), link.to]);
  const edges = links.flatMap(toEdges).map((edge) => [`${edge.from} ${edge.how} ${edge.to}`, edge] as const);
  return {
    nodes: [...new Map(nodes.map((node) => [node.id, node])).values()],
    edges: [...new Map(edges).values()],
    starts: [],
  };
}

const keyId = (fingerprint: string): string => `key/${fingerprint}`;

const keyOf = ({ fingerprint }: GraphLink): GraphNode[] =>
  fingerprint === null ? [] : [{ kind: "key", id: keyId(fingerprint), fingerprint, keyType: null }];

function toEdges(link: GraphLink): GraphEdge[] {
  const { from, to, fingerprint, how, isCertain, heldAt, where, options, notes } = link;
  const opening = { to: to.id, how, isCertain, where, options, notes };
  if (fingerprint === null) return [{ ...opening, from: from.id }];
  const key = keyId(fingerprint);
  const holding = { from: from.id, to: key, how: "holds" as const, isCertain, where: heldAt ?? "" };
  return [
    { ...holding, options: "", notes: [] },
    { ...opening, from: key },
  ];
}
