import type { Step } from "#domain/rotation/run/step.ts";
import { described } from "#shared/model/step-result.ts";
import { proveServed } from "./prove-served.ts";
import { endPairs } from "./request-pairs.ts";
import { enterHost, type RunContext } from "./run-context.ts";

/** After so long a server either serves it or does not. */
const RECHECK_PATIENCE_MS = 10_000;

/** What is served is looked at once more. Nothing is taken back by it: what has changed since may have been meant. */
export async function recheckPairs(run: RunContext, step: Step): Promise<void> {
  await run.journal.intend(step.ordinal, { kind: "check-served" });
  const served = await proveServed(run, step, "new", RECHECK_PATIENCE_MS);
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
export async function commitPairs(run: RunContext, step: Step): Promise<void> {
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
