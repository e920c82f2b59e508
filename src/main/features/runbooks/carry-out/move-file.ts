import { earliest, judgeFile } from "#domain/rotation/run/judge-file.ts";
import type { Step } from "#domain/rotation/run/step.ts";
import type { Hand } from "#net/ssh/hand/hand.ts";
import { arm, write } from "#net/ssh/hand/host-files.ts";
import { lookAtFile } from "#net/ssh/hand/look.ts";
import { type HandRefusal, sayAnswer, sayRefusal } from "#net/ssh/hand/say-refusal.ts";
import { assertNever } from "#shared/model/assert-never.ts";
import type { DeadMan, FilePlan } from "#shared/model/plan.ts";
import type { RunFile } from "#shared/model/run.ts";
import { SessionLost } from "./run-context.ts";
import { changeBetween, linesRemoved, type StageChange, stagesOf, writeIdOf } from "./stage-bytes.ts";
import { takeLinesBack, writeOver } from "./take-lines-back.ts";

/** A file of a step, and what is known of the run there. */
export type FileOfStep = {
  file: FilePlan;
  index: number;
  step: Step;
  token: string;
  /** `type base64`. */
  newKey: string | null;
  /** What somebody has approved to be made of it. */
  approved: RunFile["repair"];
};

export type Guard = { way: DeadMan; seconds: number };

/** `said`: what is worth noting of it. `kept`: it is as it was, and why; `unsure`: nobody can say without another look. */
export type Moved =
  | { kind: "moved"; said?: string }
  | {
      kind: "kept" | "unsure";
      message: string;
      /** In the hand's word, where it refused or failed. */
      why?: HandRefusal;
      /** What a person has to decide on: over these bytes, to those, by lines that go and come. */
      repair?: { over: string; to: string; takeOut: readonly string[]; putBack: readonly string[] };
    };

/**
 * Brings a file to where the step ends, or back to where it began; whichever of them it is already. Of other bytes only
 * our own lines are taken back, and all else stays. Rejects with `SessionLost`.
 */
export async function moveFile(
  hand: Hand,
  of: FileOfStep,
  towards: "on" | "back",
  guard: Guard | null,
): Promise<Moved> {
  const { file, index, step, token, newKey } = of;
  const look = await lookAtFile(hand, file.path);
  if (look.kind === "lost") throw new SessionLost(look.message);
  const { content, refusal, state } = look.file;
  // The host itself has taken it away with what was written, or nothing was written yet.
  if (towards === "back" && state === "absent" && isMadeBy(of)) return { kind: "moved" };
  if (state !== "file" || !content)
    return {
      kind: "kept",
      message: sayUnread(file.path, refusal),
      ...(refusal && { why: refusal.why }),
    };
  const { seen, base } = judgeFile(file, content, newKey);
  const { from, to } = stagesOf(step);
  const change = base && changeBetween(file, base, { from, to }, newKey);
  const isOne = seen === earliest(file, from) || seen === earliest(file, to);
  if (!change || !isOne) {
    if (towards === "on") return keptOther(file.path);
    return takeLinesBack(hand, of, content);
  }
  const id = writeIdOf(index, step);
  const isThere = seen === earliest(file, towards === "on" ? to : from);
  if (guard && !isThere) {
    const armed = await arm(hand, {
      path: file.path,
      id,
      token,
      ...guard,
      wrote: change.wanted,
      prior: change.prior,
      putBack: step.phase === "remove" ? linesRemoved(file, newKey) : null,
      isCreated: isMadeBy(of),
    });
    if (armed.kind === "lost") throw new SessionLost(armed.message);
    if (armed.kind !== "armed") return { kind: "kept", message: sayAnswer(armed, file.path), why: armed.why };
  }
  // What is there already is written once more: whatever an earlier try has left is settled so.
  const moved = await put(hand, { path: file.path, id, token }, change, towards);
  // Whoever owns the folder has taken the copy away; what it was is known to the byte.
  if (towards === "back" && !isThere && moved.kind === "kept" && moved.why === "no-before")
    return writeOver(hand, of, content, { bytes: change.from });
  return moved.kind === "kept" && isThere && towards === "back" ? { kind: "moved" } : moved;
}

/** Before that step there was no such file. */
const isMadeBy = ({ file, step }: FileOfStep): boolean => file.creates !== undefined && step.phase === "add";

async function put(
  hand: Hand,
  of: { path: string; id: string; token: string },
  { prior, wanted, splices }: StageChange,
  towards: "on" | "back",
): Promise<Moved> {
  const [goal, left] = towards === "on" ? [wanted, prior] : [prior, wanted];
  const written = await write(hand, {
    ...of,
    before: prior,
    expected: [left, goal],
    wanted: goal,
    splices: towards === "on" ? splices : [],
  });
  switch (written.kind) {
    case "written":
      return { kind: "moved" };
    case "changed":
      return keptOther(of.path);
    case "refused":
      return { kind: "kept", message: sayAnswer(written, of.path), why: written.why };
    case "failed":
      return { kind: "unsure", message: sayAnswer(written, of.path), why: written.why };
    case "lost":
      throw new SessionLost(written.message);
    default:
      return assertNever(written);
  }
}

const keptOther = (path: string): Moved => ({
  kind: "kept",
  message: `${path} was changed by somebody else since the plan was made; nothing was written to it: plan it again`,
});

const sayUnread = (path: string, refusal: { why: Parameters<typeof sayRefusal>[0] } | null): string =>
  refusal ? sayRefusal(refusal.why, path) : `${path} cannot be read any more`;
