import { expect, test, vi } from "vitest";
import { createBatches } from "./batches.ts";

type Options = Parameters<typeof createBatches<number>>[0];

/** Each thing takes a millisecond to write. */
function open(options: Partial<Options> = {}) {
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
  const onFailure = (error: unknown) => {
    throw error;
  };
  const usual = { write, onFailure, most: 3, waitMs: 60_000, turnMs: 1_000, clock: () => now };
  return { commits, batches: createBatches<number>({ ...usual, ...options }) };
}

const nextTurn = () => new Promise<void>((resolve) => setImmediate(resolve));

test("a full batch is written at once, and what is left when it is asked for", () => {
  const { commits, batches } = open();
  for (const thing of [1, 2, 3, 4]) batches.add(thing);
  expect(commits).toEqual([[1, 2, 3]]);
  batches.flush();
  batches.flush();
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
  const { commits, batches } = open({ most: 5, turnMs: 2 });
  for (const thing of [1, 2, 3, 4, 5]) batches.add(thing);
  expect(commits).toEqual([[1, 2]]);
  batches.add(6);
  await nextTurn();
  expect(commits).toEqual([
    [1, 2],
    [3, 4],
  ]);
  await nextTurn();
  expect(commits.slice(2)).toEqual([[5, 6]]);
});

test("one thing that takes longer than a turn is written whole, and alone", async () => {
  const { commits, batches } = open({ most: 2, turnMs: 0 });
  for (const thing of [1, 2]) batches.add(thing);
  await nextTurn();
  expect(commits).toEqual([[1], [2]]);
});

test("what is left of a batch is written together when it is asked for, and only once", async () => {
  const { commits, batches } = open({ most: 5, turnMs: 2 });
  for (const thing of [1, 2, 3, 4, 5]) batches.add(thing);
  batches.flush();
  await nextTurn();
  expect(commits).toEqual([
    [1, 2],
    [3, 4, 5],
  ]);
});

test("a batch that cannot be written is told once, and nothing is written after it", async () => {
  const full = new Error("the disk is full");
  const onFailure = vi.fn();
  const write = vi.fn(() => {
    throw full;
  });
  const { batches } = open({ write, onFailure, most: 1 });
  batches.add(1);
  batches.add(2);
  batches.flush();
  await nextTurn();
  expect(onFailure).toHaveBeenCalledExactlyOnceWith(full);
  expect(write).toHaveBeenCalledOnce();
});

test("a commit that writes nothing of its batch is a failure, and is not asked for ever", () => {
  const onFailure = vi.fn();
  const write = vi.fn(() => 0);
  const { batches } = open({ write, onFailure });
  batches.add(1);
  batches.flush();
  expect(write).toHaveBeenCalledOnce();
  expect(onFailure).toHaveBeenCalledExactlyOnceWith(new Error("a commit has written nothing of its batch"));
});
