import type { Step, Task } from "#domain/rotation/run/step.ts";
import { assertNever } from "#shared/model/assert-never.ts";
import { Refusal } from "#shared/model/refusal.ts";
import type { StepResult } from "#shared/model/step-result.ts";
import { changeHost, proveHost, undoHost } from "./change-host.ts";
import { commitPlace } from "./commit.ts";
import { doRenewal } from "./do-renewal.ts";
import { handOver, proveHandOver, undoHandOver } from "./hand-over.ts";
import { makeKey, undoMakeKey } from "./make-key.ts";
import { type RunContext, SessionLost } from "./run-context.ts";

/** Does one task to its end, and writes down what came of it. Of a session that broke it writes that, and nothing more. */
export async function doTask(run: RunContext, task: Task): Promise<"done" | "lost"> {
  try {
    await dispatch(run, task);
    return "done";
  } catch (error) {
    const { ordinal, host } = task.step;
    if (run.renewal && error instanceof Refusal && error.code === "locked") {
      run.renewal.hold(error.message);
      await run.journal.note(ordinal, error.message);
      return "done";
    }
    if (!(error instanceof SessionLost)) throw error;
    await run.journal.note(ordinal, `the connection was lost: ${error.message}`);
    if (host !== null) await run.sessions.drop(host);
    return "lost";
  }
}

function dispatch(run: RunContext, task: Task): Promise<void> {
  const { step } = task;
  if (run.plan.kind === "rotate-certificate" && task.what !== "settle") return doRenewal(run, task);
  switch (task.what) {
    case "act":
      return act(run, step);
    case "prove":
      return prove(run, step);
    case "undo":
      return undo(run, task);
    case "settle":
      return run.journal.mark(step.ordinal, task.as, settledBy(task));
    default:
      return assertNever(task);
  }
}

/** What was seen of a step that nothing is to be done for. */
function settledBy(task: Extract<Task, { what: "settle" }>): StepResult {
  switch (task.as) {
    case "undone":
      return { kind: "rolled-back", as: task.back, left: [] };
    case "failed":
      return { kind: "failed", cause: task.cause, stands: "not-said", left: [] };
    case "needs-attention":
      return { kind: "needs-attention", cause: task.cause, left: [] };
    default:
      return assertNever(task);
  }
}

function act(run: RunContext, step: Step): Promise<void> {
  switch (step.phase) {
    case "make-key":
      return makeKey(run, step);
    case "add":
    case "remove":
      return changeHost(run, step);
    case "hand-over":
      return handOver(run, step);
    case "commit":
      return commitPlace(run, step);
    case "request":
    case "issue":
    case "install":
    case "recheck":
      throw new Error("a key has no such step");
    default:
      return assertNever(step.phase);
  }
}

function prove(run: RunContext, step: Step): Promise<void> {
  switch (step.phase) {
    case "make-key":
      return makeKey(run, step);
    case "add":
    case "remove":
      return proveHost(run, step);
    case "hand-over":
      return proveHandOver(run, step);
    case "commit":
      return commitPlace(run, step);
    case "request":
    case "issue":
    case "install":
    case "recheck":
      throw new Error("a key has no such step");
    default:
      return assertNever(step.phase);
  }
}

function undo(run: RunContext, task: Extract<Task, { what: "undo" }>): Promise<void> {
  const { step } = task;
  switch (step.phase) {
    case "make-key":
      return undoMakeKey(run, step, task.as);
    case "add":
    case "remove":
      return undoHost(run, task);
    case "hand-over":
      return undoHandOver(run, step, task);
    case "commit":
      throw new Error("what is committed is not taken back");
    case "request":
    case "issue":
    case "install":
    case "recheck":
      throw new Error("a key has no such step");
    default:
      return assertNever(step.phase);
  }
}
