/** Verification by a log: somebody who has the private key, wherever it is, has logged in with the new key. */
import type { HostSession } from "#connect/host-sessions.ts";
import { DAY_SECONDS, dateDays, readOffset, toSeconds } from "#domain/use/log-dates.ts";
import { readLoginMessage, readSshdEntry } from "#domain/use/login-messages.ts";
import { inspectHost, readLoginLines } from "#net/ssh/session/inspect-host.ts";
import type { RemoteSession } from "#net/ssh/session/remote-session.ts";
import { acquireSession, Locked, SessionLost } from "#runs/engine/runbook.ts";
import { assertNever } from "#shared/model/assert-never.ts";
import type { Instant } from "#shared/model/instant.ts";
import { newKeyOf, verificationsOf } from "#shared/model/runs/plan.ts";
import type { RunStep } from "#shared/model/runs/run.ts";
import { described, type Evidence, type KeyName } from "#shared/model/runs/step-result.ts";
import { verifyConfirmed } from "./confirm-key.ts";
import { isVerifiedFromHere, type KeyRun, nameKey } from "./key-run.ts";

/**
 * Whether a step waits for a log entry of the new key. A step may also wait for a login while it is being tried: that
 * is not meant.
 */
export const awaitsLog = ({ state, result }: RunStep): boolean =>
  state === "acted" && result?.kind === "waiting" && result.for.kind === "login-in-log";

/** What logs showed of a step. */
type LogVerification = { isVerified: boolean; evidence: Evidence[] };

/** When the run was begun, and this computer's clock. */
type Clock = { begun: Instant; now: () => Date };

/** Looks for the logins that steps wait for. Returns whether they verified any step. */
export async function findLogins(run: KeyRun, clock: Clock): Promise<boolean> {
  let hasFound = false;
  let locked: Locked | null = null;
  const awaiting = run.journal.steps().filter((step) => awaitsLog(step));
  for (const step of awaiting) {
    const found = await findLoginsAt(run, step, clock).catch((error: unknown) => {
      if (error instanceof SessionLost) return { isVerified: false, evidence: [described(error.message)] };
      if (!(error instanceof Locked)) throw error;
      // Steps that need no key are checked all the same.
      locked = error;
      return { isVerified: false, evidence: [] };
    });
    if (!found.isVerified) {
      if (found.evidence.length > 0)
        await run.journal.note(step.ordinal, {
          kind: "evidence",
          evidence: found.evidence,
          isBeforeRemoval: false,
        });
      continue;
    }
    await run.journal.mark(
      step.ordinal,
      "verified",
      { kind: "verified", evidence: found.evidence },
      "verified",
    );
    hasFound = true;
  }
  await run.sessions.keepOnly([]);
  if (locked && !hasFound) throw locked;
  return hasFound;
}

async function findLoginsAt(run: KeyRun, step: RunStep, clock: Clock): Promise<LogVerification> {
  const hostIndex = run.plan.hosts.findIndex(({ host, port }) => host === step.host && port === step.port);
  const fingerprint = run.made.newKey?.fingerprint;
  const host = run.plan.hosts[hostIndex];
  const accounts = (host ? verificationsOf(host) : []).filter(
    ({ verification }) => verification.kind === "by-log",
  );
  if (!fingerprint || !host) return { isVerified: false, evidence: [{ kind: "no-key-in-logs" }] };
  const session = await acquireSession(run, hostIndex);
  const { remote } = session;
  const reading = await inspectHost(remote);
  if (reading.kind === "lost") throw new SessionLost(reading.message);
  const isNew = newKeyOf(run.plan)?.kind !== "provided";
  const isAuthority = run.plan.kind === "move-to-authority";
  const query = {
    fingerprint,
    isNew,
    isAuthority,
    zone: reading.host.zone,
    ...boundsOf(step, clock, isNew, reading.host),
  };
  const evidence: Evidence[] = [];
  let isVerified = true;
  for (const { account } of accounts) {
    const confirmed = await verifyConfirmed(run, { host, session }, account);
    if (confirmed && "evidence" in confirmed) evidence.push(...confirmed.evidence);
    if (confirmed?.kind === "verified") continue;
    const found = await findLoginInLog(remote, { ...query, account });
    if (found.kind !== "found") isVerified = false;
    evidence.push(...toEvidence(found, account, nameKey(run, fingerprint)));
  }
  return isVerified && step.phase === "revoke"
    ? verifyRest(run, step, session, evidence)
    : { isVerified, evidence };
}

function toEvidence(found: LoginInLog, account: string, key: KeyName): Evidence[] {
  switch (found.kind) {
    case "found":
      return [{ kind: "login-in-log", account, key }];
    case "claimed":
      return [{ kind: "claimed-login", account, key, path: found.path }];
    case "unknown":
      return [{ kind: "log-unsure", account, why: found.why }];
    case "not-yet":
      return [];
    default:
      return assertNever(found);
  }
}

/** Repeats the verifications of a removal that no log can give: a step that waits for a log keeps no earlier result. */
async function verifyRest(
  run: KeyRun,
  { ordinal }: RunStep,
  session: HostSession,
  found: readonly Evidence[],
): Promise<LogVerification> {
  const step = run.rules.steps(run.plan).find((one) => one.ordinal === ordinal);
  if (!step) throw new Error(`the plan has no step ${ordinal}`);
  if (isVerifiedFromHere(run, step)) await run.openNewKey();
  const verification = await run.change.verify(run, step, session);
  if ("evidence" in verification) return { isVerified: true, evidence: [...found, ...verification.evidence] };
  return { isVerified: false, evidence: [...found, { kind: "found", cause: verification.cause }] };
}

/** Both clocks are read within one second, and each drops less than one. */
const SLACK_SECONDS = 2;

/** After a removal only a login since then shows that the new key logs in without the old line. */
function boundsOf(
  { phase, at }: RunStep,
  { begun, now }: Clock,
  isNew: boolean,
  { epochSeconds }: { epochSeconds: number },
): { since: number; after: number | null } {
  const ahead = epochSeconds - Math.floor(now().getTime() / 1_000);
  const there = (instant: Instant) => Math.floor(Date.parse(instant) / 1_000) + ahead;
  if (phase === "revoke") return { since: there(begun), after: there(at ?? begun) + SLACK_SECONDS };
  return { since: there(begun), after: isNew ? null : there(begun) - SLACK_SECONDS };
}

type LoginInLog =
  /** The journal shows it, by an entry of the host's own sshd. */
  | { kind: "found" }
  /** A line of a plain file says so, which any user of the host may have written: no verification. */
  | { kind: "claimed"; path: string }
  | { kind: "not-yet" }
  /** No log can be read, or they do not tell. */
  | { kind: "unknown"; why: string };

type LoginQuery = {
  account: string;
  fingerprint: string;
  /** How far back logs are read, in seconds since the epoch by the host's own clock, as all times here. */
  since: number;
  /** Only later logins count; null: any login does, for nobody had the key before. */
  after: number | null;
  /** The run has created the key, so that a stamp without a year is of the last year that it can be. */
  isNew: boolean;
  /** The key is an authority's: its certificates log in, whoever's keys they are for. */
  isAuthority: boolean;
  /** The host's time zone, for times without an offset. */
  zone: string | null;
};

export async function findLoginInLog(remote: RemoteSession, query: LoginQuery): Promise<LoginInLog> {
  const { fingerprint, since } = query;
  const read = await readLoginLines(remote, { sinceEpoch: since, fingerprints: [fingerprint] });
  if (read.kind === "lost") return { kind: "unknown", why: read.message };
  if (read.kind !== "read") return { kind: "unknown", why: "no log of logins can be read there" };
  if (linesOf(read.journal).some((line) => isInJournal(line, query))) return { kind: "found" };
  const claimed = linesOf(read.lines)
    .map((line) => ({ path: line.slice(0, line.indexOf("\t")), text: line.slice(line.indexOf("\t") + 1) }))
    .findLast(({ text }) => isLogin(text, query) && isLater(text, query));
  return claimed ? { kind: "claimed", path: claimed.path } : { kind: "not-yet" };
}

const linesOf = (bytes: Uint8Array): string[] => Buffer.from(bytes).toString("utf8").split("\n");

/** The time of an entry is journald's own. */
function isInJournal(line: string, query: LoginQuery): boolean {
  const entry = readSshdEntry(line);
  return entry !== null && isOf(entry.message, query) && (query.after === null || entry.at > query.after);
}

/** `2026-03-06T10:00:00+01:00 HOST sshd[7]: `, `Mar  6 10:00:00 HOST sshd-session[7]: `; what follows is sshd's own. */
const MESSAGE =
  /^(?:\d{4}-\d\d-\d\dT\S+|[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d) \S+ (?:[a-z0-9]+\.[a-z]+ )?sshd(?:-session|-auth)?(?:\[\d+\])?: (Accepted .*)$/;

/** Anybody may choose what stands further on in a line: an unknown user's name is in it. */
const isLogin = (line: string, query: LoginQuery): boolean => isOf(MESSAGE.exec(line)?.[1] ?? "", query);

function isOf(message: string, { account, fingerprint, isAuthority }: LoginQuery): boolean {
  const login = readLoginMessage(message);
  if (login?.account !== account || login.isPartial) return false;
  return isAuthority
    ? login.authority === fingerprint
    : login.authority === null && login.fingerprint === fingerprint;
}

/** A stamp whose moment is not certain is no verification. */
function isLater(line: string, { after, isNew, zone, since }: LoginQuery): boolean {
  if (after === null) return true;
  const [, day = "", time = ""] =
    /^(\d{4}-\d\d-\d\d)T(\S+)/.exec(line) ?? /^([A-Z][a-z]{2} [ \d]\d) (\d\d:\d\d:\d\d) /.exec(line) ?? [];
  const hasYear = day.includes("-");
  const hasZone = /(?:Z|[+-]\d\d:?\d\d)$/.test(time);
  if ((!hasYear && !isNew) || (!hasZone && zone === null)) return false;
  // No login of a run is a year later than the begin of the search.
  const newest = hasYear ? null : Math.floor(since / DAY_SECONDS) + DAYS_OF_A_RUN;
  const [date] = dateDays([day], newest);
  const at = date === null || date === undefined ? null : toSeconds(date, time, readOffset(zone));
  return at !== null && at > after;
}

const DAYS_OF_A_RUN = 360;
