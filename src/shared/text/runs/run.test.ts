import { expect, test } from "vitest";
import { RunState } from "../../model/runs/run.ts";
import { formatRunState } from "./run.ts";

test("how a run stands is told by its own sentence: the word for its state says nothing of keys, hosts or what was rolled back", () => {
  expect(RunState.options.map(formatRunState)).toEqual([
    "running",
    "paused",
    "stopped",
    "interrupted: its process ended before it did",
    "waiting",
    "committed",
    "rolled back",
    "needs attention",
  ]);
});
