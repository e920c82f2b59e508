import { hash } from "node:crypto";
import { applyEdits, invertEdits } from "#domain/rotation/bytes/edit.ts";
import { fillStages } from "#domain/rotation/bytes/stages.ts";
import type { FileSeen, Stage } from "#domain/runs/step.ts";
import type { FilePlan } from "#shared/model/plan.ts";

/** `base`: the bytes of the file before the run, which every stage is made of; null where it is none of them. */
export type EvaluatedFile = { seen: FileSeen; base: Uint8Array | null };

const STAGES: readonly Stage[] = ["before", "added", "removed"];

/**
 * Which stage of the plan these bytes are: the one whose edits, taken back, lead to the bytes that the plan was made for.
 * `newKey`: `type base64`, null before it was made.
 */
export function evaluateFile(file: FilePlan, bytes: Uint8Array, newKey: string | null): EvaluatedFile {
  if (hashBytes(bytes) === file.before) return { seen: "before", base: bytes };
  const stages = fillStages(file, newKey);
  for (const seen of stages ? STAGES : []) {
    const base = applyEdits(bytes, invertEdits(stages?.[seen] ?? []));
    if (base && hashBytes(base) === file.before) return { seen, base };
  }
  return { seen: "other", base: null };
}

/** Of the stages that have the same bytes the first: what `evaluateFile` says of a file that is there. */
export function earliest(file: FilePlan, stage: Stage): Stage {
  const added = file.added === null ? "before" : "added";
  const removed = file.removed === null ? added : "removed";
  return { before: "before" as const, added, removed }[stage] as Stage;
}

export const hashBytes = (bytes: Uint8Array): string => hash("sha256", bytes, "hex");
