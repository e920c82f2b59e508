import type { Task } from "#domain/runs/step.ts";
import { assertNever } from "#shared/model/assert-never.ts";
import { described, type StepResult } from "#shared/model/step-result.ts";
import { Held, type RunContext, SessionLost } from "./run-context.ts";
import type { Runbook } from "./runbook.ts";
import type { StepOutcome } from "./step-outcome.ts";

/** `lost`: the session of the host broke, so what was done there is not known. `held`: nothing more is begun before somebody has done what `why` says. */
export type TaskEnd = { kind: "done" } | { kind: "lost" } | { kind: "held"; why: string };

/** Does one task to its end, and writes down what came of it. Of a session that broke it writes that, and nothing more. */
export async function doTask(runbook: Runbook, run: RunContext, task: Task): Promise<TaskEnd> {
  try {
    await dispatch(runbook, run, task);
    return { kind: "done" };
  } catch (error) {
    const { ordinal, host } = task.step;
    if (error instanceof Held) {
      await run.journal.note(ordinal, { kind: "found", cause: described(error.message) });
      return { kind: "held", why: error.message };
    }
    if (!(error instanceof SessionLost)) throw error;
    await run.journal.note(ordinal, { kind: "connection-lost", why: error.message });
    if (host !== null) await run.sessions.drop(host);
    return { kind: "lost" };
  }
}

async function dispatch(runbook: Runbook, run: RunContext, task: Task): Promise<void> {
  const { step } = task;
  if (task.what === "settle") return run.journal.mark(step.ordinal, task.as, settledBy(task));
  const work = runbook.phases[step.phase];
  if (!work) throw new Error(`a run of this kind has no phase ${step.phase}`);
  if (task.what === "undo") {
    if (!work.undo) throw new Error(`the phase ${step.phase} is not rolled back`);
    return settle(await work.undo(run, step, task));
  }
  if (task.what === "prove" && work.verify) return settle(await work.verify(run, step, false));
  const before = run.journal.steps().find(({ ordinal }) => ordinal === step.ordinal);
  if (!before) throw new Error(`the journal has no step ${step.ordinal}`);
  await run.journal.intend(step.ordinal, work.intend(run, step));
  const outcome = await work.act(run, step, before);
  await settle(outcome);
  if (outcome.result.kind === "acted" && work.verify) await settle(await work.verify(run, step, true));

  async function settle({ state, result, verification, afterwards }: StepOutcome): Promise<void> {
    await run.journal.mark(step.ordinal, state, result, verification);
    await afterwards?.();
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
