import { entryTask } from "#domain/runs/disable/rules.ts";
import { numberSteps, type RunRules } from "#domain/runs/runbook.ts";
import type { RemovePlan } from "#shared/model/runs/plan.ts";
import type { Phase } from "#shared/model/runs/run.ts";
import { described } from "#shared/model/runs/step-result.ts";

/**
 * Removes the entries of accounts that are disabled. What was removed lies on the host until the run can no longer be
 * undone; `finish` deletes it.
 */
export const REMOVE_RULES: RunRules<RemovePlan> = {
  phases: ["remove", "finish"],
  policy: {
    onFailure: "stop-run",
    begins: new Set(),
    canaryFirst: null,
    verifyAllBefore: new Set<Phase>(["finish"]),
    awaits: "log",
    delaysOf: ({ options: { undoHours } }) => (undoHours > 0 ? [{ phase: "finish", until: "undo" }] : []),
    reasonOf: () => ({ kind: "stuck" }),
  },
  steps: ({ hosts }) =>
    numberSteps(
      REMOVE_RULES.phases.flatMap((phase) =>
        hosts.flatMap(({ removes, batch }, host) => (removes.length > 0 ? [{ phase, host, batch }] : [])),
      ),
    ),
  forward(plan, step, state, seen) {
    if (!seen) return "inspect";
    if (seen.kind === "lost")
      return state !== "planned" || step.phase === "finish"
        ? null
        : { step, what: "settle", as: "failed", cause: described(seen.why) };
    if (seen.kind !== "removal-seen") throw new Error("something else was seen where accounts are removed");
    return step.phase === "finish"
      ? { step, what: "act" }
      : entryTask(plan.hosts[step.host ?? -1]?.removes ?? [], step, state, seen.accounts);
  },
  /** What an earlier try has put back may be neither verified nor noted. */
  back: (_, step, seen) => {
    if (!seen) return "inspect";
    return seen.kind === "lost" ? null : { step, what: "undo", as: "rolled-back" };
  },
};
