/**
 * What one kind of run decides without its hosts: one value for each kind. How it is done is in features/runs/kinds.
 */
import { type Instant, toInstant } from "#shared/model/instant.ts";
import type { Plan } from "#shared/model/runs/plan.ts";
import type { Phase, RunState, StepState } from "#shared/model/runs/run.ts";
import type { RunReason } from "#shared/model/runs/run-note.ts";
import type { Observation, Step, Task, Wait } from "./step.ts";

/** The next task of a step; "inspect" if nothing was seen there since its last task, null if it cannot be reached. */
export type NextTask = Task | "inspect" | null;

type Delay = { phase: Phase; until: Wait };

/** How the steps of a run depend on each other. */
export type RunPolicy<P extends Plan> = {
  /**
   * What a failed host means for the others. `stop-run`: a phase begins when the one before it is verified everywhere,
   * and failures stop the run. `leave-host-out`: the hosts do not depend on each other; all go on but the one that
   * failed.
   */
  onFailure: "stop-run" | "leave-host-out";
  /**
   * For `leave-host-out`: phases that begin something new on a host. None begins any more once too many hosts have
   * failed.
   */
  begins: ReadonlySet<Phase>;
  /**
   * For `leave-host-out`: the phase that no other host begins before it is verified on the canary. Null: none waits for
   * the canary.
   */
  canaryFirst: Phase | null;
  /** For `stop-run`: phases that do not begin before every step that awaits something is verified. */
  verifyAllBefore: ReadonlySet<Phase>;
  /** What a step that awaits something waits for. */
  awaits: Wait;
  /** The phases that also wait for time to pass, once all before them is verified. */
  delaysOf(plan: P): readonly Delay[];
  /** Why the run stands still if these steps can neither be done nor rolled back. */
  reasonOf(stuck: readonly Step[]): RunReason;
};

/** The rules of one kind of run; pure. */
export type RunRules<P extends Plan = Plan> = {
  /** In their order. The last one drops what a roll-back needs: nothing is rolled back where it has begun. */
  phases: readonly Phase[];
  policy: RunPolicy<P>;
  /** Derived from the plan; stored nowhere but by their ordinal and state. */
  steps(plan: P): Step[];
  /** The next task of a step until it is verified. */
  forward(plan: P, step: Step, state: StepState, seen: Observation | undefined): NextTask;
  /** The task that rolls a step back. */
  back(plan: P, step: Step, seen: Observation | undefined, state: StepState): NextTask;
};

type Phased = { phases: readonly Phase[] };

/** The phase from which on nothing is rolled back any more. */
export const lastPhase = ({ phases }: Phased): Phase => phases.at(-1) as Phase;

type PhaseStates = readonly { phase: Phase; state: StepState }[];

/** Whether all is verified but what the last phase removes. */
export const isDoneButLast = (rules: Phased, steps: PhaseStates): boolean =>
  steps.every(({ phase, state }) => phase === lastPhase(rules) || state === "verified");

type Finished = {
  state: RunState;
  steps: PhaseStates;
  undoUntil: Instant | null;
};

/**
 * Until when a run that has come to this state can be undone; null: it cannot. It can from when all is verified but the
 * last phase, and as long as nothing of that is begun; once it is known, the time stays. A past moment: what it keeps is
 * still to be deleted.
 */
export function findUndoEnd(
  rules: Phased,
  { state, steps, undoUntil }: Finished,
  { now, hours }: { now: Instant; hours: number },
): Instant | null {
  const last = steps.filter(({ phase }) => phase === lastPhase(rules));
  const isCleared = last.length > 0 && last.every((step) => step.state === "verified");
  if (state === "rolled-back" || isCleared) return null;
  const isBegun = last.some((step) => step.state !== "planned");
  if (undoUntil !== null) return isBegun && undoUntil > now ? now : undoUntil;
  if (hours === 0 || !isDoneButLast(rules, steps) || isBegun) return null;
  return state === "committed" || state === "needs-attention"
    ? toInstant(new Date(Date.parse(now) + hours * HOUR_MS))
    : null;
}

const HOUR_MS = 3_600_000;

/** Steps in the order of these phases, numbered from 1; within a phase as they are listed. */
export const numberSteps = (steps: readonly Omit<Step, "ordinal">[]): Step[] =>
  steps.map((step, index) => ({ ordinal: index + 1, ...step }));
