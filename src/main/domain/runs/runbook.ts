/** What one kind of run does, as far as it is decided without its hosts: a value a kind. How it is done is in features/runs/kinds. */
import type { Plan } from "#shared/model/runs/plan.ts";
import type { Phase, StepState } from "#shared/model/runs/run.ts";
import type { RunReason } from "#shared/model/runs/run-note.ts";
import type { Observation, Step, Task, Wait } from "./step.ts";

/** What is to be done for a step; "inspect" where its place was not seen since its last task, null where it is out of reach. */
export type NextTask = Task | "inspect" | null;

/** How the steps of a run rely on each other. */
export type RunPolicy<P extends Plan> = {
  /**
   * What a host that failed means for the others. `stop-run`: a phase begins when the one before it is verified everywhere, and
   * failures stop the run. `leave-host-out`: hosts need nothing of each other; all go on but for the one that failed.
   */
  onFailure: "stop-run" | "leave-host-out";
  /** Of `leave-host-out`: phases in which something new begins at a host. None begins any more once too many hosts have failed. */
  begins: ReadonlySet<Phase>;
  /** Of `leave-host-out`: the phase that no other host begins before it is verified at the canary. Null: none waits for the canary. */
  canaryFirst: Phase | null;
  /** Of `stop-run`: phases that are not begun before every step that awaits something is verified. */
  verifyAllBefore: ReadonlySet<Phase>;
  /** What a step that awaits something waits for. */
  awaits: Wait;
  /** The phase that only time lets begin, once all before it is verified; null: none. */
  delayOf(plan: P): { phase: Phase; until: Wait } | null;
  /** Why it stands still where these steps can neither be done nor undone. */
  reasonOf(stuck: readonly Step[]): RunReason;
};

/** The rules of one kind of run; pure. */
export type RunRules<P extends Plan = Plan> = {
  /** In their order. The last one drops what a way back needs: nothing is rolled back where it has begun. */
  phases: readonly Phase[];
  policy: RunPolicy<P>;
  /** Derived from the plan; stored nowhere but by their ordinal and state. */
  steps(plan: P): Step[];
  /** What brings a step on until it is verified. */
  forward(plan: P, step: Step, state: StepState, seen: Observation | undefined): NextTask;
  /** What rolls a step back. */
  back(plan: P, step: Step, seen: Observation | undefined): NextTask;
};

/** The phase from which on nothing is rolled back any more. */
export const lastPhase = ({ phases }: Pick<RunRules, "phases">): Phase => phases.at(-1) as Phase;

/** Steps in the order of these phases, numbered from 1; within a phase as they are listed. */
export const numberSteps = (steps: readonly Omit<Step, "ordinal">[]): Step[] =>
  steps.map((step, index) => ({ ordinal: index + 1, ...step }));
