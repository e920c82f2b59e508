import { goneLines, type OwnLines, repairLines } from "#domain/runs/files/lines.ts";
import { rollBack } from "#domain/runs/files/roll-back.ts";
import {
  applyEdits,
  earliest,
  editsBetween,
  evaluateFile,
  fillStages,
  hashBytes,
  stagesOf,
  trim,
  writeIdOf,
} from "#domain/runs/files/stages.ts";
import type { Stage, Step } from "#domain/runs/step.ts";
import { startRollbackTimer, write } from "#net/ssh/session/host-files.ts";
import { inspectFile } from "#net/ssh/session/inspect-host.ts";
import type { RemoteSession } from "#net/ssh/session/remote-session.ts";
import { refusedAt, SessionLost } from "#runs/engine/runbook.ts";
import { assertNever } from "#shared/model/assert-never.ts";
import type { HostRefusal } from "#shared/model/runs/host-refusal.ts";
import type { FilePlan, RollbackTimer } from "#shared/model/runs/plan.ts";
import type { RunFile } from "#shared/model/runs/run.ts";
import type { RunNote } from "#shared/model/runs/run-note.ts";
import type { PlainCause } from "#shared/model/runs/step-result.ts";
import { writeExactly } from "#shared/text/exact-bytes.ts";

type StageChange = {
  /** The bytes of the stage that it begins with. */
  from: Uint8Array;
  /** Hashes before and after. */
  prior: string;
  newHash: string;
  /** Edits to the bytes of the stage that it begins with. */
  splices: { at: number; removed: number; inserted: Uint8Array }[];
};

/** How one stage becomes another. `base`: the bytes before the run. Null if the plan does not fit them. */
function changeBetween(
  file: FilePlan,
  base: Uint8Array,
  { from, to }: { from: Stage; to: Stage },
  newKey: string | null,
): StageChange | null {
  const stages = fillStages(file, newKey);
  if (!stages) return null;
  const [prior, next] = [applyEdits(base, stages[from]), applyEdits(base, stages[to])];
  if (!prior || !next) return null;
  return {
    from: prior,
    prior: hashBytes(prior),
    newHash: hashBytes(next),
    splices: editsBetween(base, stages[from], stages[to]).map(({ at, removed, inserted }) => ({
      at,
      removed: removed.length,
      inserted,
    })),
  };
}

/** The whole lines that a removal takes away, each with its line end. */
export const linesRemoved = (file: FilePlan, newKey: string | null): Uint8Array =>
  goneLines(fillStages(file, newKey)?.removed ?? []);

/** Whether a file that somebody else has changed still has what a step has made of it. */
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
  if (phase === "revoke")
    return removed.some((edit) => linesIn(edit.removed).some((line) => !there.has(line)));
  return added.some((edit) => linesIn(edit.inserted).some((line) => there.has(line)));
}

/** The lines that a step has put into a file and taken from it; null if the new key is not known yet. */
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
  // A line that is in both has only moved.
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

/** A file of a step, and what is known of the run there. */
export type FileOfStep = {
  file: FilePlan;
  index: number;
  step: Step;
  token: string;
  /** `type base64`. */
  newKey: string | null;
  /** The repair that a person has approved. */
  approved: RunFile["repair"];
};

export type Guard = { timer: RollbackTimer; seconds: number };

/** `note`: for the journal. `kept`: it is as it was, and why; `unsure`: unknown until it is inspected again. */
export type Moved =
  | { kind: "moved"; note?: RunNote }
  | {
      kind: "kept" | "unsure";
      cause: PlainCause;
      /** The host's reason, if it refused or failed. */
      why?: HostRefusal;
      /** What a person must decide: whether to replace these bytes with those, by lines that go and come. */
      repair?: { over: string; to: string; takeOut: readonly string[]; putBack: readonly string[] };
    };

/**
 * Brings a file to the end of the step, or back to its beginning, whichever of them it has now. In other bytes only our
 * own lines are rolled back, and all else stays. Rejects with `SessionLost`.
 */
export async function moveFile(
  remote: RemoteSession,
  of: FileOfStep,
  towards: "on" | "back",
  guard: Guard | null,
): Promise<Moved> {
  const { file, index, step, token, newKey } = of;
  const reading = await inspectFile(remote, file.path);
  if (reading.kind === "lost") throw new SessionLost(reading.message);
  const { content, refusal, state } = reading.file;
  // The host itself has rolled it back and removed it, or nothing was written yet.
  if (towards === "back" && state === "absent" && isMadeBy(of)) return { kind: "moved" };
  if (state !== "file" || !content)
    return {
      kind: "kept",
      cause: whyUnreadable(file.path, refusal),
      ...(refusal && { why: refusal.why }),
    };
  const { seen, base } = evaluateFile(file, content, newKey);
  const { from, to } = stagesOf(step);
  const change = base && changeBetween(file, base, { from, to }, newKey);
  const isOne = seen === earliest(file, from) || seen === earliest(file, to);
  if (!change || !isOne) {
    if (towards === "on") return keptOther(file.path);
    return rollBackLines(remote, of, content);
  }
  const id = writeIdOf(index, step);
  const isThere = seen === earliest(file, towards === "on" ? to : from);
  if (guard && !isThere) {
    const armed = await startRollbackTimer(remote, {
      path: file.path,
      id,
      token,
      timer: guard.timer,
      seconds: guard.seconds,
      wrote: change.newHash,
      prior: change.prior,
      putBack: step.phase === "revoke" ? linesRemoved(file, newKey) : null,
      isCreated: isMadeBy(of),
    });
    if (armed.kind === "lost") throw new SessionLost(armed.message);
    if (armed.kind !== "armed") return { kind: "kept", cause: refusedAt(armed, file.path), why: armed.why };
  }
  // What stands already is written once more: that settles whatever an earlier try has left.
  const moved = await put(remote, { path: file.path, id, token }, change, towards);
  // The owner of the folder has removed the copy; its bytes are known exactly.
  if (towards === "back" && !isThere && moved.kind === "kept" && moved.why === "no-before")
    return writeOver(remote, of, content, { bytes: change.from });
  return moved.kind === "kept" && isThere && towards === "back" ? { kind: "moved" } : moved;
}

/** Whether this step creates the file. */
const isMadeBy = ({ file, step }: FileOfStep): boolean =>
  file.creates !== undefined && step.phase === "grant";

async function put(
  remote: RemoteSession,
  of: { path: string; id: string; token: string },
  { prior, newHash, splices }: StageChange,
  towards: "on" | "back",
): Promise<Moved> {
  const [goal, left] = towards === "on" ? [newHash, prior] : [prior, newHash];
  const written = await write(remote, {
    ...of,
    before: prior,
    expected: [left, goal],
    newHash: goal,
    splices: towards === "on" ? splices : [],
  });
  switch (written.kind) {
    case "written":
      return { kind: "moved" };
    case "changed":
      return keptOther(of.path);
    case "refused":
      return { kind: "kept", cause: refusedAt(written, of.path), why: written.why };
    case "failed":
      return { kind: "unsure", cause: refusedAt(written, of.path), why: written.why };
    case "lost":
      throw new SessionLost(written.message);
    default:
      return assertNever(written);
  }
}

const keptOther = (path: string): Moved => ({
  kind: "kept",
  cause: { kind: "file-changed-unwritten", path },
});

const whyUnreadable = (path: string, refusal: { why: HostRefusal } | null): PlainCause =>
  refusal ? refusedAt({ why: refusal.why, detail: "" }, path) : { kind: "file-unreadable", path };

/**
 * Takes what the step has changed out of a file that somebody else has changed since: over the very bytes that were
 * seen, or not at all. Rejects with `SessionLost`.
 */
async function rollBackLines(remote: RemoteSession, of: FileOfStep, there: Uint8Array): Promise<Moved> {
  const { file, step, newKey } = of;
  const { path } = file;
  const change = await findChange(remote, of);
  if (!change)
    return hasWorkOf(file, step, there, newKey)
      ? repairApproved(remote, of, there, { kind: "no-copy", path })
      : { kind: "moved" };
  const rolledBack = rollBack(there, change);
  if (rolledBack.kind === "unsure")
    return repairApproved(remote, of, there, { kind: "own-lines-changed", path });
  if (rolledBack.out.length + rolledBack.back.length === 0) return { kind: "moved" };
  const { out: gone, back } = rolledBack;
  const note = { kind: "lines-rolled-back", path, out: gone.length, back: back.length } as const;
  return writeOver(remote, of, there, { bytes: rolledBack.bytes, note });
}

/** What only a person can decide: done if a person has approved these very bytes, otherwise reported. */
async function repairApproved(
  remote: RemoteSession,
  of: FileOfStep,
  there: Uint8Array,
  cause: PlainCause,
): Promise<Moved> {
  const { file, step, newKey, approved } = of;
  const own = linesOfStep(file, step, newKey);
  if (!own) return { kind: "kept", cause };
  const { bytes, out, back } = repairLines(there, own);
  const [over, to] = [hashBytes(there), hashBytes(bytes)];
  const lines = { takeOut: out.map(writeLatin1), putBack: back.map(writeLatin1) };
  if (approved?.over !== over || approved.to !== to)
    return { kind: "kept", cause, repair: { over, to, ...lines } };
  const note = { kind: "repaired", path: file.path, out: out.length, back: back.length } as const;
  return over === to ? { kind: "moved", note } : writeOver(remote, of, there, { bytes, note });
}

const writeLatin1 = (line: string): string => writeExactly(Buffer.from(line, "latin1"));

/**
 * Over these very bytes, or not at all; also if no copy is left of what the run has found there. Rejects with
 * `SessionLost`.
 */
async function writeOver(
  remote: RemoteSession,
  { file: { path }, index, step, token }: FileOfStep,
  there: Uint8Array,
  { bytes, note }: { bytes: Uint8Array; note?: RunNote },
): Promise<Moved> {
  const before = hashBytes(there);
  const { at, removed, inserted } = trim({ at: 0, removed: there, inserted: bytes });
  const written = await write(remote, {
    // Under this name a copy of exactly these bytes is kept.
    path,
    token,
    id: `${writeIdOf(index, step)}${before.slice(0, 8)}`,
    before,
    expected: [before],
    newHash: hashBytes(bytes),
    splices: [{ at, removed: removed.length, inserted }],
  });
  switch (written.kind) {
    case "written":
      return note === undefined ? { kind: "moved" } : { kind: "moved", note };
    case "changed":
      return { kind: "kept", cause: { kind: "being-changed", path } };
    case "refused":
      return { kind: "kept", cause: refusedAt(written, path) };
    case "failed":
      return { kind: "unsure", cause: refusedAt(written, path), why: written.why };
    case "lost":
      throw new SessionLost(written.message);
    default:
      return assertNever(written);
  }
}

/** The bytes that the step found there, of which the host keeps a copy, and what the step made of them. */
async function findChange(remote: RemoteSession, { file, index, step, token, newKey }: FileOfStep) {
  const folder = file.path.slice(0, file.path.lastIndexOf("/"));
  const reading = await inspectFile(remote, `${folder}/.latchkey/${token}/before-${writeIdOf(index, step)}`);
  if (reading.kind === "lost") throw new SessionLost(reading.message);
  const { content } = reading.file;
  const { base } = content ? evaluateFile(file, content, newKey) : { base: null };
  const change = base && changeBetween(file, base, stagesOf(step), newKey);
  if (!content || !change || hashBytes(content) !== change.prior) return null;
  const edits = change.splices.map(({ at, removed, inserted }) => ({
    at,
    inserted,
    removed: content.subarray(at, at + removed),
  }));
  const planned = applyEdits(content, edits);
  if (planned === null) return null;
  // With neither line the account would be locked out.
  const isReplacing = step.phase === "grant" && newKey !== null;
  return { prior: content, planned, ...(isReplacing && { replaced: linesRemoved(file, newKey) }) };
}
