import type { PlaceSeen, Step, Task } from "#domain/rotation/run/step.ts";
import type { RenewalPlan } from "#shared/model/plan.ts";
import type { StepState } from "#shared/model/run.ts";
import { type Cause, described } from "#shared/model/step-result.ts";
import { certificateSteps } from "./certificate-steps.ts";

type Seen = Extract<PlaceSeen, { kind: "seen" }>;

/** What is to be done for a step to be proved; "look" where its host was not seen, null where it is out of reach. */
export function forwardCertificateTask(
  plan: RenewalPlan,
  step: Step,
  state: StepState,
  seen: PlaceSeen | undefined,
): Task | "look" | null {
  if (!seen) return "look";
  const isBegun = state !== "planned";
  if (seen.kind === "lost") {
    // What stands there is as good as before: nothing has failed by it, and going back must stay possible.
    const isLost = isBegun || step.phase === "recheck" || step.phase === "commit";
    return isLost ? null : { step, what: "settle", as: "failed", cause: described(seen.why) };
  }
  switch (step.phase) {
    case "install":
      return installTask(plan, step, seen, isBegun);
    case "recheck":
      return recheckTask(plan, step, seen);
    case "commit":
      return commitTask(plan, step, seen, isBegun);
    default:
      return { step, what: "act" };
  }
}

function installTask(plan: RenewalPlan, step: Step, { certificates = [] }: Seen, isBegun: boolean): Task {
  const odd = certificates.indexOf("other");
  if (odd >= 0) {
    const isTouched = isBegun || certificates.some((one) => one === "new" || one === "mixed");
    return { step, what: isTouched ? "undo" : "settle", as: "failed", cause: causeOf(plan, step, odd) };
  }
  const isThere = certificates.every((one) => one === "new");
  return { step, what: isThere && isBegun ? "prove" : "act" };
}

/** Nothing is taken back after so long: whoever has changed the files may have had a reason. */
function recheckTask(plan: RenewalPlan, step: Step, { certificates = [] }: Seen): Task {
  const odd = certificates.findIndex((one) => one !== "new");
  if (odd < 0) return { step, what: "act" };
  return { step, what: "settle", as: "needs-attention", cause: causeOf(plan, step, odd) };
}

/** Old files go only where all of the new ones stand. A commit that has not begun stays so, for it could not be taken back. */
function commitTask(
  plan: RenewalPlan,
  step: Step,
  { certificates = [], hasWork }: Seen,
  isBegun: boolean,
): Task {
  if (isBegun && !hasWork) return { step, what: "prove" };
  const odd = certificates.findIndex((one) => one !== "new");
  if (odd < 0) return { step, what: "act" };
  const own = certificateSteps(plan).filter(({ host }) => host === step.host);
  const earlier =
    own.find(({ phase }) => phase === "recheck") ?? own.find(({ phase }) => phase === "install");
  const stuck = isBegun ? step : (earlier ?? step);
  return { step: stuck, what: "settle", as: "needs-attention", cause: causeOf(plan, step, odd) };
}

const causeOf = ({ hosts }: RenewalPlan, { host }: Step, nth: number): Cause => ({
  kind: "file-changed",
  path: hosts[host ?? -1]?.certificates[nth]?.files[0]?.path ?? "a file",
});

/** What takes a step back; "look" where its host was not seen, null where it is out of reach. */
export function backCertificateTask(step: Step, seen: PlaceSeen | undefined): Task | "look" | null {
  switch (step.phase) {
    case "recheck":
      return { step, what: "settle", as: "undone", back: "unchanged" };
    case "issue":
      return { step, what: "settle", as: "undone", back: "issued-unused" };
    default:
      if (!seen) return "look";
      // Files alone do not tell what is served, nor that nothing of the run is kept there.
      return seen.kind === "lost" ? null : { step, what: "undo", as: "undone" };
  }
}
