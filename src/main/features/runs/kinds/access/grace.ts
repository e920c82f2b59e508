/** The time between hand-over and removal in which logs are watched for uses of the old key. */
/** Whether an old key was still used while a run waited: only as far as logs tell of it. */
import type { ChangedHost } from "#domain/rotation/run/left-out-files.ts";
import {
  findUses,
  fromHostTime,
  type HostClock,
  lastTold,
  nowThere,
  toHostTime,
  watchedAccounts,
  watchedHosts,
  watchedKeys,
  watchedSince,
  watchOldKey,
} from "#domain/rotation/run/watch-old-key.ts";
import { findReach } from "#domain/use/judge-use.ts";
import { evidenceOf, type HostUse, type LogWindow, type UseEvidence } from "#shared/model/host-use.ts";
import { type Instant, toInstant } from "#shared/model/instant.ts";
import { type HostPlan, isRenewal, type KeyPlan, newKeyOf, type Plan } from "#shared/model/plan.ts";
import { Refusal } from "#shared/model/refusal.ts";
import type { OldKeyUse, OldKeyWatch, RunState } from "#shared/model/run.ts";
import { consentOf, FILE_LOGS, isConsented } from "#shared/text/consent.ts";
import { checkOfUse, sayUse, sayUsedBy } from "#shared/text/old-key-use.ts";
import { sayHost } from "#shared/text/plan.ts";
import { sayPlace } from "#shared/text/target.ts";
import type { RunRecord } from "#store/runbooks/run-table.ts";
import type { Store } from "#store/store.ts";

type Deps = {
  /** What logs told of a host, over all readings. */
  loginsOf: (host: { host: string; port: number }) => HostUse;
  /** How far the clock of a host was ahead by its last reading, in seconds; null: it does not tell. */
  clockOf: (host: { host: string; port: number }) => number | null;
  /** Reads these hosts again, with their logs, by these files; without any, as any scan does. False: none of them logs in unasked. */
  rescan: (hosts: readonly HostPlan[], identityFiles: readonly string[]) => Promise<boolean>;
  now: () => Date;
};

type GraceVerdict = {
  isOver: boolean;
  /** When it is to be looked at again. */
  dueAt: Instant;
  /** What was found, each a sentence. */
  said: string[];
};

type Waiting = {
  plan: KeyPlan;
  /** Null: it begins now. */
  dueAt: Instant | null;
  /** What was agreed to before the run. */
  consents: readonly string[];
  /** Since when the holders have the new key. */
  since: Instant | null;
  /** Of its hosts, as far as they are known. */
  clocks: readonly HostClock[];
  /** What is agreed to by whoever ends the days of grace now; null: nobody does. */
  ending: readonly string[] | null;
};

/**
 * Whoever goes on with a run has its hosts read again, whatever is left of its days. Each use of the old key begins them anew. Where
 * the logs of a host cannot tell, the run looks again in an hour, or until somebody ends the days of grace, with the word that this
 * asks for, and by name for each use that is known by then.
 */
export function createGrace({ loginsOf, clockOf, rescan, now }: Deps) {
  return {
    async judge(waiting: Waiting): Promise<GraceVerdict> {
      const { plan, dueAt, consents, since, ending } = waiting;
      const { graceDays } = plan.options;
      const clocks = { kept: waiting.clocks, readOf: clockOf };
      const at = toInstant(now());
      if (dueAt === null && ending === null) return wait(addDays(at, graceDays), []);
      const due = dueAt ?? at;
      // Who has learnt a host key is in no log.
      if (plan.kind === "rotate-host-key")
        return ending !== null || at >= due ? end(due, [], ending) : wait(due, []);
      const hosts = watchedHosts(plan);
      const before = hosts.map((host) => ({ host, readTo: lastTold(loginsOf(host)) }));
      // By the new key: a login of ours with the old one would be a use.
      if (!(await rescan(hosts, pathsOfNewKey(plan)))) await rescan(hosts.filter(isEnteredOtherwise), []);
      if (ending !== null || at < due) {
        const { uses } = watchOldKey(plan, since ?? addDays(due, -graceDays), loginsOf, clocks);
        const said = uses.map((use) => `${sayUse(use)}: ${GIVE_NEW}`);
        const later = uses
          .map((use) => addDays(fromHostTime(use.at, use, { ...clocks, now: at }), graceDays))
          .reduce(latest, due);
        if (ending === null) return wait(later, said);
        const open = uses.filter((use) => !isConsented(checkOfUse(use), ending));
        if (open.length === 0) return end(due, said, ending);
        return { isOver: false, dueAt: later, said: [...said, sayNotEnded(open)] };
      }
      const begun = addDays(due, -graceDays);
      const verdicts = before.map(({ host, readTo }) => ({
        host,
        verdict: judgeHost(plan, host, {
          since: toHostTime(begun, host, clocks),
          readTo,
          now: nowThere(at, host, clocks),
        }),
      }));
      const said = verdicts.map(({ host, verdict }) =>
        say(host, verdict, { since: begun, isEnough: isEnough(plan, host, { verdict, consents }) }),
      );
      const lastUse = verdicts
        .flatMap(({ host, verdict }) =>
          verdict.kind === "used" ? [fromHostTime(verdict.at, host, { ...clocks, now: at })] : [],
        )
        .sort()
        .at(-1);
      if (lastUse !== undefined) return wait(addDays(lastUse, graceDays), said);
      const isOver = verdicts.every(({ host, verdict }) => isEnough(plan, host, { verdict, consents }));
      return isOver ? { isOver, dueAt: due, said } : { isOver, dueAt: addDays(at, LOOKED_AT_DAYS), said };
    },
  };

  function judgeHost(
    plan: KeyPlan,
    host: ChangedHost,
    asked: { since: Instant; readTo: Instant | null; now: Instant },
  ): Quiet {
    const [fingerprints, accounts] = [watchedKeys(plan, host), watchedAccounts(host)];
    return judgeQuiet({ use: loginsOf(host), fingerprints, accounts, ...asked });
  }
}

const GIVE_NEW = "give whoever that is the new one; an agent that has both offers the old one first";

const latest = (one: Instant, other: Instant): Instant => (one > other ? one : other);

const end = (dueAt: Instant, said: string[], ending: readonly string[] | null): GraceVerdict => ({
  isOver: true,
  dueAt,
  said: ending === null ? said : [...said, "the days of grace were ended before their time"],
});

const sayNotEnded = (open: readonly OldKeyUse[]): string =>
  `the days of grace are not ended, for nobody has agreed that these are shut out: ${sayUsedBy(open)}`;

/** The silence of plain files is taken for what it is where that was agreed to, host by host. */
const isEnough = (
  { checks }: KeyPlan,
  host: ChangedHost,
  { verdict, consents }: { verdict: Quiet; consents: readonly string[] },
): boolean =>
  verdict.kind === "quiet" &&
  (verdict.evidence === "journal" ||
    checks.some(
      (check) =>
        check.id === FILE_LOGS && check.host === sayHost(host) && consents.includes(consentOf(check)),
    ));

/** An hour. Where nobody can tell, as many days without a use as the plan asks for are looked for again then. */
const LOOKED_AT_DAYS = 1 / 24;

/** Whether we log in to an account of which no line goes. */
const isEnteredOtherwise = (host: ChangedHost): boolean =>
  host.user !== null && !watchedAccounts(host).includes(host.user);

const wait = (dueAt: Instant, said: string[]): GraceVerdict => ({
  isOver: false,
  dueAt,
  said: [...said, `the old key is watched until ${dueAt.slice(0, 10)}`],
});

function say(
  host: HostPlan,
  verdict: Quiet,
  { since, isEnough }: { since: Instant; isEnough: boolean },
): string {
  const place = sayPlace(host);
  switch (verdict.kind) {
    case "quiet": {
      const logs = verdict.evidence === "journal" ? "its journal tells" : "plain files tell";
      const said = `${place}: ${logs} of no login with the old key since ${since.slice(0, 10)}`;
      return isEnough
        ? said
        : `${said}, and any user there can have lines written to those: end the days of grace (runs resume --now) to remove it all the same`;
    }
    case "used": {
      const from = verdict.from === null ? "" : `, from ${verdict.from}`;
      const weak =
        verdict.evidence === "journal"
          ? ""
          : " (by a plain file, to which any user there can have lines written)";
      return `${place}: ${verdict.account} was logged in to with the old key on ${verdict.at.slice(0, 10)}${from}${weak}: ${GIVE_NEW}`;
    }
    case "unknown":
      return `${place}: whether the old key is still used is not known: ${verdict.why}; end the days of grace (runs resume --now) to remove it all the same`;
  }
}

type Quiet =
  | { kind: "used"; account: string; at: Instant; from: string | null; evidence: UseEvidence }
  /** `file`: plain files had to be believed for it, which any user of the host can have lines written to. */
  | { kind: "quiet"; evidence: UseEvidence }
  /** Nobody can say: a sentence why. */
  | { kind: "unknown"; why: string };

/** All times are by the host's clock. */
type Asked = {
  use: HostUse;
  fingerprints: readonly string[];
  accounts: readonly string[];
  since: Instant;
  /** The last moment that its logs had told of before they were read again just now. */
  readTo: Instant | null;
  now: Instant;
};

/**
 * Of one host. A use counts whoever tells of it, for it only keeps the old line; silence is as strong as the log that is silent. That there was no login is said only where its logs reach from then to now without a gap, which they do if they
 * tell of the login that read them.
 */
export function judgeQuiet({ use, fingerprints, accounts, since, readTo, now }: Asked): Quiet {
  const recent = use.logins.filter(({ account, lastAt }) => accounts.includes(account) && lastAt > since);
  const [used] = findUses({ use, fingerprints, accounts, since }).toSorted((one, other) =>
    one.at < other.at ? 1 : -1,
  );
  if (used) return { kind: "used", ...used };
  if (fingerprints.length === 0)
    return { kind: "unknown", why: "which keys go cannot be told from the lines of the plan" };
  const unnamed = recent.find((login) => login.fingerprint.startsWith("MD5:"));
  if (unnamed)
    return {
      kind: "unknown",
      why: `its log names keys by MD5, and ${unnamed.account} has logged in with one`,
    };
  const told = (windows: readonly LogWindow[]) => findReach(windows, secondsOf(now));
  const sure = told(use.windows.filter(({ source }) => evidenceOf(source) === "journal"));
  const isNews = (reach: { to: string }) => readTo === null || reach.to > readTo;
  if (sure && isNews(sure) && sure.from <= since) return { kind: "quiet", evidence: "journal" };
  const reach = told(use.windows);
  if (!reach) return { kind: "unknown", why: "no log of it tells of logins up to now" };
  if (!isNews(reach))
    return {
      kind: "unknown",
      why: "its logs could not be read just now (where the new key has a passphrase, an agent has to have it), or do not tell of the login that read them",
    };
  if (reach.from <= since) return { kind: "quiet", evidence: "file" };
  return { kind: "unknown", why: `its logs reach back without a gap to ${reach.from.slice(0, 10)} only` };
}

const secondsOf = (at: Instant): number => Math.floor(Date.parse(at) / 1_000);

const addDays = (at: Instant, days: number): Instant =>
  toInstant(new Date(Date.parse(at) + days * 86_400_000));

/** A use that is known is shut out only where that very one is agreed to. */
export function refuseUsed({ id }: RunRecord, uses: readonly OldKeyUse[], consents: readonly string[]): void {
  const open = uses.map(checkOfUse).filter((check) => !isConsented(check, consents));
  if (open.length > 0)
    throw new Refusal(
      "conflict",
      `the old key of run ${id} is still used, and whoever that is would be shut out: ${open.map(({ text }) => text).join("; ")}; agree to each by its name: ${open.map(consentOf).join(", ")}`,
    );
}

const OVER: ReadonlySet<RunState> = new Set<RunState>(["committed", "rolled-back"]);

/** What is known by now of who uses the old key of a run; null where none is watched. */
export function findWatch({ runbooks, uses }: Store, run: RunRecord): OldKeyWatch | null {
  const plan = OVER.has(run.state) ? null : runbooks.plans.find(run.planId)?.plan;
  const since = plan ? watchedSince(plan, runbooks.journal.steps(run.id)) : null;
  if (!plan || isRenewal(plan) || since === null) return null;
  const { ofRun, readOf } = runbooks.clocks;
  return watchOldKey(plan, since, uses.known, { kept: ofRun(run.id), readOf });
}

/** Where the new key's private half is on this computer, once it has taken its place. */
export const pathsOfNewKey = (plan: Plan): string[] => {
  const newKey = newKeyOf(plan);
  return newKey === null || newKey.kind === "made-on-holder" || newKey.path === null ? [] : [newKey.path];
};
