import { expect, test } from "vitest";
import type { Phase, RunState, StepState } from "#shared/model/runs/run.ts";
import { findUndoEnd, isDoneButLast } from "./runbook.ts";

const RULES = { phases: ["revoke", "keep", "finish"] as const };
const NOW = "2026-06-01T12:00:00Z";
const LATER = "2026-06-02T12:00:00Z";

const ask = (
  state: RunState,
  steps: readonly [Phase, StepState][],
  {
    undoUntil = null,
    hours = 24,
    now = NOW,
  }: { undoUntil?: string | null; hours?: number; now?: string } = {},
) =>
  findUndoEnd(
    RULES,
    { state, undoUntil, steps: steps.map(([phase, stepState]) => ({ phase, state: stepState })) },
    { now, hours },
  );

test("a run can be undone from when all is verified but its last phase, for as long as its plan says", () => {
  const done = [
    ["revoke", "verified"],
    ["keep", "verified"],
    ["finish", "planned"],
  ] as const satisfies [Phase, StepState][];
  expect(ask("committed", [...done])).toBe(LATER);
  expect(ask("needs-attention", [...done])).toBe(LATER);
  expect(ask("committed", [...done], { hours: 0 })).toBeNull();
  expect(ask("stopped", [...done])).toBeNull();
  expect(ask("committed", [...done], { undoUntil: LATER, hours: 240 })).toBe(LATER);
  expect(ask("rolled-back", [...done], { undoUntil: LATER })).toBeNull();
  expect(
    ask("committed", [
      ["revoke", "acted"],
      ["finish", "planned"],
    ]),
  ).toBeNull();
  expect(ask("committed", [["revoke", "verified"]])).toBe(LATER);
});

test("once what it keeps is begun to be deleted it can no longer be undone, and it is over when all of that is gone", () => {
  const half = [
    ["revoke", "verified"],
    ["finish", "verified"],
    ["finish", "planned"],
  ] as const satisfies [Phase, StepState][];
  expect(ask("committed", [...half], { undoUntil: LATER })).toBe(NOW);
  expect(
    ask(
      "committed",
      [
        ["revoke", "verified"],
        ["finish", "verified"],
      ],
      { undoUntil: LATER },
    ),
  ).toBeNull();
});

test("what a finished run has left in place is known while it can still be undone", () => {
  const steps = (finish: StepState) =>
    [
      { phase: "revoke", state: "verified" },
      { phase: "finish", state: finish },
    ] as const;
  expect(isDoneButLast(RULES, steps("planned"))).toBe(true);
  expect(isDoneButLast(RULES, steps("verified"))).toBe(true);
  expect(isDoneButLast(RULES, [{ phase: "revoke", state: "acted" }, ...steps("planned")])).toBe(false);
});
