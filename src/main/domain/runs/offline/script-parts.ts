import { ACCESS_RULES } from "#domain/runs/access/rules.ts";
import { type Instant, toInstant } from "#shared/model/instant.ts";
import { type AccessHost, type AccessPlan, type HostAddress, newKeyOf } from "#shared/model/runs/plan.ts";
import { Phase, type StepState } from "#shared/model/runs/run.ts";

/** What the imported results say of a step of a host. */
export type KnownStep = {
  host: string | null;
  port: number | null;
  phase: Phase;
  state: StepState;
  at?: Instant | null;
};

/** What a script of a host is for: phases of it, in their order. `notBefore`: until then old lines stay. */
export type ScriptPart = { host: AccessHost; phases: Phase[]; notBefore?: Instant };

/**
 * What can be executed offline now, one script a host. A single host has one script for all, unless there is a grace
 * period. With several hosts, a phase begins when the results of the one before were imported from everywhere: new
 * lines are on all hosts before any old one is removed.
 */
export function partsOf(plan: AccessPlan, known: readonly KnownStep[]): ScriptPart[] {
  const steps = ACCESS_RULES.steps(plan).flatMap(({ host: index, phase }) => {
    const host = index === null ? null : plan.hosts[index];
    return host ? [{ host, phase: phaseOfScript(phase) }] : [];
  });
  const phasesOf = (host: AccessHost): Phase[] => [
    ...new Set(steps.filter((step) => step.host === host).map(({ phase }) => phase)),
  ];
  const open = steps.filter(({ host, phase }) => !isDone(known, host, phase));
  const hostsOf = (some: typeof steps) => [...new Set(some.map(({ host }) => host))];
  if (!isInParts(plan)) return hostsOf(open).map((host) => ({ host, phases: phasesOf(host) }));
  const round = Phase.options.find((phase) => open.some((step) => step.phase === phase));
  const notBefore = round === "revoke" ? graceEnd(plan, known) : null;
  return hostsOf(open.filter(({ phase }) => phase === round)).map((host) => ({
    ...(notBefore && { notBefore }),
    host,
    phases: phasesOf(host).filter(
      (phase) => phase === round || comesAlong(host, phase, phasesOf(host), round),
    ),
  }));
}

/** A script keeps nothing for an undo: where a run from here puts that aside, it clears all away. */
export const phaseOfScript = (phase: Phase): Phase => (phase === "keep" ? "finish" : phase);

/** The phase that names a part: the one that it is made for. */
export const mainPhase = (phases: readonly Phase[]): Phase =>
  phases.find((phase) => phase === "revoke") ?? phases[0] ?? "finish";

/** Something waits for other hosts, or for days to pass. */
export const isInParts = (plan: AccessPlan): boolean =>
  newKeyOf(plan) !== null && (plan.hosts.length > 1 || plan.options.graceDays > 0);

/** The grace period begins once the results of all phases before it are known. */
function graceEnd({ options }: AccessPlan, known: readonly KnownStep[]): Instant | null {
  const begun = Math.max(...known.map(({ at, state }) => (at && state === "verified" ? Date.parse(at) : 0)));
  return options.graceDays > 0 && begun > 0 ? toInstant(new Date(begun + options.graceDays * DAY_MS)) : null;
}

const DAY_MS = 86_400_000;

function comesAlong(
  { privateKeyLocations }: AccessHost,
  phase: Phase,
  all: readonly Phase[],
  round?: Phase,
): boolean {
  // A removal verifies the addition once more.
  if (phase === "grant") return round === "revoke";
  // An old private key is kept until the old lines are gone everywhere.
  return phase === "finish" && privateKeyLocations.length === 0 && round === all.at(-2);
}

const isDone = (known: readonly KnownStep[], { host, port }: HostAddress, phase: Phase): boolean =>
  known.some(
    (one) =>
      one.host === host &&
      one.port === port &&
      phaseOfScript(one.phase) === phase &&
      one.state === "verified",
  );
