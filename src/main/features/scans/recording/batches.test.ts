import { expect, test } from "vitest";
import { createBatches } from "./batches.ts";

type Options = Parameters<typeof createBatches<number>>[0];

/** Each thing takes a millisecond to write. */
function open(options: Partial<Options> = {}, turnMs = 1_000) {
  const commits: number[][] = [];
  let now = 0;
  const write: Options["write"] = (things, isOver) => {
    const commit: number[] = [];
    for (const thing of things) {
      if (commit.length > 0 && isOver()) break;
      commit.push(thing);
      now++;
    }
    commits.push(commit);
    return commit.length;
  };
  const usual = { write, most: 3, waitMs: 60_000, budgets: [{ ms: turnMs, clock: () => now }] };
  return { commits, batches: createBatches<number>({ ...usual, ...options }) };
}

const nextTurn = () => new Promise<void>((resolve) => setImmediate(resolve));

test("a full batch is written in the next turn, and what is left when it is told to hurry", async () => {
  const { commits, batches } = open();
  for (const thing of [1, 2, 3]) batches.add(thing);
  expect(commits).toEqual([]);
  await nextTurn();
  batches.add(4);
  expect(commits).toEqual([[1, 2, 3]]);
  batches.hurry();
  batches.hurry();
  await nextTurn();
  expect(commits).toEqual([[1, 2, 3], [4]]);
});

test("a batch that is not full is written when its time has come", async () => {
  const { promise, resolve } = Promise.withResolvers<readonly number[]>();
  const write: Options["write"] = (things) => {
    resolve(things);
    return things.length;
  };
  const { batches } = open({ write, waitMs: 1 });
  batches.add(1);
  batches.add(2);
  expect(await promise).toEqual([1, 2]);
});

test("a commit that has taken its time leaves the rest to the next turn of the event loop, in order", async () => {
  const { commits, batches } = open({ most: 5 }, 2);
  for (const thing of [1, 2, 3, 4, 5]) batches.add(thing);
  await nextTurn();
  expect(commits).toEqual([[1, 2]]);
  batches.add(6);
  await nextTurn();
  await nextTurn();
  expect(commits).toEqual([
    [1, 2],
    [3, 4],
    [5, 6],
  ]);
});

test("a commit has taken its time when it is over by one of its clocks", async () => {
  const still = { ms: 80, clock: () => 0 };
  let now = 0;
  const moving = { ms: 3, clock: () => now++ };
  const { commits, batches } = open({ most: 5, budgets: [still, moving] });
  for (const thing of [1, 2, 3, 4, 5]) batches.add(thing);
  await nextTurn();
  expect(commits).toEqual([[1, 2, 3]]);
});

test("one thing that takes longer than a turn is written whole, and alone", async () => {
  const { commits, batches } = open({ most: 2 }, 0);
  for (const thing of [1, 2]) batches.add(thing);
  await nextTurn();
  await nextTurn();
  expect(commits).toEqual([[1], [2]]);
});

test("nothing is written while it is held, by whoever it is, and all that waits afterwards", async () => {
  const { commits, batches } = open({ most: 2 });
  for (const thing of [1, 2]) batches.add(thing);
  batches.hold();
  batches.hold();
  await nextTurn();
  batches.letGo();
  batches.add(3);
  await nextTurn();
  expect(commits).toEqual([]);
  batches.letGo();
  await nextTurn();
  expect(commits).toEqual([[1, 2, 3]]);
});
