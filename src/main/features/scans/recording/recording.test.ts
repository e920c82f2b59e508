import { expect, test } from "vitest";
import { createByteBudget } from "./recording.ts";

const nextTurn = () => new Promise<void>((resolve) => setImmediate(resolve));

/** Waits for room in the budget, and fills it. */
async function fill(room: ReturnType<typeof createByteBudget>, sizes: readonly number[]) {
  const inside: number[] = [];
  for (const size of sizes) {
    void room.make(size).then(() => {
      room.fill(size);
      inside.push(size);
    });
    await nextTurn();
  }
  return inside;
}

test("who comes when there is no room waits until some was emptied, in the order of coming", async () => {
  const room = createByteBudget(10);
  const inside = await fill(room, [6, 3]);
  const late = await fill(room, [4, 1]);
  expect([inside, late]).toEqual([[6, 3], []]);
  room.empty(3);
  await nextTurn();
  expect(late).toEqual([4]);
  room.empty(6);
  await nextTurn();
  expect(late).toEqual([4, 1]);
});

test("what is larger than all the room comes in alone", async () => {
  const room = createByteBudget(10);
  const inside = await fill(room, [25, 1]);
  expect(inside).toEqual([25]);
  room.empty(25);
  await nextTurn();
  expect(inside).toEqual([25, 1]);
});

test("when nothing is read any more, nobody waits for room", async () => {
  const room = createByteBudget(10);
  const inside = await fill(room, [10, 20, 30]);
  room.clear();
  await nextTurn();
  room.clear();
  await nextTurn();
  expect(inside).toEqual([10, 20, 30]);
});
