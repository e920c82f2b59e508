import type { Step, Task } from "#domain/rotation/run/step.ts";
import { commitPairs, recheckPairs } from "./end-renewal.ts";
import { installPairs, proveInstalled, undoInstall } from "./install-pairs.ts";
import { issuePairs } from "./issue-pairs.ts";
import { requestPairs, undoRequests } from "./request-pairs.ts";
import type { RunContext } from "./run-context.ts";

/** One task of a renewal, to its end. Rejects with `SessionLost`. */
export function doRenewal(run: RunContext, task: Exclude<Task, { what: "settle" }>): Promise<void> {
  const { step } = task;
  if (task.what === "undo") {
    if (step.phase === "install") return undoInstall(run, step, task);
    if (step.phase === "request") return undoRequests(run, step, task);
    throw new Error(`a step that is not taken back: ${step.phase}`);
  }
  return doStep(run, step, task.what);
}

function doStep(run: RunContext, step: Step, what: "act" | "prove"): Promise<void> {
  switch (step.phase) {
    case "request":
      return requestPairs(run, step);
    case "issue":
      return issuePairs(run, step);
    case "install":
      return what === "prove" ? proveInstalled(run, step) : installPairs(run, step);
    case "recheck":
      return recheckPairs(run, step);
    case "commit":
      return commitPairs(run, step);
    default:
      throw new Error(`no step of a renewal: ${step.phase}`);
  }
}
