import type { Plan } from "#shared/model/plan.ts";
import type { Move, Progress } from "./step.ts";

/** What a run does next, from its plan, its journal and what was seen: the whole of its state machine. */
export function nextMove(_plan: Plan, _progress: Progress): Move {
  throw new Error("not yet");
}
