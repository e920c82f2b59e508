import { lastPhase, numberSteps, type RunRules } from "#domain/runs/runbook.ts";
import type { CertificatesSeen, Step, Task } from "#domain/runs/step.ts";
import type { RenewalPlan } from "#shared/model/runs/plan.ts";
import type { Phase } from "#shared/model/runs/run.ts";
import { type Cause, described } from "#shared/model/runs/step-result.ts";

/**
 * Renews certificates. The hosts do not depend on each other: one that failed is rolled back, and left out of what
 * comes after; what was installed elsewhere is checked again and committed all the same.
 */
export const RENEWAL_RULES: RunRules<RenewalPlan> = {
  phases: ["request", "issue", "install", "post-check", "finish"],
  policy: {
    onFailure: "leave-host-out",
    begins: new Set<Phase>(["request", "issue", "install"]),
    canaryFirst: "install",
    verifyAllBefore: new Set(),
    awaits: "certificate",
    delaysOf: () => [{ phase: "post-check", until: "post-check" }],
    reasonOf: (stuck) =>
      stuck.every(({ phase }) => phase === "post-check")
        ? { kind: "not-served-any-more" }
        : { kind: "stuck" },
  },
  /** The phases one after the other, in each the hosts by batch. */
  steps: (plan) =>
    numberSteps(
      RENEWAL_RULES.phases
        .filter((phase) => phase !== "post-check" || plan.options.postCheckMinutes > 0)
        .flatMap((phase) =>
          plan.hosts.flatMap(({ certificates, batch }, host) =>
            certificates.length > 0 ? [{ phase, host, batch }] : [],
          ),
        ),
    ),
  forward(plan, step, state, seen) {
    if (!seen) return "inspect";
    const isBegun = state !== "planned";
    if (seen.kind === "lost") {
      // What is installed there is as good as before: nothing has failed by this, and a roll-back must stay possible.
      const isLost = isBegun || step.phase === "post-check" || step.phase === lastPhase(RENEWAL_RULES);
      return isLost ? null : { step, what: "settle", as: "failed", cause: described(seen.why) };
    }
    if (seen.kind !== "certificates-seen") throw new Error("a renewal has seen files of keys");
    switch (step.phase) {
      case "install":
        return installTask(plan, step, seen, isBegun);
      case "post-check":
        return postCheckTask(plan, step, seen);
      case "finish":
        return finishTask(plan, step, seen, isBegun);
      default:
        return { step, what: "act" };
    }
  },
  back(_, step, seen) {
    switch (step.phase) {
      case "post-check":
        return { step, what: "settle", as: "rolled-back", back: "unchanged" };
      case "issue":
        return { step, what: "settle", as: "rolled-back", back: "issued-unused" };
      default:
        if (!seen) return "inspect";
        // Files alone do not show what is served, nor that nothing of the run is kept there.
        return seen.kind === "lost" ? null : { step, what: "undo", as: "rolled-back" };
    }
  },
};

function installTask(
  plan: RenewalPlan,
  step: Step,
  { certificates }: CertificatesSeen,
  isBegun: boolean,
): Task {
  const odd = certificates.indexOf("other");
  if (odd >= 0) {
    const isTouched = isBegun || certificates.some((one) => one === "new" || one === "mixed");
    return { step, what: isTouched ? "undo" : "settle", as: "failed", cause: causeOf(plan, step, odd) };
  }
  const isThere = certificates.every((one) => one === "new");
  return { step, what: isThere && isBegun ? "verify" : "act" };
}

/** Nothing is rolled back after so long: the files may have been changed for a reason. */
function postCheckTask(plan: RenewalPlan, step: Step, { certificates }: CertificatesSeen): Task {
  const odd = certificates.findIndex((one) => one !== "new");
  if (odd < 0) return { step, what: "act" };
  return { step, what: "settle", as: "needs-attention", cause: causeOf(plan, step, odd) };
}

/**
 * Old files are removed only if all of the new ones are installed. A last step that has not begun stays so, for it
 * could not be rolled back.
 */
function finishTask(plan: RenewalPlan, step: Step, seen: CertificatesSeen, isBegun: boolean): Task {
  const { certificates, hasWork } = seen;
  if (isBegun && !hasWork) return { step, what: "verify" };
  const odd = certificates.findIndex((one) => one !== "new");
  if (odd < 0) return { step, what: "act" };
  const own = RENEWAL_RULES.steps(plan).filter(({ host }) => host === step.host);
  const earlier =
    own.find(({ phase }) => phase === "post-check") ?? own.find(({ phase }) => phase === "install");
  const stuck = isBegun ? step : (earlier ?? step);
  return { step: stuck, what: "settle", as: "needs-attention", cause: causeOf(plan, step, odd) };
}

const causeOf = ({ hosts }: RenewalPlan, { host }: Step, nth: number): Cause => ({
  kind: "file-changed",
  path: hosts[host ?? -1]?.certificates[nth]?.files[0]?.path ?? "a file",
});
