import type { GraphEdge, GraphLink, GraphNode } from "#shared/model/graph.ts";
import { type Key, readCursor, type Sort, type Value, writeCursor } from "#store/lists/cursor.ts";
import { conditions, type Listed, type Lists, type Part, valuesOf, type Window } from "#store/lists/lists.ts";
import { eachWord } from "#store/lists/search.ts";
import { armConditions, LINK_ARMS, type LinkArm, type LinkFilter } from "./link-arms.ts";

/** A cursor names the arm and the values of its order; the longest order has five. */
const ORDER: Sort = { name: "links", columns: ["arm", "1", "2", "3", "4", "5"], descending: false };

type Deps = { lists: Lists; nodeOf: (id: string) => GraphNode };

/** Every step that is known, a page at a time: it begins after the last row of the page before, by an index. */
export function linkList({ lists, nodeOf }: Deps) {
  return {
    list({ after, limit, ...filter }: LinkFilter & Window): Listed<GraphLink> {
      const arms = LINK_ARMS.filter(({ by }) => filter.by === null || filter.by === by);
      const total = arms.reduce((sum, arm) => sum + lists.count(arm.from, wanted(arm, filter)), 0);
      const start = after === null ? null : readCursor(ORDER, after);
      const begin = start ? arms.findIndex(({ name }) => name === start[0]) : 0;
      const found: { arm: LinkArm; row: Key }[] = [];
      for (const [index, arm] of arms.slice(Math.max(begin, 0)).entries()) {
        const from = index === 0 && start ? start.slice(1, 1 + arm.outer.length + arm.inner.length) : null;
        const rows = page(arm, wanted(arm, filter), from, limit + 1 - found.length);
        found.push(...rows.map((row) => ({ arm, row })));
        if (found.length > limit) break;
      }
      const last = found.length > limit ? found[limit - 1] : undefined;
      return {
        rows: found.slice(0, limit).map(({ arm, row }) => toLink(arm, row)),
        total,
        next: last ? writeCursor(ORDER, cursorRow(last.arm, last.row)) : null,
      };
    },
  };

  function wanted(arm: LinkArm, filter: LinkFilter): Part[] {
    return armConditions(arm, filter, eachWord(filter.search, arm.text));
  }

  /** First what else the same holder opens, then the holders after it: no index serves both at once. */
  function page(arm: LinkArm, where: readonly Part[], start: readonly Value[] | null, limit: number): Key[] {
    if (start === null) return read(arm, where, limit);
    const outer = start.slice(0, arm.outer.length);
    const same: Part[] =
      arm.inner.length === 0
        ? []
        : [
            { sql: compare(arm.outer, "="), values: outer },
            { sql: compare(arm.inner, ">"), values: start.slice(arm.outer.length) },
          ];
    const rest = same.length === 0 ? [] : read(arm, [...where, ...same], limit);
    if (rest.length >= limit) return rest;
    const beyond = { sql: compare(arm.outer, ">"), values: outer };
    return [...rest, ...read(arm, [...where, beyond], limit - rest.length)];
  }

  function read(arm: LinkArm, where: readonly Part[], limit: number): Key[] {
    const order = [...arm.outer, ...arm.inner];
    const keys = order.map((column, index) => `${column} AS sort_${index}`);
    return lists.read<Key>(
      `SELECT ${arm.select}, ${keys.join(", ")} FROM ${arm.from}${conditions(where)} ORDER BY ${order.join(", ")} LIMIT ?`,
      [...valuesOf(where), limit],
    );
  }

  function toLink(arm: LinkArm, row: Key): GraphLink {
    const edges = (arm.toEdges as (row: Key) => GraphEdge[])(row);
    return linkOf(edges, nodeOf, idOf(arm, row));
  }
}

const compare = (columns: readonly string[], operator: string): string =>
  `(${columns.join(", ")}) ${operator} (${columns.map(() => "?").join(", ")})`;

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
  const key = [last.from, last.to, first.from].map(nodeOf).find(({ kind }) => kind === "key");
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
    ...{ distance: null, isWayCertain: null },
  };
}
