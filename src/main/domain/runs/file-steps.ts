/** Steps that change lines of files: of who may log in, or of which host keys sshd has. */

import { assertNever } from "#shared/model/assert-never.ts";
import type { FilePlan, KeyPlan } from "#shared/model/runs/plan.ts";
import type { Phase, StepState } from "#shared/model/runs/run.ts";
import { type Cause, described } from "#shared/model/runs/step-result.ts";
import { earliest } from "./files/stages.ts";
import type { NextTask, RunPolicy } from "./runbook.ts";
import {
  type AccessSeen,
  type FileSeen,
  isWithout,
  type Observation,
  type Stage,
  type Step,
  type Task,
} from "./step.ts";

/**
 * A host that failed stops the run. No old line is removed before the new key has logged in on all hosts, and the grace
 * period is over.
 */
export const FILE_POLICY: RunPolicy<KeyPlan> = {
  onFailure: "stop-run",
  begins: new Set(),
  canaryFirst: null,
  // A log shows the new key only once its private key is installed; nothing is removed before the log shows it.
  verifyAllBefore: new Set<Phase>(["revoke", "keep", "finish"]),
  awaits: "log",
  delaysOf: ({ options: { graceDays, undoHours } }) => [
    ...(graceDays > 0 ? [{ phase: "revoke", until: "grace" } as const] : []),
    ...(undoHours > 0 ? [{ phase: "finish", until: "undo" } as const] : []),
  ],
  reasonOf: () => ({ kind: "stuck" }),
};

/** How far a step is, by what was seen. `odd`: something there is not as the plan knows it. */
export type Reached = { is: "all" | "some" | "none"; odd: Cause | null };

/**
 * The next task of a step whose host was inspected. `reachedBy`: how far it is, by what was seen there; not called for
 * `last`, the phase after which nothing of the run is left.
 */
export function forwardTask(
  { step, state, last }: { step: Step; state: StepState; last: Phase },
  seen: Observation | undefined,
  reachedBy: (seen: AccessSeen, isBegun: boolean) => Reached,
): NextTask {
  if (!seen) return "inspect";
  const isBegun = state !== "planned";
  // A last step that failed counts as begun: one that has not begun must not fail, or nothing could be rolled back any
  // more.
  if (seen.kind === "lost")
    return isBegun || step.phase === last
      ? null
      : { step, what: "settle", as: "failed", cause: described(seen.why) };
  if (seen.kind !== "seen") throw new Error(OTHER_KIND);
  if (step.phase === last) return clearTask(step, seen, isBegun);
  const { is, odd } = reachedBy(seen, isBegun);
  if (odd !== null) {
    // If it has begun, it may have left a lock and backups, though nothing is written.
    if (is === "none" && !isBegun) return { step, what: "settle", as: "failed", cause: odd };
    return { step, what: "undo", as: "failed", cause: odd };
  }
  return { step, what: is === "all" && isBegun ? "verify" : "act" };
}

/** Of a step that removes what a run has beside the files and keys that stay. */
export function clearTask(step: Step, { hasWork, privateKeys }: AccessSeen, isBegun: boolean): Task {
  const isDone = !hasWork && privateKeys.every((privateKey) => privateKey !== "new");
  return { step, what: isDone && isBegun ? "verify" : "act" };
}

const OTHER_KIND = "files of a renewal were seen where files of keys change";

/**
 * Whether nothing of the run is left in files of this host, or here, once this step is rolled back. A created key does
 * not count, nor an account that stays disabled.
 */
export const isFirstAt = (steps: readonly Step[], { host, ordinal }: Step): boolean =>
  steps.find((one) => one.host === host && !BESIDE_FILES.has(one.phase))?.ordinal === ordinal;

const BESIDE_FILES: ReadonlySet<Phase> = new Set(["create-key", "disable"]);

/** From which stage to which a step changes a file. */
export type StageChange = { from: Stage; to: "added" | "removed" };

/**
 * How far a step is in the files that it changes. `mayLeaveOut`: the owner of a folder that is not root's can keep us
 * out of it; before anything is begun such a file stops nothing, for the step goes on without it.
 */
export function reachedInFiles(
  files: readonly FilePlan[],
  { from, to }: StageChange,
  { phase, seen, mayLeaveOut }: { phase: Phase; seen: AccessSeen; mayLeaveOut: boolean },
): Reached {
  const { files: states, leftOut } = seen;
  const concerned = files.flatMap((file, index) =>
    file[to] === null || isWithout(leftOut[index], phase)
      ? []
      : [{ file, state: states[index] ?? ("unreadable" as const) }],
  );
  const odd = concerned.find(
    ({ file, state }) =>
      state !== earliest(file, to) &&
      state !== earliest(file, from) &&
      !(mayLeaveOut && state === "unreadable" && file.uid !== 0),
  );
  return {
    is: howMany(concerned.map(({ file, state }) => state === earliest(file, to))),
    odd: odd ? causeOf(odd.file, odd.state) : null,
  };
}

/** Whether every file that a step changes is as it was before the step. */
export const areFilesBack = (
  files: readonly FilePlan[],
  { from, to }: StageChange,
  phase: Phase,
  { files: states, leftOut }: AccessSeen,
): boolean =>
  files.every(
    (file, index) =>
      file[to] === null || isWithout(leftOut[index], phase) || states[index] === earliest(file, from),
  );

/**
 * The task that rolls a step back. `isBack`: all is as it was; `isFirst`: nothing of the run is left once this is
 * rolled back.
 */
export function backTask(
  step: Step,
  seen: Observation | undefined,
  { isFirst, isBack }: { isFirst: boolean; isBack: (seen: AccessSeen) => boolean },
): NextTask {
  if (!seen) return "inspect";
  if (seen.kind === "lost") return null;
  if (seen.kind !== "seen") throw new Error(OTHER_KIND);
  const isClear = !seen.hasWork || !isFirst;
  return isBack(seen) && isClear
    ? { step, what: "settle", as: "rolled-back", back: "as-before" }
    : { step, what: "undo", as: "rolled-back" };
}

export function howMany(reached: readonly boolean[]): Reached["is"] {
  if (reached.every((one) => one)) return "all";
  return reached.some((one) => one) ? "some" : "none";
}

function causeOf({ path }: FilePlan, seen: FileSeen): Cause {
  switch (seen) {
    case "other":
      return { kind: "file-changed", path };
    case "unreadable":
      return { kind: "file-unreadable", path };
    case "before":
      return { kind: "new-line-gone", path };
    case "added":
    case "removed":
      return { kind: "old-line-gone", path };
    default:
      return assertNever(seen);
  }
}
