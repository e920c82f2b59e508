import { getEventListeners } from "node:events";
import { expect, test } from "vitest";
import { onAbort, pauseBeforeNext, retry, type TransientCause } from "./tasks.ts";

test("whoever still listens is told once, and a signal has one listener for all of them", () => {
  const controller = new AbortController();
  const { signal } = controller;
  const told: string[] = [];
  onAbort(signal, () => told.push("one"));
  const ignore = onAbort(signal, () => told.push("two"));
  onAbort(signal, () => told.push("three"));
  expect(getEventListeners(signal, "abort").length).toBe(1);
  ignore();
  controller.abort();
  controller.abort();
  expect(told).toEqual(["one", "three"]);
});

const pausesOf = (transient: TransientCause, random: number) => {
  const pauses: number[] = [];
  for (let tries = 1; ; tries++) {
    const ms = pauseBeforeNext(transient, tries, random);
    if (ms === null) return pauses;
    pauses.push(ms);
  }
};

test("nobody listening is tried twice within a second, and an sshd that refuses us three times, at last after the least penalty", () => {
  expect(pausesOf("refused", 0)).toEqual([200]);
  expect(pausesOf("refused", 0.999)).toEqual([600]);
  expect(pausesOf("throttled", 0)).toEqual([1_000, 16_000]);
  expect(pausesOf("throttled", 0.999)).toEqual([1_999, 19_996]);
  expect(pausesOf("no-descriptor", 0)).toHaveLength(60);
  expect(pausesOf("before-its-turn", 0)).toHaveLength(10);
  expect(pauseBeforeNext(null, 1, 0)).toBeNull();
});

const retryPolicy = (pauses: number[]) => ({
  wait: async (ms: number) => void pauses.push(ms),
  random: () => 0,
});
const { signal } = new AbortController();

test("what passes is well in the end, and what stands is tried no more", async () => {
  const pauses: number[] = [];
  const answers = [{ transient: "throttled" }, { transient: "throttled" }, { client: {} }];
  expect(await retry(async () => answers.shift() ?? {}, retryPolicy(pauses), signal)).toEqual({
    client: {},
  });
  expect(pauses).toEqual([1_000, 16_000]);

  let tries = 0;
  const attempt = async () => ({ transient: "refused", tries: ++tries });
  expect(await retry(attempt, retryPolicy([]), signal)).toEqual({ transient: "refused", tries: 2 });
});

test("a pause ends when the scan does", async () => {
  const stopped = new AbortController();
  const wait = async () => stopped.abort("enough");
  const attempt = async () => ({ transient: "throttled" });
  await expect(retry(attempt, { wait, random: () => 0 }, stopped.signal)).rejects.toBe("enough");
});
