import { makePlan } from "#domain/runs/access/make-plan.ts";
import type { HostFacts, PlanFacts } from "#domain/runs/access/plan-facts.ts";
import { applyEdits, fillStages } from "#domain/runs/files/stages.ts";
import type { KeyRequest } from "#shared/contract/runs.ts";
import { type Check, type FilePlan, type KeyPlan, Plan } from "#shared/model/runs/plan.ts";
import { makeFacts } from "./make-facts.ts";
import { NEW_KEY } from "./make-keys-file.ts";

/** The plan, read back as any plan from a file is. */
export function planFor<Kind extends KeyRequest["kind"] = "rotate-key">(
  hosts: readonly HostFacts[],
  more: Partial<PlanFacts> & { request?: Extract<KeyRequest, { kind: Kind }> } = {},
): Extract<KeyPlan, { kind: Kind }> {
  const plan = makePlan(makeFacts(hosts, more));
  if ("refused" in plan) throw new Error(plan.refused);
  return Plan.parse(JSON.parse(JSON.stringify(plan))) as Extract<KeyPlan, { kind: Kind }>;
}

/** The contents of a file at the stages of its plan. */
export function stagesOf(text: string, plan: { hosts: readonly { files: readonly FilePlan[] }[] }): string[] {
  const file = plan.hosts[0]?.files[0];
  const stages = file && fillStages(file, NEW_KEY);
  if (!stages) throw new Error("there is no such file");
  return [stages.added, stages.removed].map((edits) =>
    Buffer.from(applyEdits(Buffer.from(text), edits) ?? []).toString(),
  );
}

/** The checks that are neither fine nor a mere warning: `acknowledge managed`. */
export const stops = ({ checks }: { checks: readonly Check[] }): string[] =>
  checks
    .filter(({ state }) => state === "acknowledge" || state === "refused")
    .map(({ state, id }) => `${state} ${id}`);

export const refusalOf = (facts: PlanFacts): string => {
  const plan = makePlan(facts);
  return "refused" in plan ? plan.refused : "";
};
