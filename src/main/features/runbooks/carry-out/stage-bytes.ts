import { applyEdits, editsBetween } from "#domain/rotation/bytes/edit.ts";
import { goneLines } from "#domain/rotation/bytes/gone-lines.ts";
import type { OwnLines } from "#domain/rotation/bytes/repair-lines.ts";
import { fillStages } from "#domain/rotation/bytes/stages.ts";
import { hashBytes } from "#domain/rotation/run/judge-file.ts";
import type { Stage, Step } from "#domain/rotation/run/step.ts";
import type { FilePlan } from "#shared/model/plan.ts";

/** What a step makes of files. */
export const stagesOf = ({ phase }: Pick<Step, "phase">): { from: Stage; to: Stage } =>
  phase === "remove" ? { from: "added", to: "removed" } : { from: "before", to: "added" };

/** The files that a step changes, by their places in the plan. */
export const filesOf = (files: readonly FilePlan[], step: Pick<Step, "phase">) =>
  files.flatMap((file, index) =>
    file[step.phase === "remove" ? "removed" : "added"] === null ? [] : [{ file, index }],
  );

/** Within a run and its host: the change of one file in one phase. What is left of a try is found by it. */
export const writeIdOf = (index: number, { phase }: Pick<Step, "phase">): string =>
  `f${index}${phase === "remove" ? "r" : "a"}`;

export type StageChange = {
  /** The bytes of the stage that it begins with. */
  from: Uint8Array;
  /** Hashes before and after. */
  prior: string;
  wanted: string;
  /** Of the bytes of the stage that is left. */
  splices: { at: number; removed: number; inserted: Uint8Array }[];
};

/** How one stage becomes another. `base`: the bytes before the run; null where the plan does not fit them. */
export function changeBetween(
  file: FilePlan,
  base: Uint8Array,
  { from, to }: { from: Stage; to: Stage },
  newKey: string | null,
): StageChange | null {
  const stages = fillStages(file, newKey);
  if (!stages) return null;
  const [prior, wanted] = [applyEdits(base, stages[from]), applyEdits(base, stages[to])];
  if (!prior || !wanted) return null;
  return {
    from: prior,
    prior: hashBytes(prior),
    wanted: hashBytes(wanted),
    splices: editsBetween(base, stages[from], stages[to]).map(({ at, removed, inserted }) => ({
      at,
      removed: removed.length,
      inserted,
    })),
  };
}

/** The whole lines that a removal takes away, each with its end. */
export const linesRemoved = (file: FilePlan, newKey: string | null): Uint8Array =>
  goneLines(fillStages(file, newKey)?.removed ?? []);

/** Whether a file that somebody else has changed still shows what a step has made of it. */
export function hasWorkOf(
  file: FilePlan,
  { phase }: Pick<Step, "phase">,
  content: Uint8Array,
  newKey: string | null,
): boolean {
  const stages = fillStages(file, newKey);
  if (!stages) return false;
  const there = new Set(linesIn(content));
  const { added, removed } = stages;
  if (phase === "remove")
    return removed.some((edit) => linesIn(edit.removed).some((line) => !there.has(line)));
  return added.some((edit) => linesIn(edit.inserted).some((line) => there.has(line)));
}

/** The lines that a step has put into a file and taken from it; null where the new key is not known yet. */
export function linesOfStep(
  file: FilePlan,
  step: Pick<Step, "phase">,
  newKey: string | null,
): OwnLines | null {
  const stages = fillStages(file, newKey);
  if (!stages) return null;
  const { from, to } = stagesOf(step);
  const linesOf = (stage: Stage, side: "inserted" | "removed"): string[] =>
    stages[stage].flatMap((edit) => linesIn(edit[side]));
  const put = without(linesOf(to, "inserted"), linesOf(from, "inserted"));
  const took = without(linesOf(to, "removed"), linesOf(from, "removed"));
  // What is in both has only moved.
  return { put: without(put, took), took: without(took, put) };
}

/** Each of the others takes one away. */
function without(lines: readonly string[], others: readonly string[]): string[] {
  const left = [...lines];
  for (const other of others) {
    const at = left.indexOf(other);
    if (at >= 0) left.splice(at, 1);
  }
  return left;
}

const linesIn = (bytes: Uint8Array): string[] =>
  Buffer.from(bytes)
    .toString("latin1")
    .split(/\r?\n/)
    .filter((line) => line.trim() !== "");
