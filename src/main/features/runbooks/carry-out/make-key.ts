import type { Step } from "#domain/rotation/run/step.ts";
import { described } from "#shared/model/step-result.ts";
import { handOf } from "./hand-over.ts";
import { nearOf, type RunContext, SessionLost } from "./run-context.ts";

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
      cause: described(made.message),
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
      left: [described(outcome.message)],
    });
  return run.journal.mark(step.ordinal, as, { kind: "rolled-back", as: "key-removed", left: [] });
}
