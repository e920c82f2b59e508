/**
 * The time between the installation of the new key and the removal of the old one: logs show whether the old key is
 * still used, as far as they report it.
 */
import type { ChangedHost } from "#domain/runs/left-out-files.ts";
import {
  findUses,
  fromHostTime,
  type HostClock,
  lastLogged,
  nowThere,
  toHostTime,
  watchedAccounts,
  watchedHosts,
  watchedKeys,
  watchedSince,
  watchOldKey,
} from "#domain/runs/watch-old-key.ts";
import { findReach } from "#domain/use/evaluate-use.ts";
import { evidenceOf, type HostUse, type LogWindow } from "#shared/model/hosts/host-use.ts";
import { type Instant, toInstant } from "#shared/model/instant.ts";
import { Refusal } from "#shared/model/refusal.ts";
import {
  type HostPlan,
  hostIdOf,
  isKeyPlan,
  type KeyPlan,
  newKeyOf,
  type Plan,
} from "#shared/model/runs/plan.ts";
import type { OldKeyUse, OldKeyWatch, RunState } from "#shared/model/runs/run.ts";
import type { OldKeySilence, RunNote } from "#shared/model/runs/run-note.ts";
import { checkOfUse } from "#shared/text/runs/old-key.ts";
import { acknowledgementOf, FILE_LOGS, isAcknowledged } from "#shared/text/runs/plan.ts";
import type { RunRecord } from "#store/runs/run-table.ts";
import type { Store } from "#store/store.ts";

type Deps = {
  /** What the logs of a host have shown, over all readings. */
  loginsOf: (host: { host: string; port: number }) => HostUse;
  /** How far the clock of a host was ahead at its last reading, in seconds; null: unknown. */
  clockOf: (host: { host: string; port: number }) => number | null;
  /**
   * Reads these hosts again, with their logs, with these files; without any, as any scan does. False: none of them logs
   * in without a prompt.
   */
  rescan: (hosts: readonly HostPlan[], identityFiles: readonly string[]) => Promise<boolean>;
  now: () => Date;
};

type GraceVerdict = {
  isOver: boolean;
  /** When to check again. */
  dueAt: Instant;
  found: RunNote[];
};

type Waiting = {
  plan: KeyPlan;
  /** Null: it begins now. */
  dueAt: Instant | null;
  /** What was acknowledged before the run. */
  acknowledgements: readonly string[];
  /** Since when the private key locations have the new key. */
  since: Instant | null;
  /** Of its hosts, as far as they are known. */
  clocks: readonly HostClock[];
  /** What the user who ends the grace period now acknowledges; null: nobody ends it. */
  ending: readonly string[] | null;
};

/**
 * Whenever a run is resumed, its hosts are read again, whatever is left of its grace period. Each use of the old key
 * begins the period anew. If the logs of a host cannot tell, the run checks again in an hour, or until the user ends
 * the grace period, with the confirmation word that this needs, and with an acknowledgement for each use that is known
 * by then.
 */
export function createGrace({ loginsOf, clockOf, rescan, now }: Deps) {
  return {
    async evaluate(waiting: Waiting): Promise<GraceVerdict> {
      const { plan, dueAt, acknowledgements, since, ending } = waiting;
      const { graceDays } = plan.options;
      const clocks = { kept: waiting.clocks, readOf: clockOf };
      const at = toInstant(now());
      if (dueAt === null && ending === null) return wait(addDays(at, graceDays), []);
      const due = dueAt ?? at;
      // No log shows which clients have learned a host key.
      if (plan.kind === "rotate-host-key")
        return ending !== null || at >= due ? end(due, [], ending) : wait(due, []);
      const hosts = watchedHosts(plan);
      const before = hosts.map((host) => ({ host, readTo: lastLogged(loginsOf(host)) }));
      // With the new key: a login of ours with the old one would be a use.
      if (!(await rescan(hosts, pathsOfNewKey(plan)))) await rescan(hosts.filter(isEnteredOtherwise), []);
      if (ending !== null || at < due) {
        const { uses } = watchOldKey(plan, since ?? addDays(due, -graceDays), loginsOf, clocks);
        const found = uses.map((use): RunNote => ({ kind: "old-key-used", use }));
        const later = uses
          .map((use) => addDays(fromHostTime(use.at, use, { ...clocks, now: at }), graceDays))
          .reduce(latest, due);
        if (ending === null) return wait(later, found);
        const open = uses.filter((use) => !isAcknowledged(checkOfUse(use), ending));
        if (open.length === 0) return end(due, found, ending);
        return { isOver: false, dueAt: later, found: [...found, { kind: "grace-not-ended", uses: open }] };
      }
      const begun = addDays(due, -graceDays);
      const verdicts = before.map(({ host, readTo }) => ({
        host,
        verdict: evaluateHost(plan, host, {
          since: toHostTime(begun, host, clocks),
          readTo,
          now: nowThere(at, host, clocks),
        }),
      }));
      const found = verdicts.map(
        ({ host: one, verdict }): RunNote => ({
          kind: "host-watched",
          host: one.host,
          port: one.port,
          silence: verdict,
          since: begun,
          isEnough: isEnough(plan, one, { verdict, acknowledgements }),
        }),
      );
      const lastUse = verdicts
        .flatMap(({ host, verdict }) =>
          verdict.kind === "used" ? [fromHostTime(verdict.at, host, { ...clocks, now: at })] : [],
        )
        .sort()
        .at(-1);
      if (lastUse !== undefined) return wait(addDays(lastUse, graceDays), found);
      const isOver = verdicts.every(({ host, verdict }) =>
        isEnough(plan, host, { verdict, acknowledgements }),
      );
      return isOver
        ? { isOver, dueAt: due, found }
        : { isOver, dueAt: addDays(at, CHECKED_EVERY_DAYS), found };
    },
  };

  function evaluateHost(
    plan: KeyPlan,
    host: ChangedHost,
    query: { since: Instant; readTo: Instant | null; now: Instant },
  ): OldKeySilence {
    const [fingerprints, accounts] = [watchedKeys(plan, host), watchedAccounts(host)];
    return evaluateQuiet({ use: loginsOf(host), fingerprints, accounts, ...query });
  }
}

const latest = (one: Instant, other: Instant): Instant => (one > other ? one : other);

const end = (dueAt: Instant, found: RunNote[], ending: readonly string[] | null): GraceVerdict => ({
  isOver: true,
  dueAt,
  found: ending === null ? found : [...found, { kind: "grace-ended" }],
});

/** The silence of plain files counts only on hosts for which the user acknowledged that. */
const isEnough = (
  { checks }: KeyPlan,
  host: ChangedHost,
  { verdict, acknowledgements }: { verdict: OldKeySilence; acknowledgements: readonly string[] },
): boolean =>
  verdict.kind === "quiet" &&
  (verdict.evidence === "journal" ||
    checks.some(
      (check) =>
        check.id === FILE_LOGS &&
        check.host === hostIdOf(host) &&
        acknowledgements.includes(acknowledgementOf(check)),
    ));

/**
 * One hour. If the logs cannot tell, the next check again looks for as many days without a use as the plan asks for.
 */
const CHECKED_EVERY_DAYS = 1 / 24;

/** Whether we log in to an account from which no line is removed. */
const isEnteredOtherwise = (host: ChangedHost): boolean =>
  host.user !== null && !watchedAccounts(host).includes(host.user);

const wait = (dueAt: Instant, found: RunNote[]): GraceVerdict => ({
  isOver: false,
  dueAt,
  found: [...found, { kind: "watched-until", dueAt }],
});

/** All times are by the host's clock. */
type QuietQuery = {
  use: HostUse;
  fingerprints: readonly string[];
  accounts: readonly string[];
  since: Instant;
  /** The last moment that its logs had covered before they were read again just now. */
  readTo: Instant | null;
  now: Instant;
};

/**
 * For one host. A use counts whatever log reports it, for it only keeps the old line; silence is as strong as the log
 * that is silent. "No login" needs logs that cover the time from then to now without a gap, which they do if they
 * contain the login that read them.
 */
export function evaluateQuiet({
  use,
  fingerprints,
  accounts,
  since,
  readTo,
  now,
}: QuietQuery): OldKeySilence {
  const recent = use.logins.filter(({ account, lastAt }) => accounts.includes(account) && lastAt > since);
  const [used] = findUses({ use, fingerprints, accounts, since }).toSorted((one, other) =>
    one.at < other.at ? 1 : -1,
  );
  if (used) return { kind: "used", ...used };
  if (fingerprints.length === 0) return { kind: "unknown", why: { kind: "keys-not-known" } };
  const unnamed = recent.find((login) => login.fingerprint.startsWith("MD5:"));
  if (unnamed)
    return {
      kind: "unknown",
      why: { kind: "md5-names", account: unnamed.account },
    };
  const reachOf = (windows: readonly LogWindow[]) => findReach(windows, secondsOf(now));
  const sure = reachOf(use.windows.filter(({ source }) => evidenceOf(source) === "journal"));
  const isNews = (reach: { to: string }) => readTo === null || reach.to > readTo;
  if (sure && isNews(sure) && sure.from <= since) return { kind: "quiet", evidence: "journal" };
  const reach = reachOf(use.windows);
  if (!reach) return { kind: "unknown", why: { kind: "no-log" } };
  if (!isNews(reach)) return { kind: "unknown", why: { kind: "not-read-now" } };
  if (reach.from <= since) return { kind: "quiet", evidence: "file" };
  return { kind: "unknown", why: { kind: "begins-later", at: reach.from } };
}

const secondsOf = (at: Instant): number => Math.floor(Date.parse(at) / 1_000);

const addDays = (at: Instant, days: number): Instant =>
  toInstant(new Date(Date.parse(at) + days * 86_400_000));

/** A known use may be cut off only if that very use is acknowledged. */
export function refuseUsed(
  { id }: RunRecord,
  uses: readonly OldKeyUse[],
  acknowledgements: readonly string[],
): void {
  const open = uses.map(checkOfUse).filter((check) => !isAcknowledged(check, acknowledgements));
  if (open.length > 0)
    throw new Refusal(
      "conflict",
      `the old key of run ${id} is still used, and whoever that is would be shut out: ${open.map(({ text }) => text).join("; ")}; agree to each by its name: ${open.map(acknowledgementOf).join(", ")}`,
    );
}

const OVER: ReadonlySet<RunState> = new Set<RunState>(["committed", "rolled-back"]);

/** What is known by now of the uses of a run's old key; null if none is watched. */
export function findWatch({ runbooks, uses }: Store, run: RunRecord): OldKeyWatch | null {
  const plan = OVER.has(run.state) ? null : runbooks.plans.find(run.planId)?.plan;
  const since = plan ? watchedSince(plan, runbooks.journal.steps(run.id)) : null;
  if (!plan || !isKeyPlan(plan) || since === null) return null;
  const { ofRun, readOf } = runbooks.clocks;
  return watchOldKey(plan, since, uses.known, { kept: ofRun(run.id), readOf });
}

/** The path of the new private key on this computer, once it has replaced the old one. */
export const pathsOfNewKey = (plan: Plan): string[] => {
  const newKey = newKeyOf(plan);
  return newKey === null || newKey.kind === "made-on-host" || newKey.path === null ? [] : [newKey.path];
};
