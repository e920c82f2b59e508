import fc from "fast-check";
import { expect, test } from "vitest";
import { type Edge, mutualEdges, pathTo, walk } from "./graph.ts";

const NAMES = ["a", "b", "c", "d", "e", "f", "g"] as const;

const edges = fc.array(
  fc.record({
    from: fc.constantFrom(...NAMES),
    to: fc.constantFrom(...NAMES),
    isCertain: fc.boolean(),
    isStep: fc.boolean(),
  }),
  { maxLength: 24 },
);
const asked = fc.record({ edges, start: fc.constantFrom(...NAMES), onlyCertain: fc.boolean() });

const step = (from: string, to: string, more: Partial<Edge> = {}): Edge => ({
  from,
  to,
  isCertain: true,
  isStep: true,
  ...more,
});

function walkOver(all: readonly Edge[], start: string, more: Partial<Parameters<typeof walk<Edge>>[0]> = {}) {
  const { isBackward = false } = more;
  const byEnd = Map.groupBy(all, ({ from, to }) => (isBackward ? to : from));
  return walk({ starts: [start], edgesAt: (id) => byEnd.get(id) ?? [], mostEdges: 1_000_000, ...more });
}

/** Distances by relaxing all edges until nothing changes. */
function naively(all: readonly Edge[], start: string, onlyCertain: boolean): Map<string, number> {
  const distances = new Map([[start, 0]]);
  for (let isChanged = true; isChanged; ) {
    isChanged = false;
    for (const { from, to, isCertain, isStep } of all) {
      const before = distances.get(from);
      if (before === undefined || (onlyCertain && !isCertain)) continue;
      const there = before + Number(isStep);
      if (there >= (distances.get(to) ?? Number.POSITIVE_INFINITY)) continue;
      distances.set(to, there);
      isChanged = true;
    }
  }
  return distances;
}

test("what is reached, and how far it is, is what going through all edges over and over finds", () => {
  fc.assert(
    fc.property(asked, ({ edges: all, start, onlyCertain }) => {
      const { found, isCut } = walkOver(all, start, { onlyCertain });
      expect(isCut).toBe(false);
      const distances = new Map([...found].map(([id, { distance }]) => [id, distance]));
      expect(Object.fromEntries(distances)).toEqual(Object.fromEntries(naively(all, start, onlyCertain)));
    }),
  );
});

test("a way leads from the start to the end, edge by edge, in as many steps as it is far", () => {
  fc.assert(
    fc.property(asked, fc.boolean(), ({ edges: all, start, onlyCertain }, isBackward) => {
      const { found } = walkOver(all, start, { onlyCertain, isBackward });
      for (const [id, { distance }] of found) {
        const way = pathTo(found, id, isBackward);
        const places = [way[0]?.from ?? start, ...way.map(({ to }) => to)];
        expect(way.every(({ from }, index) => from === places[index])).toBe(true);
        expect([places[0], places.at(-1)]).toEqual(isBackward ? [id, start] : [start, id]);
        expect(way.filter(({ isStep }) => isStep)).toHaveLength(distance);
        if (onlyCertain) expect(way.every(({ isCertain }) => isCertain)).toBe(true);
      }
    }),
  );
});

test("what leads to a thing is what reaches it", () => {
  fc.assert(
    fc.property(asked, ({ edges: all, start, onlyCertain }) => {
      const back = walkOver(all, start, { onlyCertain, isBackward: true }).found;
      const expected = NAMES.filter((name) => naively(all, name, onlyCertain).has(start));
      expect([...back.keys()].sort()).toEqual(expected);
    }),
  );
});

test("a walk goes round a cycle once, and leaves nothing out after it", () => {
  const ring = [step("a", "b"), step("b", "c"), step("c", "a"), step("c", "d"), step("a", "a")];
  const { found } = walkOver(ring, "a");
  expect([...found.keys()]).toEqual(["a", "b", "c", "d"]);
  expect(pathTo(found, "d").map(({ from }) => from)).toEqual(["a", "b", "c"]);
});

test("of two edges between the same things the certain one is gone", () => {
  const { found } = walkOver([step("a", "b", { isCertain: false }), step("a", "b")], "a");
  expect(found.get("b")?.edge?.isCertain).toBe(true);
});

test("a walk that meets too many edges says that it is cut, and keeps the nearest", () => {
  const chain = NAMES.slice(1).map((name, index) => step(NAMES[index] ?? "", name));
  const { found, isCut } = walkOver(chain, "a", { mostEdges: 3 });
  expect([[...found.keys()], isCut]).toEqual([["a", "b", "c", "d"], true]);
});

test("a hundred thousand edges are walked over, each once", () => {
  const all = Array.from({ length: 100_000 }, (_, index) =>
    step(String((index * 7_919) % 20_000), String((index * 104_729 + 1) % 20_000)),
  );
  const byFrom = Map.groupBy(all, ({ from }) => from);
  let looked = 0;
  const { found } = walk({
    starts: ["0"],
    mostEdges: 100_000,
    edgesAt: (id) => {
      const here = byFrom.get(id) ?? [];
      looked += here.length;
      return here;
    },
  });
  expect(looked).toBeLessThanOrEqual(100_000);
  expect(found.size).toBe(new Set([...found].map(([id]) => id)).size);
  expect(found.size).toBeGreaterThan(1);
});

test("hosts that trust each other are one pair, however often; one that trusts itself is none", () => {
  const deployments = [
    [2, 1],
    [1, 2],
    [1, 2],
    [3, 3],
    [1, 3],
  ] as const;
  expect(mutualEdges(deployments)).toEqual([[1, 2]]);
});

test("every pair that is found stands in both directions, and none that does is missed", () => {
  const number = fc.integer({ min: 0, max: 6 });
  fc.assert(
    fc.property(fc.array(fc.tuple(number, number)), (deployments) => {
      const has = (from: number, to: number) =>
        deployments.some(([one, other]) => one === from && other === to);
      const expected = [0, 1, 2, 3, 4, 5, 6].flatMap((one) =>
        [0, 1, 2, 3, 4, 5, 6].flatMap((other) =>
          one < other && has(one, other) && has(other, one) ? [[one, other]] : [],
        ),
      );
      expect(mutualEdges(deployments)).toEqual(expected);
    }),
  );
});
