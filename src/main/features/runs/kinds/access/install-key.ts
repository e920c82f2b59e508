import type { Back, Step } from "#domain/runs/step.ts";
import type { Hand } from "#net/ssh/session/remote-session.ts";
import {
  acted,
  enterHost,
  failed,
  needsAttention,
  rolledBack,
  SessionLost,
  type StepOutcome,
  verified,
} from "#runs/engine/runbook.ts";
import { type PrivateKeyPlan, privateKeysByHost, privateKeysHere } from "#shared/model/runs/plan.ts";
import type { RunStep } from "#shared/model/runs/run.ts";
import type { Cause } from "#shared/model/runs/step-result.ts";
import { type KeyRun, nearOf } from "./key-run.ts";

/** Makes the new pair where its private key is to stand. One that an earlier try has made is taken. */
export async function makeKey(run: KeyRun, step: Step, before: RunStep): Promise<StepOutcome> {
  // On a host, a try that failed has cleared away what it had begun, or said that it could not; here it may have left that.
  const isFresh = step.host === null ? before.at === null : before.state === "planned";
  const hand = await sessionOf(run, step);
  const made = await run.holders.makeKey(nearOf(run), hand, isFresh);
  if (made.kind === "failed") return failed(made.cause);
  const { line, fingerprint, secrets } = made;
  run.made.newKey = { line, fingerprint };
  run.made.secrets = secrets;
  // Nothing may be added anywhere before it is known which key this is.
  await run.journal.setKey({ line, fingerprint });
  return verified([{ kind: "key-made", fingerprint }]);
}

export async function undoCreateKey(run: KeyRun, step: Step, { as }: Back): Promise<StepOutcome> {
  const hand = await sessionOf(run, step);
  const outcome = await run.holders.undoMake(nearOf(run), hand);
  if (outcome.kind === "lost") throw new SessionLost(outcome.message);
  if (outcome.kind === "failed") return needsAttention([outcome.cause]);
  return { state: as, result: { kind: "rolled-back", as: "key-removed", left: [] }, verification: null };
}

/** The private keys of a place: of a host, or of this computer. */
export const privateKeysAt = ({ plan }: KeyRun, { host }: Pick<Step, "host">): readonly PrivateKeyPlan[] =>
  host === null ? privateKeysHere(plan) : (privateKeysByHost(plan)[host] ?? []);

export const sessionOf = async (run: KeyRun, { host }: Pick<Step, "host">): Promise<Hand | null> =>
  host === null ? null : (await enterHost(run, host)).hand;

/** Puts the new half in the place of each old one, which stays beside it. */
export async function handOver(run: KeyRun, step: Step): Promise<StepOutcome> {
  const holders = privateKeysAt(run, step);
  const hand = await sessionOf(run, step);
  for (const holder of holders) {
    const outcome = await run.holders.handOver(nearOf(run), holder, hand);
    if (outcome.kind === "lost") throw new SessionLost(outcome.message);
    if (outcome.kind === "failed") return undoInstallKey(run, step, { as: "failed", cause: outcome.cause });
    await run.journal.note(step.ordinal, { kind: "put-in-place", paths: [holder.path] }, "acted");
  }
  return acted({ kind: "installed-key", locations: holders.length });
}

/** That the new halves stand there is seen; that they log in was proved before, and is again before anything is removed. */
export async function verifyInstalledKey(run: KeyRun, step: Step): Promise<StepOutcome> {
  const hand = await sessionOf(run, step);
  for (const holder of privateKeysAt(run, step)) {
    const seen = await run.holders.look(nearOf(run), holder, hand);
    if (seen !== "new" && seen !== "committed")
      return undoInstallKey(run, step, {
        as: "failed",
        cause: { kind: "key-not-installed", path: holder.path },
      });
  }
  return verified([{ kind: "key-in-place", isHere: false }]);
}

export async function undoInstallKey(run: KeyRun, step: Step, back: Back): Promise<StepOutcome> {
  const hand = await sessionOf(run, step);
  const left: Cause[] = [];
  for (const holder of privateKeysAt(run, step)) {
    const outcome = await run.holders.undo(nearOf(run), holder, hand);
    if (outcome.kind === "lost") throw new SessionLost(outcome.message);
    if (outcome.kind === "failed") left.push(outcome.cause);
  }
  return left.length > 0 ? needsAttention(left, back) : rolledBack(back, "rolled-back");
}
