import type { Back, Step } from "#domain/runs/step.ts";
import type { Hand } from "#net/ssh/hand/hand.ts";
import {
  enterHost,
  nearOf,
  type RunContext,
  resultOf,
  SessionLost,
  stuckOf,
} from "#runs/engine/run-context.ts";
import { type HolderPlan, holdersByHost, holdersHere } from "#shared/model/plan.ts";
import type { Cause } from "#shared/model/step-result.ts";

/** Makes the new pair where its private half is to stand. One that an earlier try has made is taken. */
export async function makeKey(run: RunContext, step: Step): Promise<void> {
  // On a host, a try that failed has cleared away what it had begun, or said that it could not; here it may have left that.
  const isFresh = run.journal
    .steps()
    .some(
      ({ ordinal, at, state }) =>
        ordinal === step.ordinal && (step.host === null ? at === null : state === "planned"),
    );
  await run.journal.intend(step.ordinal, { kind: "make-key" });
  const hand = await handOf(run, step);
  const made = await run.holders.makeKey(nearOf(run), hand, isFresh);
  if (made.kind === "failed")
    return run.journal.mark(step.ordinal, "failed", {
      kind: "failed",
      cause: made.cause,
      stands: "not-said",
      left: [],
    });
  const { line, fingerprint, secrets } = made;
  run.made.newKey = { line, fingerprint };
  run.made.secrets = secrets;
  // Nothing may be added anywhere before it is known which key this is.
  await run.journal.setKey({ line, fingerprint });
  await run.journal.mark(step.ordinal, "proved", {
    kind: "verified",
    evidence: [{ kind: "key-made", fingerprint }],
  });
}

export async function undoMakeKey(run: RunContext, step: Step, as: "failed" | "undone"): Promise<void> {
  const hand = await handOf(run, step);
  const outcome = await run.holders.undoMake(nearOf(run), hand);
  if (outcome.kind === "lost") throw new SessionLost(outcome.message);
  if (outcome.kind === "failed")
    return run.journal.mark(step.ordinal, "needs-attention", {
      kind: "needs-attention",
      cause: null,
      left: [outcome.cause],
    });
  return run.journal.mark(step.ordinal, as, { kind: "rolled-back", as: "key-removed", left: [] });
}

/** The private halves of a place: of a host, or of this computer. */
export const holdersOf = ({ plan }: RunContext, { host }: Pick<Step, "host">): readonly HolderPlan[] =>
  host === null ? holdersHere(plan) : (holdersByHost(plan)[host] ?? []);

export const handOf = async (run: RunContext, { host }: Pick<Step, "host">): Promise<Hand | null> =>
  host === null ? null : (await enterHost(run, host)).hand;

/** Puts the new half in the place of each old one, which stays beside it. */
export async function handOver(run: RunContext, step: Step): Promise<void> {
  const holders = holdersOf(run, step);
  await run.journal.intend(step.ordinal, { kind: "install-key", locations: holders.length });
  const hand = await handOf(run, step);
  for (const holder of holders) {
    const outcome = await run.holders.handOver(nearOf(run), holder, hand);
    if (outcome.kind === "lost") throw new SessionLost(outcome.message);
    if (outcome.kind === "failed") return undoHandOver(run, step, { as: "failed", cause: outcome.cause });
    await run.journal.note(step.ordinal, { kind: "put-in-place", paths: [holder.path] }, "acted");
  }
  await run.journal.mark(step.ordinal, "acted", {
    kind: "acted",
    what: { kind: "installed-key", locations: holders.length },
  });
  await proveHandOver(run, step);
}

/** That the new halves stand there is seen; that they log in was proved before, and is again before anything is removed. */
export async function proveHandOver(run: RunContext, step: Step): Promise<void> {
  const hand = await handOf(run, step);
  for (const holder of holdersOf(run, step)) {
    const seen = await run.holders.look(nearOf(run), holder, hand);
    if (seen !== "new" && seen !== "committed")
      return undoHandOver(run, step, {
        as: "failed",
        cause: { kind: "key-not-installed", path: holder.path },
      });
  }
  await run.journal.mark(step.ordinal, "proved", {
    kind: "verified",
    evidence: [{ kind: "key-in-place", isHere: false }],
  });
}

export async function undoHandOver(run: RunContext, step: Step, back: Back): Promise<void> {
  const hand = await handOf(run, step);
  const left: Cause[] = [];
  for (const holder of holdersOf(run, step)) {
    const outcome = await run.holders.undo(nearOf(run), holder, hand);
    if (outcome.kind === "lost") throw new SessionLost(outcome.message);
    if (outcome.kind === "failed") left.push(outcome.cause);
  }
  if (left.length > 0) return run.journal.mark(step.ordinal, "needs-attention", stuckOf(back, left));
  return run.journal.mark(step.ordinal, back.as, resultOf(back, "rolled-back"));
}
