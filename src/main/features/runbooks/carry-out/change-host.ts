import { isFirst } from "#domain/rotation/run/back-task.ts";
import type { Step, Task } from "#domain/rotation/run/step.ts";
import type { Inside } from "#net/ssh/door.ts";
import { sayCount } from "#shared/text/count.ts";
import { disarmAll, giveLocksBack, takeLocks } from "./locks.ts";
import { type FileOfStep, type Guard, moveFile } from "./move-file.ts";
import type { ProofOutcome } from "./prove-accounts.ts";
import { proveChange, reloadAfterBack } from "./prove-change.ts";
import { enterHost, hostOf, newKeyLine, type RunContext } from "./run-context.ts";
import { filesOf, writeIdOf } from "./stage-bytes.ts";

/** A proof that nobody answers is asked for again for so long; then the change is taken back. */
const PROOF_PATIENCE_MS = 120_000;
const FIRST_PAUSE_MS = 1_000;
const LONGEST_PAUSE_MS = 20_000;

/** What the step says while only a log can tell that the new key logs in. */
export const AWAITS_LOG = "waits for the journal to tell of a login by the new key";

/** Adds the new lines to a host's files, or removes the old ones; proves it, or takes it back at once. */
export async function changeHost(run: RunContext, step: Step): Promise<void> {
  const host = hostOf(run, step);
  const files = filesOf(host.files, step);
  await run.journal.intend(step.ordinal, sayIntent(step, files.length));
  const inside = await enterHost(run, step.host ?? -1);
  if (step.phase === "remove" && run.plan.newKey !== null) {
    const before = await provePatiently(run, { ...step, phase: "add" }, inside);
    if (before.kind !== "proved" && before.kind !== "awaits-log")
      return fail(run, step, `nothing was removed: ${before.message}`);
    await run.journal.note(
      step.ordinal,
      `before the removal: ${before.said.join("; ") || "nothing to prove"}`,
    );
  }
  const held = await takeLocks(inside.hand, host.files, run);
  if (held !== null) return fail(run, step, held);
  const guard: Guard | null = host.deadMan && {
    ...{ way: host.deadMan, seconds: run.plan.options.deadManSeconds },
  };
  for (const { file, index } of files) {
    const moved = await moveFile(inside.hand, fileOf(run, step, index), "on", guard);
    if (moved.kind === "moved") await run.journal.note(step.ordinal, `wrote ${file.path}`, "acted");
    else return takeBack(run, step, inside, { why: moved.message, as: "failed" });
  }
  await run.journal.mark(step.ordinal, "acted", `wrote ${sayCount(files.length, "file")}`);
  await proveHost(run, step);
}

/** Proves what stands already. */
export async function proveHost(run: RunContext, step: Step): Promise<void> {
  const inside = await enterHost(run, step.host ?? -1);
  const host = hostOf(run, step);
  const held = await takeLocks(inside.hand, host.files, run);
  if (held !== null) return run.journal.mark(step.ordinal, "needs-attention", held);
  const proof = await provePatiently(run, step, inside);
  if (proof.kind !== "proved" && proof.kind !== "awaits-log")
    return takeBack(run, step, inside, { why: proof.message, as: "failed" });
  const off = await disarmAll(inside.hand, armedOf(run, step));
  const why = "the host itself has taken it back: the proof came too late";
  if (off === "fired") return takeBack(run, step, inside, { why, as: "failed" });
  for (const { index } of filesOf(host.files, step)) {
    const moved = await moveFile(inside.hand, fileOf(run, step, index), "on", null);
    if (moved.kind !== "moved") return takeBack(run, step, inside, { why: moved.message, as: "failed" });
  }
  if (proof.kind === "awaits-log") return run.journal.mark(step.ordinal, "acted", AWAITS_LOG);
  return run.journal.mark(step.ordinal, "proved", proof.said.join("; ") || "nothing new is to log in");
}

/** Takes a step of a host back; where it was the first there, with all that the run has kept. */
export async function undoHost(
  run: RunContext,
  { step, as }: Extract<Task, { what: "undo" }>,
): Promise<void> {
  const inside = await enterHost(run, step.host ?? -1);
  const host = hostOf(run, step);
  const held = await takeLocks(inside.hand, host.files, run);
  if (held !== null) return needHands(run, step, held);
  await takeBack(run, step, inside, { why: "", as });
}

type Back = { why: string; as: "failed" | "undone" };

/**
 * Through the session that is held. Of what somebody else has written meanwhile only our own lines go; a file that cannot
 * go back keeps none of the others from it.
 */
async function takeBack(run: RunContext, step: Step, inside: Inside, { why, as }: Back): Promise<void> {
  const { hand } = inside;
  const host = hostOf(run, step);
  await disarmAll(hand, armedOf(run, step));
  const stuck: string[] = [];
  for (const { index } of filesOf(host.files, step)) {
    const moved = await moveFile(hand, fileOf(run, step, index), "back", null);
    if (moved.kind !== "moved") stuck.push(moved.message);
    else if (moved.said) await run.journal.note(step.ordinal, moved.said);
  }
  const unread = stuck.length > 0 ? null : await reloadAfterBack(run, host, inside);
  if (unread !== null) stuck.push(unread);
  if (stuck.length === 0 && isFirst(run.plan, step)) {
    const left = await giveLocksBack(hand, host.files, run.token);
    if (left !== null) stuck.push(left);
  }
  if (stuck.length > 0) return needHands(run, step, joinWhys(why, stuck.join("; ")));
  await run.journal.mark(step.ordinal, as, as === "undone" ? "taken back" : `${why}; it was taken back`);
}

const needHands = (run: RunContext, step: Step, why: string): Promise<void> =>
  run.journal.mark(step.ordinal, "needs-attention", why);

/** Nothing was changed there. */
async function fail(run: RunContext, step: Step, why: string): Promise<void> {
  await run.journal.mark(step.ordinal, "failed", why);
}

const joinWhys = (...whys: readonly string[]): string =>
  whys.filter((why) => why !== "").join("; and it could not be taken back: ");

async function provePatiently(run: RunContext, step: Step, inside: Inside): Promise<ProofOutcome> {
  const begun = performance.now();
  for (let pause = FIRST_PAUSE_MS; ; pause = Math.min(pause * 2, LONGEST_PAUSE_MS)) {
    const proof = await proveChange(run, step, inside);
    const isOver = performance.now() - begun + pause > patienceOf(run);
    run.trace("proof", step.ordinal, step.phase, proof.kind);
    if (proof.kind !== "unsure" || isOver) return proof;
    await run.journal.say(step.ordinal, `is asked again: ${proof.message}`);
    await run.patience.wait(pause, run.signal);
  }
}

/** Well before the host would take it back by itself. */
const patienceOf = ({ plan }: RunContext): number =>
  Math.min(PROOF_PATIENCE_MS, (plan.options.deadManSeconds * 1_000 * 3) / 4);

const fileOf = (run: RunContext, step: Step, index: number): FileOfStep => {
  const file = hostOf(run, step).files[index];
  if (!file) throw new Error("a file of the step is not in the plan");
  return { file, index, step, token: run.token, newKey: newKeyLine(run) };
};

const armedOf = (run: RunContext, step: Step) =>
  filesOf(hostOf(run, step).files, step).map(({ file, index }) => ({
    ...{ path: file.path, id: writeIdOf(index, step), token: run.token },
  }));

const sayIntent = ({ phase }: Step, files: number): string =>
  phase === "remove"
    ? `to remove the old lines from ${sayCount(files, "file")}`
    : `to add the new lines to ${sayCount(files, "file")}`;
