import fc from "fast-check";
import { expect, test } from "vitest";
import { mutualPairs } from "./mutual-pairs.ts";

test("hosts that trust each other are one pair, however often; one that trusts itself is none", () => {
  const pairs = [
    [2, 1],
    [1, 2],
    [1, 2],
    [3, 3],
    [1, 3],
  ] as const;
  expect(mutualPairs(pairs)).toEqual([[1, 2]]);
});

test("every pair that is found stands in both directions, and none that does is missed", () => {
  const number = fc.integer({ min: 0, max: 6 });
  fc.assert(
    fc.property(fc.array(fc.tuple(number, number)), (pairs) => {
      const has = (from: number, to: number) => pairs.some(([one, other]) => one === from && other === to);
      const expected = [0, 1, 2, 3, 4, 5, 6].flatMap((one) =>
        [0, 1, 2, 3, 4, 5, 6].flatMap((other) =>
          one < other && has(one, other) && has(other, one) ? [[one, other]] : [],
        ),
      );
      expect(mutualPairs(pairs)).toEqual(expected);
    }),
  );
});
