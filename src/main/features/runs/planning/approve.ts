import type { PlanDetail } from "#shared/contract/runbooks.ts";
import { Refusal } from "#shared/model/refusal.ts";
import {
  isRenewal,
  type Plan,
  type PlanId,
  plannedCertificates,
  plannedFiles,
} from "#shared/model/runs/plan.ts";
import { formatCount } from "#shared/text/count.ts";
import { acknowledgementOf } from "#shared/text/runs/plan.ts";

/** What somebody agrees to: consents by their names, and the word that was typed. */
export type Agreement = { consents: readonly string[]; typed: string | null };

type Approval = Agreement & { hash: string };

/** Consents that are told of by name in one refusal. */
const MOST_SAID = 5;

/** The plan that is to be run, if it is the one that was shown and all is agreed to that has to be. */
export function approve({ id, plan, hash, state, message, runId }: PlanDetail, given: Approval): Plan {
  if (!plan)
    throw new Refusal(
      "conflict",
      `plan ${id} is not ready${state === "failed" ? `: ${message}` : "; wait for it"}`,
    );
  if (hash !== given.hash)
    throw new Refusal("conflict", `plan ${id} is another than the one that was approved; look at it again`);
  if (runId !== null)
    throw new Refusal(
      "conflict",
      `plan ${id} was run already, as run ${runId}; plan it again, or resume that run`,
    );
  if ("asOf" in plan && plan.asOf !== null)
    throw new Refusal(
      "conflict",
      `plan ${id} was made of what was collected on ${plan.asOf.slice(0, 10)}, and no host was looked at: carry its scripts there`,
    );
  const refused = plan.checks.find((check) => check.state === "refused");
  if (refused) throw new Refusal("conflict", `plan ${id} cannot be run: ${refused.text}`);
  refuseUnagreed(id, plan, given);
  return plan;
}

/** Whatever carries a plan out: nothing of it is without all that has to be agreed to and typed. */
export function refuseUnagreed(id: PlanId, plan: Plan, given: Agreement): void {
  const missing = plan.checks.filter(
    (check) => check.state === "acknowledge" && !given.consents.includes(acknowledgementOf(check)),
  );
  if (missing.length > 0) {
    const said = missing.slice(0, MOST_SAID).map((check) => `${acknowledgementOf(check)} (${check.text})`);
    const more = missing.length - said.length;
    throw new Refusal(
      "conflict",
      `${formatCount(missing.length, "acknowledgement")} missing: ${said.join("; ")}${more > 0 ? `; and ${more} more` : ""}`,
    );
  }
  if (plan.confirm && given.typed !== plan.confirm.word)
    throw new Refusal(
      "conflict",
      `type "${plan.confirm.word}" to run plan ${id}: ${plan.confirm.why.join("; ")}`,
    );
}

/** What a plan comes to, in numbers. */
export const countsOf = (plan: Plan) => {
  const files = plannedFiles(plan);
  const sum = (of: (file: (typeof files)[number]) => number) =>
    files.reduce((total, file) => total + of(file), 0);
  const renewed = isRenewal(plan) ? plannedCertificates(plan).length : 0;
  return {
    hosts: plan.hosts.length,
    adds: sum(({ adds }) => adds),
    changes: sum(({ changes }) => changes) + renewed,
    removes: sum(({ removes }) => removes),
  };
};

/** The plan, if it is made and nothing refuses it. */
export function readyPlan({ id, plan, hash }: PlanDetail): Plan {
  if (!plan || hash === null) throw new Refusal("conflict", `plan ${id} is not ready; wait for it`);
  const refused = plan.checks.find(({ state }) => state === "refused");
  if (refused) throw new Refusal("conflict", `plan ${id} cannot be executed: ${refused.text}`);
  return plan;
}
