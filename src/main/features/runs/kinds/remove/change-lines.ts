/** The lines of a host's accounts go, or come back, with the host's own timer started first. */
import type { AccountSeen, Back, Observation, Step } from "#domain/runs/step.ts";
import { inspectLines, putLinesBack, removeLines, startRemovalTimer } from "#net/ssh/session/accounts.ts";
import type { RemoteSession } from "#net/ssh/session/remote-session.ts";
import { finishDeployment, stopDeploymentTimer } from "#net/ssh/session/replace-deployment.ts";
import {
  acquireSession,
  acted,
  hostOf,
  needsAttention,
  type RunContext,
  type RunRequest,
  refusedByRoot,
  rolledBack,
  SessionLost,
  type StepOutcome,
  verified,
} from "#runs/engine/runbook.ts";
import { causeOf, causeOfTimer } from "#runs/kinds/disable/change-entries.ts";
import type { EntryLine, RemovedAccount } from "#shared/model/runs/disabled-account.ts";
import type { RemoveHost, RemovePlan } from "#shared/model/runs/plan.ts";
import { type Cause, described, type Evidence } from "#shared/model/runs/step-result.ts";

export type RemoveRun = RunContext<RemovePlan> & { request: RunRequest };

/** What the host keeps for one account: its lines, until the run can no longer be undone. */
const keptOf = ({ token }: RemoveRun, index: number) => ({ token, id: `account${index}` });

/** What stands on a host of the accounts' lines. Rejects with `SessionLost`. */
export async function observeRemoval(run: RemoveRun, at: number | null): Promise<Observation> {
  const { remote } = await acquireSession(run, at ?? -1);
  const accounts: AccountSeen[] = [];
  for (const account of hostOf(run, { host: at }).removes) accounts.push(await inspectLeft(remote, account));
  return { kind: "removal-seen", accounts };
}

async function inspectLeft(remote: RemoteSession, account: RemovedAccount): Promise<AccountSeen> {
  const reading = await inspectLines(remote, account);
  if (reading.kind === "lost") throw new SessionLost(reading.message);
  // What cannot be asked for is not as the plan knows it.
  if (reading.kind !== "lines" || reading.numbered.some((name) => name !== account.account)) return "other";
  const { lines, isKnown } = reading;
  if (lines.length === 0) return isKnown ? "other" : "after";
  if (serialize(lines) === serialize(account.lines)) return "before";
  const planned = new Set(account.lines.map(serializeLine));
  return lines.every((line) => planned.has(serializeLine(line))) ? "mixed" : "other";
}

/** Of a group that stays its name alone: who else is in it is not the run's affair. */
const serializeLine = ({ file, line, becomes }: EntryLine): string =>
  JSON.stringify([file, becomes === null ? line : line.split(":", 1)[0], becomes === null]);
const serialize = (lines: readonly EntryLine[]): string => lines.map(serializeLine).toSorted().join("\n");

/** Exactly the lines of the plan go; where one account's cannot, all of the host are as they were. */
export async function removeAccounts(run: RemoveRun, step: Step): Promise<StepOutcome> {
  const host = hostOf(run, step);
  const { remote } = await acquireSession(run, step.host ?? -1);
  for (const [index, account] of host.removes.entries()) {
    const cause =
      (await startTimer(run, remote, { host, index, account })) ??
      (await toCause(account, removeLines(remote, keptOf(run, index), account)));
    if (cause !== null) return putAccountsBack(run, step, { as: "failed", cause });
  }
  return acted({ kind: "removed-accounts", accounts: namesOf(host) });
}

export const namesOf = ({ removes }: RemoveHost): string[] => removes.map(({ account }) => account);

type TimerRequest = { host: RemoveHost; index: number; account: RemovedAccount };

async function startTimer(
  run: RemoveRun,
  remote: RemoteSession,
  { host: { rollbackTimer: timer }, index, account }: TimerRequest,
): Promise<Cause | null> {
  if (timer === null) return causeOf(account, { why: "no-rollback-timer", detail: "" });
  const guard = { ...keptOf(run, index), timer, seconds: run.plan.options.rollbackAfterSeconds };
  return toCause(account, startRemovalTimer(remote, guard, account));
}

/** Why it was not done; null: it was. */
async function toCause(account: RemovedAccount, sent: ReturnType<typeof removeLines>): Promise<Cause | null> {
  const answer = await sent;
  if (answer.kind === "lost") throw new SessionLost(answer.message);
  return answer.kind === "done" ? null : causeOf(account, answer);
}

/** A new login as root finds none of the accounts. The host's timer runs until then; what was removed stays aside. */
export async function verifyRemoved(run: RemoveRun, step: Step): Promise<StepOutcome> {
  const { removes } = hostOf(run, step);
  await run.sessions.drop(step.host ?? -1);
  const { remote } = await acquireSession(run, step.host ?? -1);
  const evidence: Evidence[] = [];
  for (const [index, account] of removes.entries()) {
    const stopped = await stopTimer(run, remote, { index, account });
    // The timer may have begun before it was stopped.
    const isGone = (await inspectLeft(remote, account)) === "after";
    if (stopped !== null) return putAccountsBack(run, step, { as: "failed", cause: stopped });
    if (!isGone)
      return putAccountsBack(run, step, {
        as: "failed",
        cause: { kind: "account-changed", account: account.account },
      });
    evidence.push({ kind: "account-removed", account: account.account });
  }
  return verified([...evidence, { kind: "root-reached", account: remote.user }], "verified");
}

type Kept = { index: number; account: RemovedAccount };

/** What the host's own timer has done; null: nothing, and it will not any more. */
async function stopTimer(
  run: RemoveRun,
  remote: RemoteSession,
  { index, account }: Kept,
): Promise<Cause | null> {
  const stopped = await stopDeploymentTimer(remote, keptOf(run, index));
  if (stopped.kind === "lost") throw new SessionLost(stopped.message);
  return stopped.kind === "fired" ? causeOfTimer(account, stopped) : null;
}

/** Each account has its lines again, whatever of them was removed; a new login reads them. */
export async function putAccountsBack(run: RemoveRun, step: Step, back: Back): Promise<StepOutcome> {
  const { removes } = hostOf(run, step);
  const { remote } = await acquireSession(run, step.host ?? -1);
  const left: Cause[] = [];
  for (const [index, account] of removes.entries()) {
    const fired = await stopTimer(run, remote, { index, account });
    if (fired?.kind === "timer-gave-up" && back.as === "rolled-back")
      await run.journal.note(step.ordinal, { kind: "found", cause: fired });
    const cause = await toCause(account, putLinesBack(remote, keptOf(run, index), account));
    if (cause !== null) left.push(cause);
  }
  if (left.length > 0) return needsAttention(left, back);
  left.push(...(await findNotBack(run, step)));
  // Without it nothing more could be put back.
  if (left.length === 0) left.push(...(await deleteKept(run, step)));
  return left.length > 0 ? needsAttention(left, back) : rolledBack(back, "account-restored");
}

/** By a new login. */
async function findNotBack(run: RemoveRun, step: Step): Promise<Cause[]> {
  await run.sessions.drop(step.host ?? -1);
  const { remote } = await acquireSession(run, step.host ?? -1);
  const left: Cause[] = [];
  for (const account of hostOf(run, step).removes)
    if ((await inspectLeft(remote, account)) !== "before")
      left.push({ kind: "account-changed", account: account.account });
  return left;
}

/** What was removed is deleted on its host, for good. */
export async function deleteKept(run: RemoveRun, step: Step): Promise<Cause[]> {
  const { remote } = await acquireSession(run, step.host ?? -1);
  const left: Cause[] = [];
  for (const index of hostOf(run, step).removes.keys()) {
    const ended = await finishDeployment(remote, keptOf(run, index));
    if (ended.kind === "lost") throw new SessionLost(ended.message);
    if (ended.kind !== "ended") left.push(refusedByRoot(ended, "/var/lib/latchkey"));
  }
  return left;
}

/** Whose lines are not gone, or whose name or number is somebody else's by now; and hosts that cannot be seen. */
export async function findForeign(run: RemoveRun): Promise<Cause[]> {
  const causes: Cause[] = [];
  for (const [index, { removes }] of run.plan.hosts.entries())
    try {
      const { remote } = await acquireSession(run, index);
      for (const account of removes)
        if ((await inspectLeft(remote, account)) === "other")
          causes.push({ kind: "account-changed", account: account.account });
    } catch (error) {
      if (!(error instanceof SessionLost)) throw error;
      causes.push(described(error.message));
    }
  return causes;
}
