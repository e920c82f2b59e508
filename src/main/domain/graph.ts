/** An edge of any graph. An edge that is no step adds no distance: whoever has a file has its key. */
export type Edge = { from: string; to: string; isCertain: boolean; isStep: boolean };

/** How each node was reached: by which edge, and after how many steps. A start has no edge. */
export type Found<E extends Edge> = ReadonlyMap<string, { edge: E | null; distance: number }>;

export type Walk<E extends Edge> = {
  found: Found<E>;
  /** The walk ended early, since there were too many edges. */
  isCut: boolean;
};

type WalkOptions<E extends Edge> = {
  starts: readonly string[];
  /** The edges of a node, in the direction of the walk. */
  edgesAt: (id: string) => readonly E[];
  /** Walk against the edges: finds what leads to the starts. */
  isBackward?: boolean;
  onlyCertain?: boolean;
  /** The most edges to follow, the nearest first. */
  mostEdges: number;
  /** The walk ends at the first such node, the nearest first. */
  isGoal?: (id: string) => boolean;
};

/**
 * Breadth first from all starts at once. Each node is found by a shortest path; among equal edges, the first certain
 * one counts. Cycles end where they began.
 */
export function walk<E extends Edge>(options: WalkOptions<E>): Walk<E> {
  const { starts, edgesAt, isBackward = false, onlyCertain = false, mostEdges, isGoal } = options;
  const found = new Map<string, { edge: E | null; distance: number }>();
  for (const start of starts) found.set(start, { edge: null, distance: 0 });
  const done = new Set<string>();
  let edgeCount = 0;
  let level = [...found.keys()];
  for (let distance = 0; level.length > 0; distance++) {
    const next: string[] = [];
    // Nodes behind edges that are no steps are added to the level during its iteration.
    for (const id of level) {
      if (done.has(id) || found.get(id)?.distance !== distance) continue;
      done.add(id);
      if (isGoal?.(id)) return { found, isCut: false };
      for (const edge of certainFirst(edgesAt(id), onlyCertain)) {
        if (++edgeCount > mostEdges) return { found, isCut: true };
        const other = isBackward ? edge.from : edge.to;
        const there = distance + Number(edge.isStep);
        if (there >= (found.get(other)?.distance ?? Number.POSITIVE_INFINITY)) continue;
        found.set(other, { edge, distance: there });
        (edge.isStep ? next : level).push(other);
      }
    }
    level = next;
  }
  return { found, isCut: false };
}

function certainFirst<E extends Edge>(edges: readonly E[], onlyCertain: boolean): readonly E[] {
  const certain = edges.filter(({ isCertain }) => isCertain);
  if (onlyCertain || certain.length === edges.length) return certain;
  return [...certain, ...edges.filter(({ isCertain }) => !isCertain)];
}

/** The edges from a start to a found node, in the direction of the edges; empty for a start. */
export function pathTo<E extends Edge>(found: Found<E>, id: string, isBackward = false): E[] {
  const path: E[] = [];
  for (let edge = found.get(id)?.edge; edge; ) {
    path.push(edge);
    edge = found.get(isBackward ? edge.to : edge.from)?.edge;
  }
  return isBackward ? path : path.reverse();
}

/** The pairs with edges in both directions, each once, the smaller number first. Ignores edges to oneself. */
export function mutualEdges(edges: readonly (readonly [number, number])[]): [number, number][] {
  const targets = new Map<number, Set<number>>();
  for (const [from, to] of edges) {
    const known = targets.get(from);
    if (known) known.add(to);
    else targets.set(from, new Set([to]));
  }
  const mutual: [number, number][] = [];
  for (const [from, tos] of targets)
    for (const to of tos) if (from < to && targets.get(to)?.has(from)) mutual.push([from, to]);
  return mutual.sort(([one, two], [other, another]) => one - other || two - another);
}
