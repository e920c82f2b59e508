/** Plans of who may log in where, and of host keys. */
import type { OpenSessions } from "#connect/host-sessions.ts";
import type { Unplannable } from "#domain/runs/access/change-set.ts";
import { requestOf } from "#domain/runs/access/imported/read-change-set.ts";
import { reviewPlan } from "#domain/runs/access/imported/recheck-plan.ts";
import { findError } from "#domain/runs/access/imported/validate-plan.ts";
import { makePlan } from "#domain/runs/access/make-plan.ts";
import type { PlanFacts } from "#domain/runs/access/plan-facts.ts";
import type { KeyRequest } from "#shared/contract/runs.ts";
import { Refusal } from "#shared/model/refusal.ts";
import type { KeyOptions, KeyPlan } from "#shared/model/runs/plan.ts";
import type { Store } from "#store/store.ts";
import { type FoundHosts, findElsewhere, findPlanned, seek } from "./find-changes.ts";
import { type FactDeps, gatherFacts, isAllOffline } from "./gather-facts.ts";
import { atOnce, type Planner, type PlanWork } from "./plans.ts";

export type KeyPlannerDeps = {
  store: Store;
  openSessions: OpenSessions;
  /** What facts are gathered with; ssh_config is read anew for every plan. */
  factDeps: () => Promise<FactDeps>;
};

export const createKeyPlanner = (deps: KeyPlannerDeps): Planner<KeyRequest, KeyPlan> => ({
  plan: async ({ wish, options }) =>
    atOnce(toChange(deps, { wish, options, target: seek(wish, deps.store.runbooks.facts) }, makePlan)),
  review: (plan) => takeChange(deps, plan),
});

type KeyChange = { wish: KeyRequest; options: KeyOptions; target: FoundHosts };

/** Who may log in where. */
function toChange(
  deps: KeyPlannerDeps,
  change: KeyChange,
  finish: (facts: PlanFacts) => KeyPlan | Unplannable,
): PlanWork {
  const { target } = change;
  const isOfflineAlone = isAllOffline(deps.store.runbooks.facts, target);
  return {
    hosts: target.hosts.map(({ known }) => known),
    openSessions: isOfflineAlone ? null : deps.openSessions,
    make: async (sessions, onRead) =>
      finish(await gatherFacts(await deps.factDeps(), change, sessions, onRead)),
  };
}

/** A plan from elsewhere. */
function takeChange(deps: KeyPlannerDeps, data: KeyPlan): PlanWork {
  const { facts: inventory } = deps.store.runbooks;
  const error = findError(data);
  if (error) throw new Refusal("invalid-input", `the plan was edited: ${error}; plan anew`);
  const target = findPlanned(data, inventory);
  const finish = (facts: PlanFacts) =>
    reviewPlan({ plan: data, facts, elsewhere: findElsewhere(data, inventory, facts.hosts) });
  return toChange(deps, { wish: requestOf(data), options: data.options, target }, finish);
}
