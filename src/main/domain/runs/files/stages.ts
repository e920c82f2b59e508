import { hash } from "node:crypto";
import type { FileSeen, Stage, Step } from "#domain/runs/step.ts";
import { type FilePlan, NEW_KEY_PLACEHOLDER, type Splice } from "#shared/model/runs/plan.ts";
import { readExactly, writeExactly } from "#shared/text/exact-bytes.ts";

/** A splice as bytes: from byte `at` on, `removed` goes and `inserted` comes. */
export type Edit = { at: number; removed: Uint8Array; inserted: Uint8Array };

/** Null if other bytes than `removed` are there. Edits are in ascending order and do not touch each other. */
export function applyEdits(bytes: Uint8Array, edits: readonly Edit[]): Uint8Array | null {
  const pieces: Uint8Array[] = [];
  let from = 0;
  for (const { at, removed, inserted } of edits) {
    const until = at + removed.length;
    if (at < from || until > bytes.length || !isSame(bytes.subarray(at, until), removed)) return null;
    pieces.push(bytes.subarray(from, at), inserted);
    from = until;
  }
  return join([...pieces, bytes.subarray(from)]);
}

/** The inverse of the edits, with offsets in the bytes that they have made. */
export function invertEdits(edits: readonly Edit[]): Edit[] {
  let shift = 0;
  return edits.map(({ at, removed, inserted }) => {
    const inverted = { at: at + shift, removed: inserted, inserted: removed };
    shift += inserted.length - removed.length;
    return inverted;
  });
}

/**
 * The edits from one stage to another, both made from the same bytes, with offsets in the first stage. Only what
 * differs is edited.
 */
export function editsBetween(base: Uint8Array, from: readonly Edit[], to: readonly Edit[]): Edit[] {
  let shift = 0;
  return clustersOf([...from, ...to]).flatMap(({ lo, hi }) => {
    const removed = applyWithin(base, from, lo, hi);
    const inserted = applyWithin(base, to, lo, hi);
    const at = lo + shift;
    shift += removed.length - (hi - lo);
    return isSame(removed, inserted) ? [] : [trim({ at, removed, inserted })];
  });
}

/** Drops the common beginning and end. */
export function trim({ at, removed, inserted }: Edit): Edit {
  const most = Math.min(removed.length, inserted.length);
  let head = 0;
  while (head < most && removed[head] === inserted[head]) head++;
  let tail = 0;
  while (tail < most - head && removed.at(-1 - tail) === inserted.at(-1 - tail)) tail++;
  return {
    at: at + head,
    removed: removed.subarray(head, removed.length - tail),
    inserted: inserted.subarray(head, inserted.length - tail),
  };
}

/** The ranges of the base that the edits touch; ranges that touch each other are one. */
function clustersOf(edits: readonly Edit[]): { lo: number; hi: number }[] {
  const clusters: { lo: number; hi: number }[] = [];
  const ranges = edits.map(({ at, removed }) => ({ lo: at, hi: at + removed.length }));
  for (const range of ranges.sort((one, other) => one.lo - other.lo || one.hi - other.hi)) {
    const last = clusters.at(-1);
    if (last && range.lo <= last.hi) last.hi = Math.max(last.hi, range.hi);
    else clusters.push({ ...range });
  }
  return clusters;
}

function applyWithin(base: Uint8Array, edits: readonly Edit[], lo: number, hi: number): Uint8Array {
  const within = edits.filter(({ at, removed }) => at >= lo && at + removed.length <= hi);
  const moved = within.map((edit) => ({ ...edit, at: edit.at - lo }));
  const bytes = applyEdits(base.subarray(lo, hi), moved);
  if (!bytes) throw new Error("an edit does not fit the bytes that it was made for");
  return bytes;
}

const isSame = (one: Uint8Array, other: Uint8Array): boolean => Buffer.compare(one, other) === 0;

const join = (pieces: readonly Uint8Array[]): Uint8Array => new Uint8Array(Buffer.concat(pieces));

/** The stages of a file as edits of its bytes before the run. */
export type Stages = Readonly<Record<Stage, readonly Edit[]>>;

/**
 * Puts the new key, `type base64`, in place of the plan's placeholder. Null: there is a placeholder and no key has been
 * created, or the plan is not one that we have written.
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
    if (written === null && inserted.includes(NEW_KEY_PLACEHOLDER)) return null;
    const gone = readExactly(removed);
    const come = readExactly(
      written === null ? inserted : inserted.replaceAll(NEW_KEY_PLACEHOLDER, () => written),
    );
    if (!gone || !come) return null;
    edits.push({ at, removed: gone, inserted: come });
  }
  return edits;
}

const toBytes = (text: string): Uint8Array => Buffer.from(text, "utf8");

/** Bytes of a file as the text of a splice: text in them that looks like the placeholder does not count as one. */
export const writeForeign = (bytes: Uint8Array): string =>
  writeExactly(bytes).replaceAll(NEW_KEY_PLACEHOLDER, `\\x7b${NEW_KEY_PLACEHOLDER.slice(1)}`);

/** `base`: the bytes of the file before the run, from which every stage is made; null if it is at none of them. */
type EvaluatedFile = { seen: FileSeen; base: Uint8Array | null };

const STAGES: readonly Stage[] = ["before", "added", "removed"];

/**
 * Which stage of the plan these bytes are: the one whose edits, inverted, lead to the bytes that the plan was made for.
 * `newKey`: `type base64`, null before it was created.
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

/** The first of the stages that have the same bytes: what `evaluateFile` says of an existing file. */
export function earliest(file: FilePlan, stage: Stage): Stage {
  const added = file.added === null ? "before" : "added";
  const removed = file.removed === null ? added : "removed";
  return { before: "before" as const, added, removed }[stage] as Stage;
}

export const hashBytes = (bytes: Uint8Array): string => hash("sha256", bytes, "hex");

/** From which stage to which a step brings files. */
export const stagesOf = ({ phase }: Pick<Step, "phase">): { from: Stage; to: Stage } =>
  phase === "revoke" ? { from: "added", to: "removed" } : { from: "before", to: "added" };

/** The files that a step changes, with their index in the plan. */
export const filesOf = (files: readonly FilePlan[], step: Pick<Step, "phase">) =>
  files.flatMap((file, index) =>
    file[step.phase === "revoke" ? "removed" : "added"] === null ? [] : [{ file, index }],
  );

/** Identifies the change of one file in one phase, within a run and its host. What a try has left is found by it. */
export const writeIdOf = (index: number, { phase }: Pick<Step, "phase">): string =>
  `f${index}${phase === "revoke" ? "r" : "a"}`;
