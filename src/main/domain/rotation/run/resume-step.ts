import type { StepState } from "#shared/model/run.ts";
import type { Step } from "./step.ts";

/**
 * The state of a step when a run is gone on with or taken back: what failed is tried again, and what needed attention is
 * looked at again. A commit that failed has begun all the same, and can only go on.
 */
export function resumeStep({ phase }: Pick<Step, "phase">, state: StepState): StepState {
  if (state === "failed") return phase === "commit" ? "intended" : "planned";
  return state === "needs-attention" ? "acted" : state;
}
