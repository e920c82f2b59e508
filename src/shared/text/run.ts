import type { PlanKind } from "../model/plan.ts";
import type { RunState, RunStep } from "../model/run.ts";

const STATES: Record<RunState, string> = {
  running: "running",
  paused: "paused",
  stopped: "stopped: what failed was taken back, and no other host was begun",
  interrupted: "interrupted: its process ended before it did",
  waiting: "waiting: the old key and the new one both stand",
  committed: "committed",
  "rolled-back": "rolled back",
  "needs-attention": "needs attention",
};

/** What a run waits for where it renews certificates its own sentence tells. */
export const sayRunState = (state: RunState, kind: PlanKind): string =>
  state === "waiting" && kind === "rotate-certificate" ? "waiting" : STATES[state];

/** How a step stands. One that stands and that no login has shown is not called proved. */
export function formatStepState({ state, verification }: RunStep): string {
  if (verification === "waiting") return "waiting for a login";
  return verification === "unverified" && state === "proved" ? "not verified" : state;
}
