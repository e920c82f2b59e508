import type { HostSession } from "#connect/host-sessions.ts";
import { isFirstAt } from "#domain/runs/file-steps.ts";
import { writeIdOf } from "#domain/runs/files/stages.ts";
import type { Back, Step } from "#domain/runs/step.ts";
import type { RemoteSession } from "#net/ssh/session/remote-session.ts";
import {
  acquireSession,
  acted,
  failed,
  hostOf,
  needsAttention,
  refusedAt,
  rolledBack,
  type StepOutcome,
  verified,
  waiting,
} from "#runs/engine/runbook.ts";
import { type FilePlan, type HostAddress, newKeyOf, verificationsOf } from "#shared/model/runs/plan.ts";
import type { AccessCheck, RunFileState, StepVerification } from "#shared/model/runs/run.ts";
import { type Cause, described, type Intent } from "#shared/model/runs/step-result.ts";
import { toEvidence } from "./check-access.ts";
import {
  disarmAll,
  filesLeft,
  filesToHold,
  giveLocksBack,
  isOwnersDoing,
  leaveOut,
  releaseLocks,
  standsIn,
  takeLocks,
  type Unheld,
} from "./hold-folders.ts";
import { type KeyRun, newKeyLine, type VerificationOutcome } from "./key-run.ts";
import { type FileOfStep, type Guard, type Moved, moveFile } from "./move-file.ts";

/** How long an inconclusive verification is repeated; after that the change is rolled back. */
const VERIFICATION_TIMEOUT_MS = 120_000;
const FIRST_PAUSE_MS = 1_000;
const LONGEST_PAUSE_MS = 20_000;

/** Adds the new lines to a host's files, or removes the old ones; verifies it, or rolls it back at once. */
export async function changeHost(run: KeyRun, step: Step): Promise<StepOutcome> {
  const host = hostOf(run, step);
  const session = await acquireSession(run, step.host ?? -1);
  if (step.phase === "revoke" && newKeyOf(run.plan) !== null) {
    const before = await verifyPatiently(run, { ...step, phase: "grant" }, session);
    if (!("evidence" in before)) return failed(before.cause, "nothing-removed");
    await run.journal.note(step.ordinal, {
      kind: "evidence",
      evidence: before.evidence,
      isBeforeRemoval: true,
    });
  }
  const { begun, unheld } = await takeLocks(session.remote, filesToHold(run, step), run);
  const blocked = await leaveOut(run, step, session.remote, unheld);
  if (blocked !== null) {
    // This run has nothing in the folders that it has just locked.
    await giveLocksBack(session.remote, begun, run.token);
    return failed(blocked);
  }
  const files = filesLeft(run, step);
  const guard: Guard | null = host.rollbackTimer && {
    timer: host.rollbackTimer,
    seconds: run.plan.options.rollbackAfterSeconds,
  };
  for (const { file, index } of files) {
    const moved = await moveFile(session.remote, fileOf(run, step, index), "on", guard);
    if (moved.kind === "moved")
      await run.journal.note(step.ordinal, { kind: "wrote", path: file.path }, "acted");
    else {
      const why = await leaveOne(run, step, session, { file, moved });
      if (why !== null) return rollBackChange(run, step, session, { as: "failed", cause: why });
    }
  }
  return acted({ kind: "wrote-files", files: filesLeft(run, step).length });
}

/** Leaves out a file whose folder was locked, but whose owner has changed it since, or does not let us write it. */
async function leaveOne(
  run: KeyRun,
  step: Step,
  { remote }: HostSession,
  { file, moved: { why, cause } }: { file: FilePlan; moved: Exclude<Moved, { kind: "moved" }> },
): Promise<Cause | null> {
  if (why === undefined) return cause;
  const blocked = await leaveOut(run, step, remote, [{ files: [file], why, cause }]);
  if (blocked !== null) return blocked;
  const others = filesToHold(run, step).some((one) => folderOf(one.path) === folderOf(file.path));
  const left =
    others || !isFirstAt(run.rules.steps(run.plan), step)
      ? []
      : await giveLocksBack(remote, [file], run.token);
  for (const one of left) await run.journal.note(step.ordinal, { kind: "found", cause: one.cause });
  return null;
}

const folderOf = (path: string): string => path.slice(0, path.lastIndexOf("/"));

/** Verifies what stands already. */
export async function verifyHost(run: KeyRun, step: Step): Promise<StepOutcome> {
  const session = await acquireSession(run, step.host ?? -1);
  const { unheld } = await takeLocks(session.remote, filesToHold(run, step), run);
  const held = unheld.find(({ files, why }) => why === null || files.some(({ uid }) => uid === 0));
  if (held) return stuckAt(run, step, session, needsAttention([held.cause]));
  const verification = await verifyPatiently(run, step, session);
  if (!("evidence" in verification))
    return rollBackChange(run, step, session, {
      as: "failed",
      cause: verification.cause,
      unheld,
    });
  const late = await leaveFired(run, step, session.remote);
  if (late !== null) return rollBackChange(run, step, session, { as: "failed", cause: late, unheld });
  for (const { file, index } of filesLeft(run, step)) {
    // The owner of the folder has taken our work folder away: what stands there has just been verified.
    if (unheld.some(({ files }) => files.includes(file))) continue;
    const moved = await moveFile(session.remote, fileOf(run, step, index), "on", null);
    if (moved.kind === "moved") continue;
    const { why, cause } = moved;
    if (!(await isOwnersDoing(run, step, session.remote, { file, why })))
      return rollBackChange(run, step, session, { as: "failed", cause });
    await run.journal.note(step.ordinal, { kind: "stands", cause });
  }
  const checks = await run.change.checkRemoved(run, step, session);
  if (verification.kind === "awaits-log") {
    for (const check of toEvidence(checks))
      await run.journal.note(step.ordinal, { kind: "evidence", evidence: [check], isBeforeRemoval: false });
    return waiting({ kind: "login-in-log" });
  }
  const seen = [...verification.evidence, ...toEvidence(checks)];
  return verified(
    seen.length > 0 ? seen : [{ kind: "nothing-to-log-in" }],
    evaluateVerified(verification.kind, checks),
  );
}

/** An answer of sshd about the removed keys counts for more than that nothing logs in instead of them. */
function evaluateVerified(kind: "verified" | "unverified", checks: readonly AccessCheck[]): StepVerification {
  if (checks.some(({ answer }) => answer !== "refused")) return "unverified";
  return kind === "verified" || checks.length > 0 ? "verified" : "unverified";
}

/**
 * Stops the rollback timers of the host. A timer may report that it has rolled an account's own file back; only that
 * account may have done so. The file is then left out if it is as it was, and stays if it is not. Null, or why all is
 * rolled back: the timers have rolled back all files, or one of root's.
 */
async function leaveFired(run: KeyRun, step: Step, remote: RemoteSession): Promise<Cause | null> {
  const fired = await disarmAll(remote, armedOf(run, step));
  const files = filesLeft(run, step).map(({ file }) => file);
  const own = files.filter(({ path }) => fired.has(path));
  if (own.length === 0) return null;
  const late: Cause = { kind: "rollback-timer-fired" };
  if (own.length === files.length || own.some(({ uid }) => uid === 0)) return late;
  const gone: FilePlan[] = [];
  for (const file of own) if (!(await standsIn(run, step, remote, file))) gone.push(file);
  const unheld = gone.map((file) => ({
    files: [file],
    why: "fired" as const,
    cause: refusedAt({ why: "fired", detail: "" }, file.path),
  }));
  return leaveOut(run, step, remote, unheld);
}

/** Rolls a step of a host back; if it was the first there, it also removes all that the run has kept. */
export async function undoHost(run: KeyRun, step: Step, back: Back): Promise<StepOutcome> {
  const session = await acquireSession(run, step.host ?? -1);
  const { unheld } = await takeLocks(session.remote, filesToHold(run, step), run);
  const held = unheld.find(({ why }) => why === null);
  if (held) return stuckAt(run, step, session, needsAttention([held.cause]));
  const outcome = await rollBackChange(run, step, session, { ...back, unheld });
  if (outcome.state !== "rolled-back" || step.phase !== "revoke" || !isUndone(run)) return outcome;
  const refused = await verifyAcceptedAgain(run, step, session);
  return refused.length === 0 ? outcome : stuckAt(run, step, session, needsAttention(refused, back));
}

/** Whether the run had finished before it is rolled back. */
const isUndone = ({ request: { record } }: KeyRun): boolean => record.undoUntil !== null;

/**
 * Asks sshd whether the keys whose lines were put back log in again. Where the new key logs in from here, an old one
 * that is not accepted keeps everything else from being undone: that would shut its holders out.
 */
async function verifyAcceptedAgain(run: KeyRun, step: Step, session: HostSession): Promise<Cause[]> {
  const host = hostOf(run, step);
  const checks = await run.change.checkRemoved(run, step, session);
  await run.journal.forgetChecks(host);
  const answers = checks.map(({ account, fingerprint, answer }) => ({ account, fingerprint, answer }));
  await run.journal.note(step.ordinal, { kind: "put-back", host: host.host, port: host.port, answers });
  if (newKeyOf(run.plan) === null) return [];
  const tried = new Set(
    verificationsOf(host)
      .filter(({ verification }) => verification.kind === "from-here")
      .map(({ account }) => account),
  );
  return answers
    .filter(({ account, answer }) => answer !== "accepted" && tried.has(account))
    .map(({ account, fingerprint, answer }) => ({
      kind: "put-back-refused",
      account,
      fingerprint,
      isKnown: answer === "refused",
    }));
}

/**
 * By the open session. Where somebody else has changed a file meanwhile, only our own lines go. A file that cannot be
 * rolled back stops none of the others, and no lock of theirs stays.
 */
async function rollBackChange(
  run: KeyRun,
  step: Step,
  session: HostSession,
  { unheld = [], ...back }: Back & { unheld?: readonly Unheld[] },
): Promise<StepOutcome> {
  const { remote } = session;
  const host = hostOf(run, step);
  await disarmAll(remote, armedOf(run, step));
  if (step.phase === "revoke") await run.journal.forgetChecks(host);
  const stuck: RunFileState[] = [];
  for (const { file, index } of filesLeft(run, step)) {
    const moved = await moveBack(run, step, session, { index, unheld });
    if (moved.kind === "moved") {
      if (moved.note) await run.journal.note(step.ordinal, moved.note);
    } else stuck.push(toStuck(step, host, file, moved));
  }
  await run.journal.setStuck(host, stuck);
  const left: Cause[] = stuck.map(({ cause }) => cause);
  const harmless: Cause[] = [];
  const unreadable = stuck.length > 0 ? null : await run.change.afterRollback(run, host, session);
  if (unreadable !== null) left.push(described(unreadable));
  if (unreadable === null && isFirstAt(run.rules.steps(run.plan), step)) {
    const kept = new Set(stuck.map(({ path }) => folderOf(path)));
    const clear = filesToHold(run, step).filter(({ path }) => !kept.has(folderOf(path)));
    for (const { isOfRoot, cause } of await giveLocksBack(remote, clear, run.token))
      (isOfRoot ? left : harmless).push(cause);
  }
  if (left.length > 0) return stuckAt(run, step, session, needsAttention([...left, ...harmless], back));
  return rolledBack(back, "rolled-back", harmless);
}

/** If the folder cannot be locked, nothing is written; the file may still be as it was before the step. */
async function moveBack(
  run: KeyRun,
  step: Step,
  { remote }: HostSession,
  { index, unheld }: { index: number; unheld: readonly Unheld[] },
): Promise<Moved> {
  const of = fileOf(run, step, index);
  const refused = unheld.find(({ files }) => files.includes(of.file));
  if (!refused) return moveFile(remote, of, "back", null);
  const { cause, why } = refused;
  const hasWork = await standsIn(run, step, remote, of.file);
  return hasWork ? { kind: "kept", cause, ...(why && { why }) } : { kind: "moved" };
}

const toStuck = (
  { phase }: Step,
  { host, port }: HostAddress,
  { path }: FilePlan,
  { cause, repair }: Exclude<Moved, { kind: "moved" }>,
): RunFileState => ({
  host,
  port,
  path,
  phase,
  fate: "stuck",
  cause,
  takeOut: [...(repair?.takeOut ?? [])],
  putBack: [...(repair?.putBack ?? [])],
  repair: repair ? { over: repair.over, to: repair.to, isApproved: false } : null,
});

/** What the run has kept stays until a person has looked; the locks go, for they would keep others out meanwhile. */
const stuckAt = (run: KeyRun, step: Step, { remote }: HostSession, outcome: StepOutcome): StepOutcome => ({
  ...outcome,
  afterwards: () => releaseLocks(remote, filesToHold(run, step), run.token),
});

async function verifyPatiently(run: KeyRun, step: Step, session: HostSession): Promise<VerificationOutcome> {
  const begun = performance.now();
  for (let pause = FIRST_PAUSE_MS; ; pause = Math.min(pause * 2, LONGEST_PAUSE_MS)) {
    const verification = await run.change.verify(run, step, session);
    run.trace("verification", step.ordinal, step.phase, verification.kind);
    if (verification.kind !== "unsure") return verification;
    const { awaited = null } = verification;
    const next = awaited ? Math.min(pause, LOGIN_PAUSE_MS) : pause;
    if (performance.now() - begun + next > timeoutOf(run, awaited !== null)) return verification;
    if (awaited) await run.journal.noteWaiting(step.ordinal, awaited);
    else await run.journal.noteRetrying(step.ordinal, verification.cause);
    await run.retryPolicy.wait(next, run.signal);
  }
}

/** Someone who has logged in meanwhile does not want the change rolled back. */
const LOGIN_PAUSE_MS = 3_000;

/** Ends well before the host's own rollback timer; all of that time is for somebody to log in. */
function timeoutOf({ plan }: KeyRun, isAwaited: boolean): number {
  const guarded = (plan.options.rollbackAfterSeconds * 1_000 * 3) / 4;
  return isAwaited ? guarded : Math.min(VERIFICATION_TIMEOUT_MS, guarded);
}

const fileOf = (run: KeyRun, step: Step, index: number): FileOfStep => {
  const file = hostOf(run, step).files[index];
  if (!file) throw new Error("a file of the step is not in the plan");
  const { host, port } = hostOf(run, step);
  const stuck = run.journal
    .files()
    .find((one) => one.host === host && one.port === port && one.path === file.path && one.fate === "stuck");
  const approved = stuck?.repair?.isApproved && stuck.phase === step.phase ? stuck.repair : null;
  return { file, index, step, token: run.token, newKey: newKeyLine(run), approved };
};

const armedOf = (run: KeyRun, step: Step) =>
  filesLeft(run, step).map(({ file, index }) => ({
    path: file.path,
    id: writeIdOf(index, step),
    token: run.token,
  }));

/** What a step of a host is about to do. */
export const intendChange = (run: KeyRun, step: Step): Intent => ({
  kind: step.phase === "revoke" ? "remove-lines" : "add-lines",
  files: filesLeft(run, step).length,
});
