import { join } from "node:path";
import { expect, test } from "vitest";
import { openStore } from "#store/store.ts";
import { makeReviewDatabase } from "#store/testing/fill-review.ts";
import { growthOf } from "#testing/growth.ts";
import { makeTemporaryFolder } from "#testing/temporary-folder.ts";

const QUERY = { search: "", reviewer: null, limit: 100 };

/** Where `work` grew with the review, it would be 8. */
const CONSTANT = 3;

test("a page of a review, and what is to be done, cost the same however many items it has", async () => {
  await using folder = await makeTemporaryFolder();
  const open = (size: number) => {
    const path = join(folder.path, `${size}.db`);
    makeReviewDatabase(path, size);
    const store = openStore({ path, access: "read" });
    const { id } = store.reviews.find("q2") ?? { id: 0 };
    return { store, counted: { id, items: size, itemsOf: () => size } };
  };
  const sizes = new Map([1_500, 12_000].map((size) => [size, open(size)]));
  const growthIn = (work: (world: ReturnType<typeof open>) => unknown) =>
    growthOf({ size: 1_500, make: (size) => sizes.get(size) ?? open(size), work, most: CONSTANT });
  const pageOf = (state: "closed" | null) =>
    growthIn(({ store, counted }) => store.reviews.items.list(counted, { ...QUERY, after: null, state }));
  expect(pageOf(null)).toBeLessThan(CONSTANT);
  expect(pageOf("closed")).toBeLessThan(CONSTANT);
  expect(
    growthIn(({ store, counted }) => store.reviews.items.inState(counted.id, "to-revoke", { limit: 500 })),
  ).toBeLessThan(CONSTANT);
  const [large] = [...sizes.values()].toReversed();
  // However many they are, none is left out.
  expect(await large?.store.reviews.items.states(large.counted.id)).toEqual([
    { state: "closed", count: 6_000 },
    { state: "to-revoke", count: 6_000 },
  ]);
  for (const { store } of sizes.values()) store.close();
});
