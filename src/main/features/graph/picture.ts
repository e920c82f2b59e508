import type { GraphEdge, GraphNode } from "#shared/model/graph.ts";
import type { Store } from "#store/store.ts";
import { distanceOf, type Reached, reach, type WalkedEdge, type WalkQuery } from "./walks.ts";

type Picture = { nodes: GraphNode[]; edges: GraphEdge[]; starts: string[]; isCut: boolean };

/**
 * The nearest things around a start, and every edge between them. What root has anyway and what leads no further is left
 * out: the accounts of a host's services, and keys that open nothing that is known. The table has them.
 */
export function drawPicture(
  graph: Store["graph"],
  { most, ...asked }: WalkQuery & { most: number },
): Picture {
  const reached = reach(graph, asked);
  const leading = [...reached.all.keys()]
    .filter((id) => asked.direction === "to" || reached.starts.has(id) || !isDeadEnd(reached, id))
    .toSorted((one, other) => distanceOf(reached.all, one) - distanceOf(reached.all, other));
  const near = leading.slice(0, most);
  const shown = new Set(near);
  const edges = near.flatMap((id) => edgesBetween(reached, id, shown));
  return {
    nodes: near.map(graph.nodeOf),
    edges: surest(edges.filter(({ isCertain }) => isCertain || !asked.onlyCertain)),
    starts: near.filter((id) => reached.starts.has(id)),
    isCut: reached.isCut || near.length < leading.length,
  };
}

function isDeadEnd({ all, edgesAt }: Reached, id: string): boolean {
  const how = all.get(id)?.edge?.how;
  return (how === "root" || how === "holds") && edgesAt(id).every(({ to }) => to === id || !all.has(to));
}

const edgesBetween = ({ edgesAt }: Reached, id: string, shown: ReadonlySet<string>): readonly WalkedEdge[] =>
  edgesAt(id).filter(({ from, to }) => shown.has(from) && shown.has(to));

/** Between two things one edge of a kind is drawn: a certain one, where there is one. */
function surest(edges: readonly WalkedEdge[]): GraphEdge[] {
  const drawn = new Map<string, GraphEdge>();
  for (const { isStep: _, ...edge } of edges) {
    const key = JSON.stringify([edge.from, edge.to, edge.how]);
    if (!drawn.get(key)?.isCertain) drawn.set(key, edge);
  }
  return [...drawn.values()];
}
