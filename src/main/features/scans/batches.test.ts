import { expect, test, vi } from "vitest";
import { createBatches } from "./batches.ts";

const noFailure = (error: unknown) => {
  throw error;
};

test("a full batch is written at once, and what is left when it is asked for", () => {
  const written: number[][] = [];
  const write = (things: number[]) => void written.push(things);
  const batches = createBatches<number>({ write, onFailure: noFailure, most: 3, waitMs: 60_000 });
  for (const thing of [1, 2, 3, 4]) batches.add(thing);
  expect(written).toEqual([[1, 2, 3]]);
  batches.flush();
  batches.flush();
  expect(written).toEqual([[1, 2, 3], [4]]);
});

test("a batch that is not full is written when its time has come", async () => {
  const { promise, resolve } = Promise.withResolvers<number[]>();
  const batches = createBatches<number>({ write: resolve, onFailure: noFailure, most: 10, waitMs: 1 });
  batches.add(1);
  batches.add(2);
  expect(await promise).toEqual([1, 2]);
});

test("a batch that cannot be written is told once, and nothing is written after it", () => {
  const full = new Error("the disk is full");
  const onFailure = vi.fn();
  const write = vi.fn(() => {
    throw full;
  });
  const batches = createBatches<number>({ write, onFailure, most: 1, waitMs: 60_000 });
  batches.add(1);
  batches.add(2);
  expect(onFailure).toHaveBeenCalledExactlyOnceWith(full);
  expect(write).toHaveBeenCalledOnce();
});
