import { applyEdits, trim } from "#domain/rotation/bytes/edit.ts";
import { repairLines } from "#domain/rotation/bytes/repair-lines.ts";
import { takeBack } from "#domain/rotation/bytes/take-back.ts";
import { hashBytes, judgeFile } from "#domain/rotation/run/judge-file.ts";
import type { Hand } from "#net/ssh/hand/hand.ts";
import { write } from "#net/ssh/hand/host-files.ts";
import { lookAtFile } from "#net/ssh/hand/look.ts";
import { sayAnswer } from "#net/ssh/hand/say-refusal.ts";
import { assertNever } from "#shared/model/assert-never.ts";
import { sayCount } from "#shared/text/count.ts";
import { writeExactly } from "#shared/text/exact-bytes.ts";
import type { FileOfStep, Moved } from "./move-file.ts";
import { SessionLost } from "./run-context.ts";
import { changeBetween, hasWorkOf, linesOfStep, linesRemoved, stagesOf, writeIdOf } from "./stage-bytes.ts";

/**
 * Takes what the step has made of a file out of it, now that somebody else has changed it: over the very bytes that were
 * seen, or not at all. Rejects with `SessionLost`.
 */
export async function takeLinesBack(hand: Hand, of: FileOfStep, there: Uint8Array): Promise<Moved> {
  const { file, step, newKey } = of;
  const { path } = file;
  const change = await findChange(hand, of);
  if (!change)
    return hasWorkOf(file, step, there, newKey)
      ? repairApproved(hand, of, there, sayNoCopy(path))
      : { kind: "moved" };
  const taken = takeBack(there, change);
  if (taken.kind === "unsure") return repairApproved(hand, of, there, sayUnsure(path));
  if (taken.out.length + taken.back.length === 0) return { kind: "moved" };
  return writeOver(hand, of, there, { bytes: taken.bytes, said: sayTaken(path, taken) });
}

/** What nobody can decide but a person: done where a person has approved the very bytes, else told. */
async function repairApproved(
  hand: Hand,
  of: FileOfStep,
  there: Uint8Array,
  message: string,
): Promise<Moved> {
  const { file, step, newKey, approved } = of;
  const own = linesOfStep(file, step, newKey);
  if (!own) return { kind: "kept", message };
  const { bytes, out, back } = repairLines(there, own);
  const [over, to] = [hashBytes(there), hashBytes(bytes)];
  const lines = { takeOut: out.map(writeLatin1), putBack: back.map(writeLatin1) };
  if (approved?.over !== over || approved.to !== to)
    return { kind: "kept", message, repair: { over, to, ...lines } };
  const said = `${file.path} was repaired as it was approved: ${sayCount(out.length, "line")} taken out, ${sayCount(back.length, "line")} put back`;
  return over === to ? { kind: "moved", said } : writeOver(hand, of, there, { bytes, said });
}

const writeLatin1 = (line: string): string => writeExactly(Buffer.from(line, "latin1"));

/** Over these very bytes, or not at all; also where no copy of what the run has found there is left. Rejects with `SessionLost`. */
export async function writeOver(
  hand: Hand,
  { file: { path }, index, step, token }: FileOfStep,
  there: Uint8Array,
  { bytes, said }: { bytes: Uint8Array; said?: string },
): Promise<Moved> {
  const before = hashBytes(there);
  const { at, removed, inserted } = trim({ at: 0, removed: there, inserted: bytes });
  const written = await write(hand, {
    // A copy of these bytes and no others is kept under this name.
    path,
    token,
    id: `${writeIdOf(index, step)}${before.slice(0, 8)}`,
    before,
    expected: [before],
    wanted: hashBytes(bytes),
    splices: [{ at, removed: removed.length, inserted }],
  });
  switch (written.kind) {
    case "written":
      return { kind: "moved", ...(said !== undefined && { said }) };
    case "changed":
      return {
        kind: "kept",
        message: `${path} is being changed by somebody else; look at it, and try again`,
      };
    case "refused":
      return { kind: "kept", message: sayAnswer(written, path) };
    case "failed":
      return { kind: "unsure", message: sayAnswer(written, path), why: written.why };
    case "lost":
      throw new SessionLost(written.message);
    default:
      return assertNever(written);
  }
}

/** The bytes that the step has found there, of which the host keeps a copy, and what it made of them. */
async function findChange(hand: Hand, { file, index, step, token, newKey }: FileOfStep) {
  const folder = file.path.slice(0, file.path.lastIndexOf("/"));
  const look = await lookAtFile(hand, `${folder}/.latchkey/${token}/before-${writeIdOf(index, step)}`);
  if (look.kind === "lost") throw new SessionLost(look.message);
  const { content } = look.file;
  const { base } = content ? judgeFile(file, content, newKey) : { base: null };
  const change = base && changeBetween(file, base, stagesOf(step), newKey);
  if (!content || !change || hashBytes(content) !== change.prior) return null;
  const edits = change.splices.map(({ at, removed, inserted }) => ({
    at,
    inserted,
    removed: content.subarray(at, at + removed),
  }));
  const wanted = applyEdits(content, edits);
  if (wanted === null) return null;
  // Without either line the account would be locked out.
  const isReplacing = step.phase === "add" && newKey !== null;
  return { prior: content, wanted, ...(isReplacing && { replaced: linesRemoved(file, newKey) }) };
}

type Lines = { out: readonly string[]; back: readonly string[] };

const sayTaken = (path: string, { out, back }: Lines): string =>
  [
    `${path} was changed by somebody else`,
    ...(out.length > 0 ? [`${sayCount(out.length, "line")} of this run taken out of it`] : []),
    ...(back.length > 0 ? [`${sayCount(back.length, "line")} put back into it`] : []),
    "all else is as it was",
  ].join("; ");

const sayNoCopy = (path: string): string =>
  `${path} was changed by somebody else, and there is no copy of what it was: take the lines of this run out of it by hand`;

const sayUnsure = (path: string): string =>
  `${path} was changed by somebody else in the very lines of this run: look at it`;
