import { pathTo } from "#domain/graph.ts";
import type { GraphEdge, GraphLink, GraphNode } from "#shared/model/access/graph.ts";
import type { HostAddress } from "#shared/model/runs/plan.ts";
import { nameNode } from "#shared/text/access/graph.ts";
import type { Store } from "#store/store.ts";
import { hostsOf, keepRows, wordsIn } from "./lists.ts";
import {
  distanceOf,
  isByKey,
  type Reached,
  reach,
  reachAround,
  type WalkedEdge,
  type WalkQuery,
} from "./walks.ts";

type ReachFilter = { search: string; host: string | null; onlyRoot: boolean };

/** The rows of everything that a start reaches. */
export const createReachList = (graph: Store["graph"]) =>
  keepRows(graph, (query: WalkQuery & ReachFilter) => listReached(graph, query));

function listReached(
  graph: Store["graph"],
  query: WalkQuery & ReachFilter,
): { rows: GraphLink[]; isCut: boolean } {
  const reached = reach(graph, query);
  const rows = toRows(graph, reached, query.direction === "to");
  return { rows: rows.filter(createFilter(graph, query)).sort(compareRows), isCut: reached.isCut };
}

const toRows = (graph: Store["graph"], reached: Reached, isBackward: boolean): GraphLink[] =>
  [...reached.all.keys()]
    .filter((id) => isShown(reached, id))
    .map((id) => toRow(graph, reached, { id, isBackward }));

/** So many ways to root are told, and so many edges are read for that: what is farther away is another question. */
const MOST_ROOT_PATHS = 12;
const MOST_NEAR_EDGES = 2_000;

/** The nearest ways to any account of user ID 0, seen from their beginnings. */
export function listRoots(
  graph: Store["graph"],
  address: HostAddress,
): { isRead: boolean; rows: GraphLink[]; isCut: boolean } {
  const host = graph.hostsNamed(address.host).find(({ port }) => port === address.port);
  const roots = host ? graph.rootsOf(host.id) : [];
  const near = { isBackward: true, onlyCertain: false, mostEdges: MOST_NEAR_EDGES };
  const reached = reachAround(graph, roots, near);
  const rows = toRows(graph, reached, true).sort(compareRows);
  return {
    isRead: roots.length > 0,
    rows: rows.slice(0, MOST_ROOT_PATHS),
    isCut: reached.isCut || rows.length > MOST_ROOT_PATHS,
  };
}

/** Nearest first; at the same distance certain ones first, and then by name. */
const compareRows = (one: GraphLink, other: GraphLink): number =>
  (one.distance ?? 0) - (other.distance ?? 0) ||
  Number(other.isPathCertain) - Number(one.isPathCertain) ||
  (one.id < other.id ? -1 : 1);

/** A key is part of the row of what it opens, or of who has it. It has a row of its own only where there is neither. */
function isShown({ starts, edgesAt }: Reached, id: string): boolean {
  if (starts.has(id)) return false;
  return !id.startsWith("key/") || edgesAt(id).length === 0;
}

type End = { id: string; isBackward: boolean };

/** The last step to a node, or, seen from the other end, its first step. */
function toRow(graph: Store["graph"], reached: Reached, { id, isBackward }: End): GraphLink {
  const isPathCertain = reached.certain.has(id);
  const found = isPathCertain ? reached.certain : reached.all;
  const path = pathTo(found, id, isBackward);
  const step = isBackward ? firstStep(path) : lastStep(path);
  return { ...graph.linkOf(step, id), distance: distanceOf(found, id), isPathCertain: isPathCertain };
}

const firstStep = (path: readonly WalkedEdge[]): readonly WalkedEdge[] =>
  path[0]?.how === "holds" ? path.slice(0, 2) : path.slice(0, 1);

const lastStep = (path: readonly WalkedEdge[]): readonly WalkedEdge[] =>
  isByKey(path.at(-1)) && path.at(-2)?.how === "holds" ? path.slice(-2) : path.slice(-1);

function createFilter(
  graph: Store["graph"],
  { search, host, onlyRoot, direction }: WalkQuery & ReachFilter,
): (row: GraphLink) => boolean {
  const hasWords = wordsIn<GraphLink>(graph, search, ({ from, to, fingerprint, heldAt, where }) => ({
    texts: [nameNode(from), nameNode(to), fingerprint, heldAt, where],
    hosts: hostsOf([from, to]),
  }));
  const endOf = (row: GraphLink): GraphNode => (direction === "to" ? row.from : row.to);
  return (row) => {
    const end = endOf(row);
    if (onlyRoot && !(end.kind === "account" && end.isRoot)) return false;
    if (host !== null && !("host" in end && end.host === host)) return false;
    return hasWords(row);
  };
}

type Diagram = { nodes: GraphNode[]; edges: GraphEdge[]; starts: string[]; isCut: boolean };

/**
 * The nearest nodes around a start, and every edge between them. Without what root has anyway and what leads no
 * further: the accounts of a host's services, and keys that open nothing known. The table has them.
 */
export function drawDiagram(
  graph: Store["graph"],
  { most, ...query }: WalkQuery & { most: number },
): Diagram {
  const reached = reach(graph, query);
  const leading = [...reached.all.keys()]
    .filter((id) => query.direction === "to" || reached.starts.has(id) || !isDeadEnd(reached, id))
    .toSorted((one, other) => distanceOf(reached.all, one) - distanceOf(reached.all, other));
  const near = leading.slice(0, most);
  const shown = new Set(near);
  const edges = near.flatMap((id) => edgesBetween(reached, id, shown));
  return {
    nodes: near.map(graph.nodeOf),
    edges: surest(edges.filter(({ isCertain }) => isCertain || !query.onlyCertain)),
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

/** Draws one edge of each kind between two nodes: a certain one, where there is one. */
function surest(edges: readonly WalkedEdge[]): GraphEdge[] {
  const drawn = new Map<string, GraphEdge>();
  for (const { isStep: _, ...edge } of edges) {
    const key = JSON.stringify([edge.from, edge.to, edge.how]);
    if (!drawn.get(key)?.isCertain) drawn.set(key, edge);
  }
  return [...drawn.values()];
}
