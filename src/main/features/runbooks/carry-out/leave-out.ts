/**
 * What one account of a host does to its own folder stops that account's part of a run, and nobody else's: its files are left
 * out from that phase on, by name, as long as nothing of the phase stands in them. Why it cannot be written there is said by what runs
 * as that account, so none of these words is told from another: in a folder that is not root's each is the account's own.
 */
import { earliest, judgeFile } from "#domain/rotation/run/judge-file.ts";
import { canDoWithout, leftOutOf } from "#domain/rotation/run/left-out-files.ts";
import { isWithout, type Step } from "#domain/rotation/run/step.ts";
import type { Hand } from "#net/ssh/hand/hand.ts";
import { lookAtFile } from "#net/ssh/hand/look.ts";
import type { HandRefusal } from "#net/ssh/hand/say-refusal.ts";
import type { FilePlan } from "#shared/model/plan.ts";
import type { RunFile } from "#shared/model/run.ts";
import type { Unheld } from "./locks.ts";
import { hostOf, newKeyLine, type RunContext, SessionLost } from "./run-context.ts";
import { filesOf, hasWorkOf, stagesOf } from "./stage-bytes.ts";

/** The files of a host that a step is about, by their places in the plan, but for those that are left out. */
export function filesLeft(run: RunContext, step: Step) {
  const host = hostOf(run, step);
  const leftOut = leftOutOf(run.journal.files(), host);
  return filesOf(host.files, step).filter(({ index }) => !isWithout(leftOut[index], step.phase));
}

/** Those whose folders are held while a step is done: also what only another step changes. */
export function filesToHold(run: RunContext, step: Step): FilePlan[] {
  const host = hostOf(run, step);
  const leftOut = leftOutOf(run.journal.files(), host);
  return host.files.filter((_, index) => !isWithout(leftOut[index], step.phase));
}

/** Accounts that a step is not proved for, as all their files are left out of it. */
export function accountsLeftOut(run: RunContext, step: Step): Set<string> {
  const host = hostOf(run, step);
  const held = new Set(filesToHold(run, step));
  const kept = new Set([...held].flatMap(accountsOf));
  return new Set(
    host.files
      .filter((file) => !held.has(file))
      .flatMap(accountsOf)
      .filter((account) => !kept.has(account)),
  );
}

const accountsOf = ({ account, others = [] }: FilePlan): string[] => [account, ...others];

type Left = { file: FilePlan; why: string };

/**
 * Leaves out the files of these folders. Null, or why the step cannot go on without them: another run holds a folder of
 * root's, one is root's own, something of the step stands there, or nothing would be left.
 */
export async function leaveOut(
  run: RunContext,
  step: Step,
  hand: Hand,
  unheld: readonly Unheld[],
): Promise<string | null> {
  const left: Left[] = [];
  for (const { files, why, message } of unheld) {
    if (why === null || run.plan.kind === "rotate-host-key") return message;
    for (const file of files) {
      if (file.uid === 0 || (await standsIn(run, step, hand, file))) return message;
      left.push({ file, why: message });
    }
  }
  if (!isEnoughLeft(run, step, new Set(left.map(({ file }) => file)))) return left[0]?.why ?? null;
  const { host, port } = hostOf(run, step);
  for (const { file, why } of left)
    await run.journal.leaveOut(step.ordinal, {
      host,
      port,
      path: file.path,
      phase: step.phase,
      fate: "left-out",
      why,
      takeOut: [],
      putBack: [],
      repair: null,
    });
  return null;
}

/**
 * Whether the owner of a file's folder, who is not root, can have brought about that nothing is written there any more, while
 * what the step has written stands, or is not shown to us. Rejects with `SessionLost`.
 */
export async function isOwnersDoing(
  run: RunContext,
  step: Step,
  hand: Hand,
  { file, why }: { file: FilePlan; why: HandRefusal | undefined },
): Promise<boolean> {
  if (why === undefined || file.uid === 0) return false;
  const look = await lookAtFile(hand, file.path);
  if (look.kind === "lost") throw new SessionLost(look.message);
  return look.file.content === null || (await standsIn(run, step, hand, file));
}

/** Whether something of the step stands in the file. */
export async function standsIn(run: RunContext, step: Step, hand: Hand, file: FilePlan): Promise<boolean> {
  const look = await lookAtFile(hand, file.path);
  if (look.kind === "lost") throw new SessionLost(look.message);
  const { content } = look.file;
  if (!content) return false;
  const newKey = newKeyLine(run);
  return (
    judgeFile(file, content, newKey).seen !== earliest(file, stagesOf(step).from) &&
    hasWorkOf(file, step, content, newKey)
  );
}

function isEnoughLeft(run: RunContext, step: Step, without: ReadonlySet<FilePlan>): boolean {
  const ofHost = filesLeft(run, step).filter(({ file }) => !without.has(file));
  return ofHost.length > 0 || canDoWithout(run.plan, hostOf(run, step), step.phase, run.journal.files());
}

/** What a run that is over says of what it has left out; empty: nothing. */
export const sayLeftOut = (files: readonly RunFile[]): string =>
  files
    .filter(({ fate }) => fate === "left-out")
    .map(({ host, path, why }) => `${path} on ${host} was left out: ${why}`)
    .join("; ");
