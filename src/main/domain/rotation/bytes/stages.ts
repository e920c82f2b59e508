import type { Stage } from "#domain/runs/step.ts";
import { type FilePlan, HOLE, type Splice } from "#shared/model/plan.ts";
import { readExactly, writeExactly } from "#shared/text/exact-bytes.ts";
import type { Edit } from "./edit.ts";

/** The stages of a file as edits of its bytes before the run. */
export type Stages = Readonly<Record<Stage, readonly Edit[]>>;

/**
 * With the new key where the plan has its hole; `type base64`. Null: a hole stands there and no key has been made, or
 * the plan is not one that we have written.
 */
export function fillStages(file: Pick<FilePlan, "added" | "removed">, newKey: string | null): Stages | null {
  const added = file.added ? fillSplices(file.added, newKey) : [];
  const removed = file.removed ? fillSplices(file.removed, newKey) : added;
  return added && removed ? { before: [], added, removed } : null;
}

function fillSplices(splices: readonly Splice[], newKey: string | null): Edit[] | null {
  const edits: Edit[] = [];
  const written = newKey === null ? null : writeExactly(toBytes(newKey));
  for (const { at, removed, inserted } of splices) {
    if (written === null && inserted.includes(HOLE)) return null;
    const gone = readExactly(removed);
    const come = readExactly(written === null ? inserted : inserted.replaceAll(HOLE, () => written));
    if (!gone || !come) return null;
    edits.push({ at, removed: gone, inserted: come });
  }
  return edits;
}

const toBytes = (text: string): Uint8Array => Buffer.from(text, "utf8");

/** Bytes of a file for the text of a splice: what looks like the hole in them is none. */
export const writeForeign = (bytes: Uint8Array): string =>
  writeExactly(bytes).replaceAll(HOLE, `\\x7b${HOLE.slice(1)}`);
