import {
  areFilesBack,
  backTask,
  clearTask,
  FILE_POLICY,
  forwardTask,
  howMany,
  isFirstAt,
  type Reached,
  reachedInFiles,
  type StageChange,
} from "#domain/runs/file-steps.ts";
import { numberSteps, type RunRules } from "#domain/runs/runbook.ts";
import type { AccessSeen, Step } from "#domain/runs/step.ts";
import {
  type AccessHost,
  type AccessPlan,
  type FilePlan,
  type HostAddress,
  newKeyOf,
  privateKeysHere,
} from "#shared/model/runs/plan.ts";
import type { Phase } from "#shared/model/runs/run.ts";
import type { Cause } from "#shared/model/runs/step-result.ts";

/**
 * Changes who may log in where. The new key is added everywhere before any location gets its private key, and no old
 * line is removed before the new key has logged in on all hosts: a run that stops half-way locks nobody out. A run that
 * can be undone keeps the old private keys aside until `finish`, and holds no file meanwhile.
 */
export const ACCESS_RULES: RunRules<AccessPlan> = {
  phases: ["create-key", "grant", "install-key", "revoke", "keep", "finish"],
  policy: FILE_POLICY,
  steps: accessSteps,
  forward(plan, step, state, seen) {
    // No inspection shows how far it is.
    const isUnseen = step.phase === "finish" && isUndoable(plan) && seen?.kind === "seen";
    if (step.phase === "create-key" || isUnseen) return { step, what: state === "acted" ? "verify" : "act" };
    if (step.phase === "keep" && seen?.kind === "seen") return clearTask(step, seen, state !== "planned");
    return forwardTask({ step, state, last: "finish" }, seen, (reading, isBegun) => {
      const change = CHANGES[step.phase];
      if (!change) return reachedByKeys(reading);
      return reachedInFiles(filesAt(plan, step), change, {
        phase: step.phase,
        seen: reading,
        mayLeaveOut: !isBegun,
      });
    });
  },
  back(plan, step, seen) {
    if (step.phase === "create-key") return { step, what: "undo", as: "rolled-back" };
    // What an earlier try has put back may be neither verified nor noted.
    if (isUndoable(plan) && UNDONE_AGAIN.has(step.phase) && seen?.kind === "seen")
      return { step, what: "undo", as: "rolled-back" };
    return backTask(step, seen, {
      isFirst: isFirstAt(accessSteps(plan), step),
      isBack: (reading) => isBackAt(plan, step, reading),
    });
  },
};

const UNDONE_AGAIN: ReadonlySet<Phase> = new Set(["revoke", "keep"]);

function isBackAt(plan: AccessPlan, step: Step, reading: AccessSeen): boolean {
  const change = CHANGES[step.phase];
  if (change) return areFilesBack(filesAt(plan, step), change, step.phase, reading);
  return reading.privateKeys.every((privateKey) => privateKey === "old");
}

const CHANGES: Partial<Record<Phase, StageChange>> = {
  grant: { from: "before", to: "added" },
  revoke: { from: "added", to: "removed" },
};

const filesAt = ({ hosts }: AccessPlan, { host }: Step): readonly FilePlan[] =>
  hosts[host ?? -1]?.files ?? [];

/** The phases one after the other, in each the hosts by batch, and this computer at the end. */
function accessSteps(plan: AccessPlan): Step[] {
  // This computer comes after all hosts: it is the one that can always be inspected again.
  const here = Math.max(0, ...plan.hosts.map(({ batch }) => batch)) + 1;
  return numberSteps(
    ACCESS_RULES.phases.flatMap((phase) => [
      ...plan.hosts.flatMap((host, index) =>
        takesPart(plan, host, phase) ? [{ phase, host: index, batch: host.batch }] : [],
      ),
      ...(happensHere(plan, phase) ? [{ phase, host: null, batch: here }] : []),
    ]),
  );
}

function takesPart(plan: AccessPlan, host: AccessHost, phase: Phase): boolean {
  switch (phase) {
    case "create-key":
      return isMadeAt(plan, host);
    case "grant":
      return host.files.some((file) => isVerifiedFirst(plan, file));
    case "install-key":
      return host.privateKeyLocations.length > 0;
    case "revoke":
      return host.files.some(({ removed }) => removed !== null);
    case "keep":
      return isUndoable(plan) && isTouched(plan, host);
    case "finish":
      return isUndoable(plan) ? host.privateKeyLocations.length > 0 : isTouched(plan, host);
    default:
      return false;
  }
}

/** Whether the finished run can be undone for a time. */
const isUndoable = ({ options }: AccessPlan): boolean => options.undoHours > 0;

const isTouched = (plan: AccessPlan, host: AccessHost): boolean =>
  host.files.length > 0 || host.privateKeyLocations.length > 0 || isMadeAt(plan, host);

/** A new key whose line is in a file already is verified like one that is added: before the old one is removed. */
const isVerifiedFirst = (plan: AccessPlan, { added, removed }: FilePlan): boolean =>
  added !== null || (newKeyOf(plan) !== null && removed !== null);

function isMadeAt(plan: AccessPlan, { host, port }: HostAddress): boolean {
  const newKey = newKeyOf(plan);
  return newKey?.kind === "made-on-host" && newKey.host === host && newKey.port === port;
}

function happensHere(plan: AccessPlan, phase: Phase): boolean {
  const isMadeHere = newKeyOf(plan)?.kind === "made-here";
  const here = privateKeysHere(plan);
  if (phase === "create-key") return isMadeHere;
  if (phase === "install-key") return here.length > 0;
  if (phase === "keep") return isUndoable(plan) && here.length > 0;
  return phase === "finish" && (here.length > 0 || (isMadeHere && !isUndoable(plan)));
}

/** How far the private keys are. */
function reachedByKeys({ privateKeys }: AccessSeen): Reached {
  const odd: Cause | null = privateKeys.includes("other") ? { kind: "odd-private-key" } : null;
  return {
    is: howMany(privateKeys.map((privateKey) => privateKey === "new" || privateKey === "committed")),
    odd,
  };
}
