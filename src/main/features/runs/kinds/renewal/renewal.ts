import { stepsOf } from "#domain/runs/runbooks.ts";
import type { Step, Task } from "#domain/runs/step.ts";
import { awaitsCertificate } from "#runs/engine/observe.ts";
import { enterHost, type RenewalRun } from "#runs/engine/run-context.ts";
import { type Instant, toInstant } from "#shared/model/instant.ts";
import { described } from "#shared/model/step-result.ts";
import { installPairs, undoInstall, verifyInstalled } from "./install.ts";
import { endPairs, issuedAt, issuePairs, requestPairs, undoRequests } from "./request.ts";
import { changesOf, orderOf, toolsOf } from "./tools.ts";
import { verifyServed } from "./verify-served.ts";

/** One task of a renewal, to its end. Rejects with `SessionLost`. */
export function doRenewal(run: RenewalRun, task: Exclude<Task, { what: "settle" }>): Promise<void> {
  const { step } = task;
  if (task.what === "undo") {
    if (step.phase === "install") return undoInstall(run, step, task);
    if (step.phase === "request") return undoRequests(run, step, task);
    throw new Error(`a step that is not taken back: ${step.phase}`);
  }
  return doStep(run, step, task.what);
}

function doStep(run: RenewalRun, step: Step, what: "act" | "prove"): Promise<void> {
  switch (step.phase) {
    case "request":
      return requestPairs(run, step);
    case "issue":
      return issuePairs(run, step);
    case "install":
      return what === "prove" ? verifyInstalled(run, step) : installPairs(run, step);
    case "recheck":
      return recheckPairs(run, step);
    case "commit":
      return commitPairs(run, step);
    default:
      throw new Error(`no step of a renewal: ${step.phase}`);
  }
}

/** After so long a server either serves it or does not. */
const RECHECK_PATIENCE_MS = 10_000;

/** What is served is looked at once more. Nothing is taken back by it: what has changed since may have been meant. */
async function recheckPairs(run: RenewalRun, step: Step): Promise<void> {
  await run.journal.intend(step.ordinal, { kind: "check-served" });
  const served = await verifyServed(run, step, "new", RECHECK_PATIENCE_MS);
  if (served.kind === "served")
    return run.journal.mark(step.ordinal, "proved", {
      kind: "verified",
      evidence: [{ kind: "served", isAgain: true, places: served.places, leavesAlone: served.leavesAlone }],
    });
  // Nothing was taken back by it, as a step that failed would say.
  await run.journal.mark(step.ordinal, "needs-attention", {
    kind: "needs-attention",
    cause: { kind: "not-served-any-more", seen: served.message },
    left: [],
  });
}

/** The old files and keys go. There is no way back from here. */
async function commitPairs(run: RenewalRun, step: Step): Promise<void> {
  await run.journal.intend(step.ordinal, { kind: "clear" });
  const { hand } = await enterHost(run, step.host ?? -1);
  const left = await endPairs(run, step, hand);
  if (left !== null)
    return run.journal.mark(step.ordinal, "needs-attention", {
      kind: "needs-attention",
      cause: null,
      left: [described(left)],
    });
  await run.journal.mark(step.ordinal, "proved", {
    kind: "verified",
    evidence: [{ kind: "cleared", isWhole: true }],
  });
}

/** Whether a certificate was brought that a step waits for. */
export async function areBrought(run: RenewalRun): Promise<boolean> {
  let isAny = false;
  for (const step of stepsOf(run.plan).filter(({ phase }) => phase === "issue")) {
    const known = run.journal.steps().find(({ ordinal }) => ordinal === step.ordinal);
    if (!known || !awaitsCertificate(known)) continue;
    if (changesOf(run, step).some((change) => orderOf(run, step, change).chain === null)) continue;
    await run.journal.mark(step.ordinal, "proved", issuedAt(run, step));
    isAny = true;
  }
  return isAny;
}

/** Whether the new certificates have been served for as long as the plan wants before that is looked at once more. */
export async function isRecheckDue(run: RenewalRun, endsNow: boolean): Promise<boolean> {
  if (endsNow) {
    await run.journal.note(null, { kind: "recheck-hurried" });
    return true;
  }
  const served = run.journal
    .steps()
    .flatMap(({ phase, state, at }) => (phase === "install" && state === "proved" && at ? [at] : []));
  const last = served.toSorted().at(-1);
  if (!last) return true;
  const due: Instant = toInstant(new Date(Date.parse(last) + run.plan.options.recheckMinutes * 60_000));
  await run.journal.setDue(due);
  return toInstant(toolsOf(run).now()) >= due;
}
