/** The rules of each kind of run, and what follows from them for a plan: the one place in which kinds are told apart. */
import type { KeyPlan, Plan } from "#shared/model/runs/plan.ts";
import type { Phase, StepState } from "#shared/model/runs/run.ts";
import { ACCESS_RULES } from "./access/rules.ts";
import { isFirstAt } from "./file-steps.ts";
import { HOST_KEY_RULES } from "./host-key/rules.ts";
import * as machine from "./machine.ts";
import { RENEWAL_RULES } from "./renewal/rules.ts";
import type { RunRules } from "./runbook.ts";
import type { Move, Progress, Step } from "./step.ts";

export function rulesOf({ kind }: Plan): RunRules {
  switch (kind) {
    case "rotate-certificate":
      return RENEWAL_RULES as RunRules;
    case "rotate-host-key":
      return HOST_KEY_RULES as RunRules;
    default:
      return ACCESS_RULES as RunRules;
  }
}

/** The steps of a plan in their order. */
export const stepsOf = (plan: Plan): Step[] => rulesOf(plan).steps(plan);

/** Whether nothing of the run stands at the place of this step once it is rolled back. */
export const isFirst = (plan: KeyPlan, step: Step): boolean => isFirstAt(stepsOf(plan), step);

/** What a run of the plan does next, from its journal and what was seen. */
export const nextMove = (plan: Plan, progress: Progress): Move =>
  machine.nextMove(rulesOf(plan), plan, progress);

/** The state of a step when a run of the plan is gone on with or rolled back. */
export const resumeStep = (plan: Plan, step: { phase: Phase }, state: StepState): StepState =>
  machine.resumeStep(rulesOf(plan), step, state);
