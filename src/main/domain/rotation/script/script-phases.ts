import { stepsOf } from "#domain/rotation/run/steps-of.ts";
import type { HostPlan, Plan } from "#shared/model/plan.ts";
import type { Phase, StepState } from "#shared/model/run.ts";

/** What is known of a step of a host by the results that have come back. */
export type Told = { host: string | null; port: number | null; phase: Phase; state: StepState };

/** What a script of a host is for: phases of it, in their order. */
export type ScriptPart = { host: HostPlan; phases: Phase[] };

/**
 * What can be carried now, a script a host. One host has one script for all. Of several, a phase begins when the results of
 * the one before have come back from everywhere: new lines stand on all hosts before any old one goes.
 */
export function partsOf(plan: Plan, told: readonly Told[]): ScriptPart[] {
  const steps = stepsOf(plan).flatMap(({ host: index, phase }) => {
    const host = index === null ? null : plan.hosts[index];
    return host ? [{ host, phase, isDone: isDone(told, host, phase) }] : [];
  });
  const phasesOf = (host: HostPlan, only: readonly Phase[]): Phase[] =>
    steps.filter((step) => step.host === host && only.includes(step.phase)).map(({ phase }) => phase);
  const rounds: (readonly Phase[])[] = isOneScript(plan) ? [ALL] : ROUNDS;
  for (const round of rounds) {
    const open = steps.filter((step) => !step.isDone && round.includes(step.phase));
    if (open.length === 0) continue;
    // The last look before the removal is that of the addition.
    const taken =
      round === LAST ? ALL.filter((phase) => phase !== "make-key" && phase !== "hand-over") : round;
    return [...new Set(open.map(({ host }) => host))].map((host) => ({
      host,
      phases: phasesOf(host, taken),
    }));
  }
  return [];
}

const ALL: readonly Phase[] = ["make-key", "add", "hand-over", "remove", "commit"];
const LAST: readonly Phase[] = ["remove", "commit"];
const ROUNDS: (readonly Phase[])[] = [["make-key"], ["add"], ["hand-over"], LAST];

/** Nothing waits for another host, or for anything here. */
const isOneScript = ({ hosts, newKey }: Plan): boolean => hosts.length === 1 || newKey === null;

const isDone = (told: readonly Told[], { host, port }: HostPlan, phase: Phase): boolean =>
  told.some((one) => one.host === host && one.port === port && one.phase === phase && one.state === "proved");
