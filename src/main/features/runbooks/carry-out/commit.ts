import type { Step } from "#domain/rotation/run/step.ts";
import type { Hand } from "#net/ssh/hand/hand.ts";
import type { FilePlan } from "#shared/model/plan.ts";
import { handOf, holdersOf } from "./hand-over.ts";
import { giveLocksBack, takeLocks } from "./locks.ts";
import { keepsOld } from "./old-halves.ts";
import { nearOf, type RunContext, SessionLost } from "./run-context.ts";

/** Clears away what the run has kept to take itself back. There is no way back from here. */
export async function commitPlace(run: RunContext, step: Step): Promise<void> {
  await run.journal.intend(step.ordinal, "to clear away what was kept");
  const hand = await handOf(run, step);
  const holders = holdersOf(run, step);
  const isKept = keepsOld(run) && holders.length > 0;
  for (const holder of holders) {
    const outcome = await run.holders.commit(nearOf(run), holder, hand, isKept);
    if (outcome.kind === "lost") throw new SessionLost(outcome.message);
    if (outcome.kind === "failed") return run.journal.mark(step.ordinal, "needs-attention", outcome.message);
  }
  const files = step.host === null ? [] : (run.plan.hosts[step.host]?.files ?? []);
  const left = hand && (await clearFolders(run, step, hand, files));
  if (left !== null) return run.journal.mark(step.ordinal, "needs-attention", left);
  const what = isKept
    ? "the old private half is kept beside the new one: the old key still counts somewhere"
    : "nothing is left of the run here";
  return run.journal.mark(step.ordinal, "proved", what);
}

/** An account that keeps us out of its own folder keeps what is there; nothing of it is needed any more. */
async function clearFolders(
  run: RunContext,
  { ordinal }: Step,
  hand: Hand,
  files: readonly FilePlan[],
): Promise<string | null> {
  const { unheld } = await takeLocks(hand, files, run);
  const held = unheld.find((one) => one.why === null || one.files.some(({ uid }) => uid === 0));
  if (held) return held.message;
  for (const { message } of unheld) await run.journal.note(ordinal, `nothing was cleared away: ${message}`);
  const without = new Set(unheld.flatMap((one) => one.files));
  return giveLocksBack(
    hand,
    files.filter((file) => !without.has(file)),
    run.token,
  );
}
