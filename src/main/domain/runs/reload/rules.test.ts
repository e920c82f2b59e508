import { expect, test } from "vitest";
import { nextMove, resumeStep } from "#domain/runs/machine.ts";
import type { Observation, Progress, StepProgress } from "#domain/runs/step.ts";
import { createDice } from "#domain/runs/testdata/make-keys-file.ts";
import { makeReloadPlan } from "#domain/runs/testdata/make-plan-value.ts";
import type { ReloadPlan } from "#shared/model/runs/plan.ts";
import type { StepState } from "#shared/model/runs/run.ts";
import { RELOAD_RULES } from "./rules.ts";

const plan = makeReloadPlan(
  [0, 1, 2, 3].map((index) => ({ host: `host${index}`, batch: index === 0 ? 0 : 1 })),
  { options: { canary: true, batchSize: 3, maxFailures: 2 } },
);

const ANSWERS: Observation = { kind: "host-answers" };

type States = Record<string, StepProgress["state"]>;

/** The next move, with a step as `test 0`. */
function ask(states: States, more: Partial<Progress> = {}): string[] {
  const steps = RELOAD_RULES.steps(plan);
  const nameOf = (ordinal: number): string => {
    const step = steps[ordinal - 1];
    return `${step?.phase} ${step?.host}`;
  };
  const move = nextMove(RELOAD_RULES, plan, {
    want: "on",
    steps: steps.map(({ ordinal, phase }) => ({
      ordinal,
      state: states[nameOf(ordinal)] ?? states[phase] ?? "planned",
      isAwaiting: false,
    })),
    over: new Set(),
    seen: new Map([0, 1, 2, 3].map((host) => [host, ANSWERS])),
    ...more,
  });
  if (move.kind === "do") return move.tasks.map(({ step, what }) => `${what} ${nameOf(step.ordinal)}`);
  return [move.kind === "end" ? move.state : move.kind];
}

test("the configuration of each host is tested before anything is reloaded there, and one host is reloaded before the others", () => {
  expect(ask({})).toEqual(["act test 0"]);
  expect(ask({ "test 0": "verified" })).toEqual(["act test 1", "act test 2", "act test 3"]);
  expect(ask({ test: "verified" })).toEqual(["act reload 0"]);
  expect(ask({ test: "verified", "reload 0": "verified" })).toEqual([
    "act reload 1",
    "act reload 2",
    "act reload 3",
  ]);
  expect(ask({ test: "verified", reload: "verified" })).toEqual(["committed"]);
});

test("a host whose test fails is not reloaded; the first host, or too many of them, keeps all others from being reloaded", () => {
  const one: States = { test: "verified", "test 2": "failed", "reload 0": "verified" };
  expect(ask(one)).toEqual(["act reload 1", "act reload 3"]);
  expect(ask({ ...one, "test 3": "failed" })).toEqual(["stopped"]);
  expect(ask({ "test 0": "failed" })).toEqual(["stopped"]);
});

test("a server that does not serve what its files hold keeps all that was not begun from being reloaded", () => {
  const stuck: States = { test: "verified", "reload 0": "verified", "reload 1": "needs-attention" };
  expect(ask(stuck)).toEqual(["needs-attention"]);
  expect(ask({ ...stuck, "reload 2": "intended" })).toEqual(["act reload 2"]);
});

test("a run that is ended takes nothing back, says of each host what was reloaded or may have been, and reloads no more", () => {
  const begun: States = {
    test: "verified",
    "reload 0": "verified",
    "reload 1": "acted",
    "reload 2": "intended",
  };
  const move = nextMove(RELOAD_RULES, plan, {
    want: "back",
    steps: RELOAD_RULES.steps(plan).map(({ ordinal, phase, host }) => ({
      ordinal,
      state: begun[`${phase} ${host}`] ?? begun[phase] ?? "planned",
      isAwaiting: false,
    })),
    over: new Set(),
    seen: new Map(),
  });
  const back = move.kind === "do" ? move.tasks : [];
  expect(
    back.map((task) => [task.what, task.step.phase, task.step.host, "back" in task && task.back]),
  ).toEqual([
    ["settle", "reload", 1, "stays-reloaded"],
    ["settle", "reload", 2, "maybe-reloaded"],
  ]);
});

/** Servers that may fail their test, may not come back, and whose hosts may be cut off; the run may be killed. */
function play(of: ReloadPlan, seed: number): string[] {
  const dice = createDice(seed);
  const steps = RELOAD_RULES.steps(of);
  const states = new Map<number, StepState>();
  const wrong: string[] = [];
  const tested = new Set<number | null>();
  let calm = false;
  const happens = (sides: number) => !calm && dice(sides) === 0;
  for (let tries = 0; tries < 8; tries++) {
    calm = tries === 7;
    for (const step of steps)
      states.set(step.ordinal, resumeStep(RELOAD_RULES, step, states.get(step.ordinal) ?? "planned"));
    const seen = new Map<number | null, Observation>();
    moves: for (let moves = 0; ; moves++) {
      if (moves > 200) return [...wrong, "it never ends"];
      const move = nextMove(RELOAD_RULES, of, {
        want: "on",
        steps: steps.map(({ ordinal }) => ({
          ordinal,
          state: states.get(ordinal) ?? "planned",
          isAwaiting: false,
        })),
        seen,
        over: new Set(),
      });
      if (move.kind === "end") {
        if (move.state === "committed") return wrong;
        break;
      }
      if (move.kind === "inspect")
        for (const host of move.hostIndexes)
          seen.set(host, happens(6) ? { kind: "lost", why: "cut off" } : ANSWERS);
      else if (move.kind === "do")
        for (const { step, what, ...task } of move.tasks) {
          seen.delete(step.host);
          if (what === "settle") {
            if ("as" in task) states.set(step.ordinal, task.as as StepState);
            continue;
          }
          states.set(step.ordinal, "intended");
          if (happens(5)) break moves;
          if (step.phase === "test") tested.add(step.host);
          else if (!tested.has(step.host)) wrong.push(`host ${step.host} was reloaded untested`);
          states.set(
            step.ordinal,
            happens(5) ? (step.phase === "test" ? "failed" : "needs-attention") : "verified",
          );
        }
    }
  }
  return [...wrong, "it was not done in the end"];
}

test("killed and cut off as often as it may be, a run reloads no server that was not tested, and ends once all goes well", () => {
  const wrong = Array.from({ length: 2_000 }, (_, seed) => play(plan, seed)).flat();
  expect(wrong.slice(0, 5)).toEqual([]);
});
