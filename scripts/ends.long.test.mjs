import { expect, test } from "vitest";
import { runToEnds } from "./run-to-ends.mjs";

/** On the code before decision 0054 three of some 1,500 hung. */
const RUNS = 2_000;
const WITHIN_MS = 120_000;

test(`${RUNS} runs whose reader leaves early end, beside two busy loops`, {
  timeout: RUNS * 15_000,
}, async () => {
  const { hangs, codes } = await runToEnds({
    program: "out/main/latchkey.js",
    runs: RUNS,
    withinMs: WITHIN_MS,
  });
  process.stdout.write(`${JSON.stringify(codes)}\n`);
  expect(hangs).toEqual([]);
});
