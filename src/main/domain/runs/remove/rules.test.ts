import { expect, test } from "vitest";
import { nextMove } from "#domain/runs/machine.ts";
import type { AccountSeen, StepProgress } from "#domain/runs/step.ts";
import type { RemovePlan } from "#shared/model/runs/plan.ts";
import { REMOVE_RULES } from "./rules.ts";

const PLAN = {
  options: { canary: true, maxFailures: 1, undoHours: 24 },
  hosts: [{ host: "web1", port: 22, batch: 0, removes: [{ account: "app" }] }],
} as unknown as RemovePlan;

const move = (states: readonly StepProgress["state"][], account: AccountSeen, more: object = {}) =>
  nextMove(REMOVE_RULES, PLAN, {
    want: "on",
    steps: states.map((state, index) => ({ ordinal: index + 1, state, isAwaiting: false })),
    seen: new Map([[0, { kind: "removal-seen", accounts: [account] }]]),
    over: new Set(),
    ...more,
  });

test("what was removed stays put aside until the run can no longer be undone", () => {
  expect(move([], "before")).toMatchObject({ tasks: [{ step: { phase: "remove" }, what: "act" }] });
  expect(move(["verified"], "after")).toEqual({ kind: "wait", until: "undo" });
  expect(move(["verified"], "after", { over: new Set(["undo"]) })).toMatchObject({
    tasks: [{ step: { phase: "finish" }, what: "act" }],
  });
  expect(move(["verified", "verified"], "after")).toMatchObject({ kind: "end", state: "committed" });
});

test("a killed run goes on by what stands there, and what the host has put back by itself has failed", () => {
  expect(move(["intended"], "mixed")).toMatchObject({ tasks: [{ what: "act" }] });
  expect(move(["acted"], "after")).toMatchObject({ tasks: [{ what: "verify" }] });
  expect(move(["acted"], "before")).toMatchObject({
    tasks: [{ what: "undo", as: "failed", cause: { kind: "rollback-timer-fired" } }],
  });
  expect(move([], "other")).toMatchObject({
    tasks: [{ what: "settle", as: "failed", cause: { kind: "account-changed", account: "app" } }],
  });
});

test("it is undone, also when all was verified, as long as nothing that this needs was deleted", () => {
  const back = { want: "back" };
  expect(move(["verified"], "after", back)).toMatchObject({ tasks: [{ what: "undo", as: "rolled-back" }] });
  expect(move(["verified", "intended"], "after", back)).toMatchObject({
    tasks: [{ step: { phase: "finish" }, what: "act" }],
  });
});
