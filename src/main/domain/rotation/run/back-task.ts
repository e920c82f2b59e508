import type { KeyPlan } from "#shared/model/plan.ts";
import { earliest } from "./judge-file.ts";
import { isWithout, type PlaceSeen, type Stage, type Step, type Task } from "./step.ts";
import { stepsOf } from "./steps-of.ts";

type Seen = Extract<PlaceSeen, { kind: "seen" }>;

/** What takes a step back; "look" where its place was not seen, null where it is out of reach. */
export function backTask(plan: KeyPlan, step: Step, seen: PlaceSeen | undefined): Task | "look" | null {
  if (step.phase === "make-key") return { step, what: "undo", as: "undone" };
  if (!seen) return "look";
  if (seen.kind === "lost") return null;
  const isClear = !seen.hasWork || !isFirst(plan, step);
  const isBack =
    step.phase === "hand-over"
      ? seen.holders.every((holder) => holder === "old")
      : areFilesBack(plan, step, seen);
  if (isBack && isClear) {
    return { step, what: "settle", as: "undone", back: "as-before" };
  }
  return { step, what: "undo", as: "undone" };
}

function areFilesBack(
  { hosts }: KeyPlan,
  { host, phase }: Step,
  { files: seen, leftOut = [] }: Seen,
): boolean {
  const stage: Stage = phase === "remove" ? "added" : "before";
  const changed = phase === "remove" ? "removed" : "added";
  const files = hosts[host ?? -1]?.files ?? [];
  return files.every(
    (file, index) =>
      file[changed] === null || isWithout(leftOut[index], phase) || seen[index] === earliest(file, stage),
  );
}

/** Whether nothing of the run stands at the place once this step is taken back. */
export const isFirst = (plan: KeyPlan, step: Step): boolean =>
  stepsOf(plan).find(({ host, phase }) => host === step.host && phase !== "make-key")?.ordinal ===
  step.ordinal;
