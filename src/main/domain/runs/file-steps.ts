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

/** A host that failed stops the run; no old line goes before the new key has logged in on all hosts, and the days of grace are over. */
export const FILE_POLICY: RunPolicy<KeyPlan> = {
  onFailure: "stop-run",
  begins: new Set(),
  canaryFirst: null,
  // A log tells of the new key only once its holders have it; nothing is removed before it does.
  verifyAllBefore: new Set<Phase>(["revoke", "finish"]),
  awaits: "log",
  delayOf: ({ options }) => (options.graceDays > 0 ? { phase: "revoke", until: "grace" } : null),
  reasonOf: () => ({ kind: "stuck" }),
};

/** How far a step is by what was seen. `odd`: something there is none of what the plan knows. */
export type Reached = { is: "all" | "some" | "none"; odd: Cause | null };

/**
 * What brings a step on that has looked at its place. `reachedBy`: how far it is, by what was seen there; not asked of `last`, the phase
 * after which nothing of the run is left.
 */
export function forwardTask(
  { step, state, last }: { step: Step; state: StepState; last: Phase },
  seen: Observation | undefined,
  reachedBy: (seen: AccessSeen, isBegun: boolean) => Reached,
): NextTask {
  if (!seen) return "inspect";
  const isBegun = state !== "planned";
  // A last step that failed counts as begun: one that was not must stay so, or nothing could be rolled back any more.
  if (seen.kind === "lost")
    return isBegun || step.phase === last
      ? null
      : { step, what: "settle", as: "failed", cause: described(seen.why) };
  if (seen.kind !== "seen") throw new Error(OTHER_KIND);
  if (step.phase === last) return finishTask(step, seen, isBegun);
  const { is, odd } = reachedBy(seen, isBegun);
  if (odd !== null) {
    // Begun, it may have left a lock and backups, though nothing is written.
    if (is === "none" && !isBegun) return { step, what: "settle", as: "failed", cause: odd };
    return { step, what: "undo", as: "failed", cause: odd };
  }
  return { step, what: is === "all" && isBegun ? "verify" : "act" };
}

function finishTask(step: Step, { hasWork, privateKeys }: AccessSeen, isBegun: boolean): Task {
  const isDone = !hasWork && privateKeys.every((privateKey) => privateKey !== "new");
  return { step, what: isDone && isBegun ? "verify" : "act" };
}

const OTHER_KIND = "files of a renewal were seen where files of keys change";

/** Whether nothing of the run stands at the place of this step once it is rolled back. A key that was made counts for nothing there. */
export const isFirstAt = (steps: readonly Step[], { host, ordinal }: Step): boolean =>
  steps.find((one) => one.host === host && one.phase !== "create-key")?.ordinal === ordinal;

/** From which stage to which a step takes a file. */
export type StageChange = { from: Stage; to: "added" | "removed" };

/**
 * How far a step is in the files that it changes. `mayLeaveOut`: whoever owns a folder that is not root's can keep us from what lies
 * there; before anything is begun that is left to the step, which goes on without that file.
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

/** Whether every file that a step changes is where it was before it. */
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

/** What rolls a step back. `isBack`: its place is as it was; `isFirst`: nothing of the run stands there once it is rolled back. */
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
