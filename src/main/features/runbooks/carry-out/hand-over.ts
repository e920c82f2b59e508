import type { Step } from "#domain/rotation/run/step.ts";
import type { Hand } from "#net/ssh/hand/hand.ts";
import type { HolderPlan } from "#shared/model/plan.ts";
import { sayCount } from "#shared/text/count.ts";
import { enterHost, nearOf, type RunContext, SessionLost } from "./run-context.ts";

/** The private halves of a place: of a host, or of this computer. */
export const holdersOf = ({ plan }: RunContext, { host }: Pick<Step, "host">): readonly HolderPlan[] =>
  host === null ? plan.here : (plan.hosts[host]?.holders ?? []);

export const handOf = async (run: RunContext, { host }: Pick<Step, "host">): Promise<Hand | null> =>
  host === null ? null : (await enterHost(run, host)).hand;

/** Puts the new half in the place of each old one, which stays beside it. */
export async function handOver(run: RunContext, step: Step): Promise<void> {
  const holders = holdersOf(run, step);
  await run.journal.intend(step.ordinal, `to put the new key in ${sayCount(holders.length, "place")}`);
  const hand = await handOf(run, step);
  for (const holder of holders) {
    const outcome = await run.holders.handOver(nearOf(run), holder, hand);
    if (outcome.kind === "lost") throw new SessionLost(outcome.message);
    if (outcome.kind === "failed") return undoHandOver(run, step, { why: outcome.message, as: "failed" });
    await run.journal.note(step.ordinal, `put in place: ${holder.path}`, "acted");
  }
  await run.journal.mark(step.ordinal, "acted", `put it in ${sayCount(holders.length, "place")}`);
  await proveHandOver(run, step);
}

/** That the new halves stand there is seen; that they log in was proved before, and is again before anything is removed. */
export async function proveHandOver(run: RunContext, step: Step): Promise<void> {
  const hand = await handOf(run, step);
  for (const holder of holdersOf(run, step)) {
    const seen = await run.holders.look(nearOf(run), holder, hand);
    if (seen !== "new" && seen !== "committed") {
      const why = `the new key is not at ${holder.path}`;
      return undoHandOver(run, step, { why, as: "failed" });
    }
  }
  await run.journal.mark(step.ordinal, "proved", "the new key is in its places");
}

export async function undoHandOver(
  run: RunContext,
  step: Step,
  { why, as }: { why: string; as: "failed" | "undone" },
): Promise<void> {
  const hand = await handOf(run, step);
  const left: string[] = [];
  for (const holder of holdersOf(run, step)) {
    const outcome = await run.holders.undo(nearOf(run), holder, hand);
    if (outcome.kind === "lost") throw new SessionLost(outcome.message);
    if (outcome.kind === "failed") left.push(outcome.message);
  }
  if (left.length > 0)
    return run.journal.mark(step.ordinal, "needs-attention", [why, ...left].filter(Boolean).join("; "));
  const said = as === "undone" ? "taken back" : `${why}; it was taken back`;
  return run.journal.mark(step.ordinal, as, said);
}
