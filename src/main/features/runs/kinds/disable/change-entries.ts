/** The entries of a host's accounts become disabled, or what they were, with the host's own timer started first. */
import type { HostSession } from "#connect/host-sessions.ts";
import type { Back, Step } from "#domain/runs/step.ts";
import { readAuthorizedKeys } from "#domain/ssh/authorized-keys.ts";
import { changeEntry, inspectEntry, startEntryTimer } from "#net/ssh/session/accounts.ts";
import type { RemoteSession } from "#net/ssh/session/remote-session.ts";
import { finishDeployment, stopDeploymentTimer } from "#net/ssh/session/replace-deployment.ts";
import { verifyLogin } from "#net/ssh/verify/verify-login.ts";
import {
  acquireSession,
  acted,
  failed,
  hostOf,
  needsAttention,
  type Refusing,
  refusedByRoot,
  rolledBack,
  SessionLost,
  type StepOutcome,
  verified,
} from "#runs/engine/runbook.ts";
import { linesRemoved } from "#runs/kinds/access/move-file.ts";
import type { AccountIdentity, DisabledAccount } from "#shared/model/runs/disabled-account.ts";
import type { HostRefusal } from "#shared/model/runs/host-refusal.ts";
import type { DisableHost, RollbackTimer } from "#shared/model/runs/plan.ts";
import { type Cause, described, type Evidence } from "#shared/model/runs/step-result.ts";
import { type DisableRun, inspectAccount } from "./disable-run.ts";

/** What the host keeps for one account while its change is not verified. */
const timerOf = ({ token }: DisableRun, index: number) => ({ token, id: `account${index}` });

/** Locks, expires and shuts each account of a host; where one cannot be, all are as they were. */
export async function disableAccounts(run: DisableRun, step: Step): Promise<StepOutcome> {
  const { disables, rollbackTimer: timer } = hostOf(run, step);
  const { remote } = await acquireSession(run, step.host ?? -1);
  const own = await findOwn(remote, disables);
  if (own !== null) return failed(own, "nothing-changed");
  const touched: DisabledAccount[] = [];
  for (const [index, account] of disables.entries()) {
    const { before, after } = account;
    const refused = await startTimer(run, remote, { timer, index, account });
    const cause =
      refused ??
      (await tryEntry(account, changeEntry(remote, { account, from: before, to: after }), touched));
    if (cause !== null) return restore(run, step, { as: "failed", cause }, touched);
  }
  return acted({ kind: "disabled-accounts", accounts: disables.map(({ account }) => account) });
}

/** That this run logs in as none of them was checked for the plan, and may have changed since. */
async function findOwn(remote: RemoteSession, accounts: readonly DisabledAccount[]): Promise<Cause | null> {
  for (const { account } of accounts) {
    const entry = await inspectEntry(remote, account);
    if (entry.kind === "lost") throw new SessionLost(entry.message);
    const names = [account, ...(entry.kind === "entry" ? entry.shares : [])];
    if (names.includes(remote.user)) return { kind: "own-account", account };
  }
  return null;
}

type TimerRequest = { timer: RollbackTimer | null; index: number; account: DisabledAccount };

async function startTimer(run: DisableRun, remote: RemoteSession, of: TimerRequest): Promise<Cause | null> {
  const { timer, index, account } = of;
  if (timer === null) return causeOf(account, { why: "no-rollback-timer", detail: "" });
  const { before, after } = account;
  const guard = { ...timerOf(run, index), timer, seconds: run.plan.options.rollbackAfterSeconds };
  return tryEntry(account, startEntryTimer(remote, guard, { account, from: after, to: before }));
}

/** Why it was not done; null: it was. What may have been changed by it is among `touched` from then on. */
async function tryEntry(
  account: DisabledAccount,
  sent: ReturnType<typeof changeEntry>,
  touched: DisabledAccount[] = [],
): Promise<Cause | null> {
  const answer = await sent;
  if (answer.kind === "lost") throw new SessionLost(answer.message);
  if (answer.kind !== "refused") touched.push(account);
  return answer.kind === "done" ? null : causeOf(account, answer);
}

/** Why the host refused what was to be done to an account. */
export const causeOf = ({ account }: { account: string }, { why, detail }: Refusing): Cause =>
  why === "account-changed"
    ? { kind: "account-changed", account }
    : { kind: "account-refused", account, why: { why, detail, leaseOwner: null } };

/**
 * A new login, as the account that this run logs in as, reads that they are shut; so root is reachable still. Where a
 * key that opens one of them is on this computer, it has to be refused. The host's timer runs until then.
 */
export async function verifyDisabled(run: DisableRun, step: Step): Promise<StepOutcome> {
  const host = hostOf(run, step);
  const session = await logInAnew(run, step);
  const evidence: Evidence[] = [];
  for (const [index, account] of host.disables.entries()) {
    const cause = await findOpen(session.remote, account);
    if (cause !== null) return restoreAccounts(run, step, { as: "failed", cause });
    const tried = await tryLogins(host, session, account);
    if (!Array.isArray(tried)) return restoreAccounts(run, step, { as: "failed", cause: tried });
    const stopped = await stopDeploymentTimer(session.remote, timerOf(run, index));
    if (stopped.kind === "lost") throw new SessionLost(stopped.message);
    if (stopped.kind === "fired")
      return restoreAccounts(run, step, { as: "failed", cause: causeOfTimer(account, stopped) });
    // The timer may have begun before it was stopped.
    const late = await findOpen(session.remote, account);
    if (late !== null) return restoreAccounts(run, step, { as: "failed", cause: late });
    evidence.push({ kind: "account-disabled", account: account.account }, ...tried);
  }
  const left = await clear(run, session.remote, host);
  if (left.length > 0) return needsAttention(left);
  return verified([...evidence, { kind: "root-reached", account: session.remote.user }], "verified");
}

/** What the host's own timer did. */
export const causeOfTimer = (
  { account }: AccountIdentity,
  { gaveUp }: { gaveUp: HostRefusal | null },
): Cause =>
  gaveUp === null ? { kind: "rollback-timer-fired" } : { kind: "timer-gave-up", account, why: gaveUp };

/** The login that has made the change ends: what a new one sees is what everybody gets from now on. */
async function logInAnew(run: DisableRun, { host }: Step): Promise<HostSession> {
  await run.sessions.drop(host ?? -1);
  return acquireSession(run, host ?? -1);
}

const findOpen = async (remote: RemoteSession, account: DisabledAccount): Promise<Cause | null> =>
  (await inspectAccount(remote, account)) === "after"
    ? null
    : { kind: "account-changed", account: account.account };

/** Each costs the host a failed login. */
const MOST_TRIED = 2;

/** Logins with keys of this computer that opened the account; why it is not shut, where one of them still does. */
async function tryLogins(
  host: DisableHost,
  { route, keys }: HostSession,
  { account }: DisabledAccount,
): Promise<Evidence[] | Cause> {
  const opened = new Set(
    host.files
      .filter((file) => [file.account, ...(file.others ?? [])].includes(account))
      .flatMap((file) => readAuthorizedKeys(linesRemoved(file, null)))
      .flatMap(({ key }) => key?.fingerprint ?? []),
  );
  const evidence: Evidence[] = [];
  for (const key of keys.filter(({ fingerprint }) => opened.has(fingerprint)).slice(0, MOST_TRIED)) {
    const { fingerprint } = key;
    const tried = await verifyLogin(route, { user: account, key, runs: "nothing" });
    if (tried.kind === "verified") return { kind: "still-logs-in", account, fingerprint };
    if (tried.kind === "other-host-key") return described(tried.message);
    const { message: said } = tried;
    evidence.push({ kind: "login-ended", account, fingerprint, isRefused: tried.kind === "refused", said });
  }
  return evidence.length > 0 ? evidence : [{ kind: "login-untried", account }];
}

/** Each account becomes what it was, whatever of it was done; a new login reads it. */
export const restoreAccounts = (run: DisableRun, step: Step, back: Back): Promise<StepOutcome> =>
  restore(run, step, back, hostOf(run, step).disables);

/** The same of `touched` alone: what this run has not begun to change is no concern of its roll-back. */
async function restore(
  run: DisableRun,
  step: Step,
  back: Back,
  touched: readonly DisabledAccount[],
): Promise<StepOutcome> {
  const host = hostOf(run, step);
  const { remote } = await acquireSession(run, step.host ?? -1);
  const left: Cause[] = [];
  for (const [index, account] of host.disables.entries()) {
    const stopped = await stopDeploymentTimer(remote, timerOf(run, index));
    if (stopped.kind === "lost") throw new SessionLost(stopped.message);
    if (stopped.kind === "fired" && stopped.gaveUp !== null && back.as === "rolled-back")
      await run.journal.note(step.ordinal, { kind: "found", cause: causeOfTimer(account, stopped) });
    if (!touched.includes(account)) continue;
    const { before, after } = account;
    const cause = await tryEntry(account, changeEntry(remote, { account, from: after, to: before }));
    if (cause !== null) left.push(cause);
  }
  left.push(...(await clear(run, remote, host)));
  const anew = left.length > 0 ? null : await logInAnew(run, step);
  for (const account of anew ? touched : [])
    if (anew && (await inspectAccount(anew.remote, account)) !== "before")
      left.push({ kind: "account-changed", account: account.account });
  return left.length > 0 ? needsAttention(left, back) : rolledBack(back, "account-restored");
}

/** Nothing of the run is left in root's own folder. */
async function clear(run: DisableRun, remote: RemoteSession, { disables }: DisableHost): Promise<Cause[]> {
  const left: Cause[] = [];
  for (const index of disables.keys()) {
    const ended = await finishDeployment(remote, timerOf(run, index));
    if (ended.kind === "lost") throw new SessionLost(ended.message);
    if (ended.kind !== "ended") left.push(refusedByRoot(ended, "/var/lib/latchkey"));
  }
  return left;
}
