import { numberSteps, type RunRules } from "#domain/runs/runbook.ts";
import type { ReloadPlan } from "#shared/model/runs/plan.ts";
import type { Phase } from "#shared/model/runs/run.ts";
import { described } from "#shared/model/runs/step-result.ts";

/**
 * Reloads servers. The hosts do not depend on each other: one whose server fails its own test is left as it is. A step
 * may be done twice, so that a run that was killed does it again. Nothing is undone; there is no step after the reload
 * that would make it so.
 */
export const RELOAD_RULES: RunRules<ReloadPlan> = {
  phases: ["test", "reload", "finish"],
  policy: {
    onFailure: "leave-host-out",
    begins: new Set<Phase>(["test", "reload"]),
    canaryFirst: "reload",
    verifyAllBefore: new Set(),
    awaits: "certificate",
    delaysOf: () => [],
    reasonOf: () => ({ kind: "stuck" }),
  },
  /** All tests, and then all reloads. */
  steps: ({ hosts }) =>
    numberSteps(
      (["test", "reload"] as const).flatMap((phase) =>
        hosts.flatMap(({ servers, batch }, host) => (servers.length > 0 ? [{ phase, host, batch }] : [])),
      ),
    ),
  forward(_, step, state, seen) {
    if (!seen) return "inspect";
    if (seen.kind === "lost")
      return state === "planned" ? { step, what: "settle", as: "failed", cause: described(seen.why) } : null;
    return { step, what: state === "acted" ? "verify" : "act" };
  },
  back: (_, step, __, state) => ({
    step,
    what: "settle",
    as: "rolled-back",
    back:
      step.phase === "reload" ? (state === "intended" ? "maybe-reloaded" : "stays-reloaded") : "unchanged",
  }),
};
