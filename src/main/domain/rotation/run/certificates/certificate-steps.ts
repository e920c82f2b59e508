import type { Step } from "#domain/rotation/run/step.ts";
import type { RenewalPlan } from "#shared/model/plan.ts";
import type { Phase } from "#shared/model/run.ts";

export const CERTIFICATE_PHASES = [
  "request",
  "issue",
  "install",
  "recheck",
  "commit",
] as const satisfies Phase[];

/** How long the new certificates are served before that is looked at once more; 0: it is not. */
export const recheckMinutesOf = ({ options }: RenewalPlan): number => options.recheckMinutes;

/** The steps of a renewal in their order: the phases one after the other, in each the hosts by batch. */
export function certificateSteps(plan: RenewalPlan): Step[] {
  const phases = CERTIFICATE_PHASES.filter((phase) => phase !== "recheck" || recheckMinutesOf(plan) > 0);
  const steps = phases.flatMap((phase) =>
    plan.hosts.flatMap(({ certificates, batch }, host) =>
      certificates.length > 0 ? [{ phase, host, batch }] : [],
    ),
  );
  return steps.map((step, index) => ({ ordinal: index + 1, ...step }));
}
