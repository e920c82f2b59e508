import type { Unplannable } from "#domain/rotation/plan/draft.ts";
import type { PlanFacts } from "#domain/rotation/plan/plan-facts.ts";
import { planHostKey } from "#domain/rotation/plan/plan-host-key.ts";
import type { HostKeyHost, HostKeyPlan } from "#shared/model/plan.ts";
import { hostKeyRequest } from "./aim-of.ts";
import { refuseLie } from "./refuse-lie.ts";

/** A rotation of a host key is small enough to be planned once more: it has to come to the same. */
export function recheckHostKey(plan: HostKeyPlan, facts: PlanFacts): HostKeyPlan | Unplannable {
  const again = planHostKey({ ...facts, options: plan.options }, hostKeyRequest(plan), plan.newKey.path);
  if ("refused" in again) return again;
  const isSame =
    again.oldKey === plan.oldKey &&
    JSON.stringify([again.newKey, again.hosts.map(whatCounts)]) ===
      JSON.stringify([plan.newKey, plan.hosts.map(whatCounts)]);
  return isSame ? again : refuseLie("its host would be changed otherwise today");
}

const whatCounts = ({ host, port, hostKey, files }: HostKeyHost) => [
  host,
  port,
  hostKey,
  files.map(({ path, before, added, removed, hunks }) => ({ path, before, added, removed, hunks })),
];
