import type { Step } from "#domain/rotation/run/step.ts";
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
  const left = hand && ((await takeLocks(hand, files, run)) ?? (await giveLocksBack(hand, files, run.token)));
  if (left !== null) return run.journal.mark(step.ordinal, "needs-attention", left);
  const what = isKept
    ? "the old private half is kept beside the new one: the old key still counts somewhere"
    : "nothing is left of the run here";
  return run.journal.mark(step.ordinal, "proved", what);
}
