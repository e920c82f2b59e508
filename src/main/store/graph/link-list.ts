import type { GraphEdge, GraphLink, GraphNode } from "#shared/model/graph.ts";
import { addTotals } from "#shared/model/total.ts";
import { type Key, readCursor, type Sort, writeCursor } from "#store/lists/cursor.ts";
import type { Listed, Lists, Window } from "#store/lists/lists.ts";
import { armsOf, type LinkArm, type LinkFilter } from "./link-arms.ts";
import { linkPages } from "./link-pages.ts";
import { waysOf } from "./link-ways.ts";
import { readNodeId } from "./node-id.ts";

/** A cursor names the arm and the values of its order; the longest order has five. */
const ORDER: Sort = { name: "links", columns: ["arm", "1", "2", "3", "4", "5"], descending: false };

type Deps = { lists: Lists; nodeOf: (id: string) => GraphNode };

/** Every step that is known, a page at a time: it begins after the last row of the page before, by an index. */
export function linkList({ lists, nodeOf }: Deps) {
  const { page, readKept } = linkPages(lists);

  return {
    list({ after, limit, ...filter }: LinkFilter & Window): Listed<GraphLink> {
      const arms = armsOf(filter).map((arm) => measure(lists, arm, filter));
      const total = addTotals(arms.map((arm) => arm.total));
      const start = after === null ? null : readCursor(ORDER, after);
      const begin = start ? arms.findIndex(({ arm }) => arm.name === start[0]) : 0;
      const found: { arm: LinkArm; row: Key }[] = [];
      for (const [index, { arm, ways, total }] of arms.slice(Math.max(begin, 0)).entries()) {
        if (total === 0) continue;
        const from = index === 0 && start ? start.slice(1, 1 + arm.outer.length + arm.inner.length) : null;
        const most = limit + 1 - found.length;
        const isKept = filter.search.trim() !== "" && typeof total === "number" && total <= lists.mostCounted;
        const rows = isKept
          ? readKept(arm, { ways: ways.counted, start: from, limit: most })
          : page(arm, { ways: ways.read(total, most), start: from, limit: most });
        found.push(...rows.map((row) => ({ arm, row })));
        if (found.length > limit) break;
      }
      const last = found.length > limit ? found[limit - 1] : undefined;
      return {
        rows: found.slice(0, limit).map(toLinks(nodeOf)),
        total,
        next: last ? writeCursor(ORDER, cursorRow(last.arm, last.row)) : null,
      };
    },
  };
}

/** Rows of a page name the same hosts and keys over and over: each is looked up once. */
function toLinks(nodeOf: Deps["nodeOf"]): (found: { arm: LinkArm; row: Key }) => GraphLink {
  const known = new Map<string, GraphNode>();
  const find = (id: string): GraphNode => {
    const node = known.get(id) ?? nodeOf(id);
    known.set(id, node);
    return node;
  };
  return ({ arm, row }) => linkOf((arm.toEdges as (row: Key) => GraphEdge[])(row), find, idOf(arm, row));
}

/** How many rows an arm has, and how they are found. */
function measure(lists: Lists, arm: LinkArm, filter: LinkFilter) {
  const ways = waysOf(lists, arm, filter);
  const total = ways.least ?? addTotals(ways.counted.map(({ from, where }) => lists.count(from, where)));
  return { arm, ways, total };
}

/** The account is left out: its name may be long, and the grant has a number. */
function idOf({ name, outer, inner }: LinkArm, row: Key): string {
  const keys = [...outer, ...inner.slice(-1)].map((_, index) =>
    index < outer.length ? index : outer.length + inner.length - 1,
  );
  return [name, ...keys.map((index) => row[`sort_${index}`])].join("/");
}

const cursorRow = (arm: LinkArm, row: Key): Key => ({
  sort_0: arm.name,
  ...Object.fromEntries([1, 2, 3, 4, 5].map((index) => [`sort_${index}`, row[`sort_${index - 1}`] ?? ""])),
});

/** A row of the table from the edge that it is, or from two: whoever holds a key has what it opens. */
export function linkOf(
  edges: readonly GraphEdge[],
  nodeOf: (id: string) => GraphNode,
  id: string,
): GraphLink {
  const [first, last] = [edges[0], edges.at(-1)];
  if (!first || !last) throw new Error("a link has an edge");
  const held = first.how === "holds" ? first : null;
  const key = [last.from, last.to, first.from].map(readNodeId).find(({ kind }) => kind === "key");
  return {
    id,
    from: nodeOf(first.from),
    fingerprint: key?.kind === "key" ? key.fingerprint : null,
    to: nodeOf(last.to),
    how: last.how,
    heldAt: held?.where ?? null,
    where: last === held ? "" : last.where,
    options: last.options,
    isCertain: edges.every(({ isCertain }) => isCertain),
    notes: edges.flatMap(({ notes }) => notes),
    distance: null,
    isWayCertain: null,
  };
}
