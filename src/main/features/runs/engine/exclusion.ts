import type { Plan } from "#shared/model/plan.ts";
import { Refusal } from "#shared/model/refusal.ts";
import { formatPlace } from "#shared/text/target.ts";
import type { Store } from "#store/store.ts";
import type { Running } from "./launch.ts";
import type { Runbook } from "./runbook.ts";

type RunbookOf = (plan: Plan) => Pick<Runbook, "listExclusive" | "holdsExclusive">;

/**
 * One run at a time on each host and for each private half, whichever process's: here they are told apart before anybody
 * logs in, or makes a key.
 */
export function refuseTwice(runbookOf: RunbookOf, running: Running, plan: Plan): void {
  const wanted = new Set(plan.hosts.map(formatPlace));
  for (const [id, other] of running) {
    const both = other.plan.hosts.find((host) => wanted.has(formatPlace(host)));
    if (both) throw new Refusal("conflict", `run ${id} is at work on ${both.host}; wait until it is over`);
    const half = findBoth(runbookOf, plan, other.plan);
    if (half) throw new Refusal("conflict", `run ${id} is replacing ${half}; wait until it is over`);
  }
}

/** A run that stands still may have its new half beside an old one, or in its place. */
export function refuseBegun(runbookOf: RunbookOf, { runbooks }: Pick<Store, "runbooks">, plan: Plan): void {
  for (const { id, planId } of runbooks.runs.open()) {
    const other = runbooks.plans.find(planId)?.plan;
    const half = other && findBoth(runbookOf, plan, other);
    if (half && runbooks.journal.steps(id).some(runbookOf(other).holdsExclusive))
      throw new Refusal(
        "conflict",
        `run ${id} has begun to replace ${half}; resume it, or roll it back, before another one`,
      );
  }
}

function findBoth(runbookOf: RunbookOf, plan: Plan, other: Plan): string | undefined {
  const halves = runbookOf(plan).listExclusive(plan);
  return [...runbookOf(other).listExclusive(other)].find(([half]) => halves.has(half))?.[1];
}
