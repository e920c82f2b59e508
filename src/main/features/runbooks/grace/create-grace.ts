/** The time between hand-over and removal in which logs are watched for uses of the old key. */
import {
  fromHostTime,
  type HostClock,
  lastTold,
  nowThere,
  toHostTime,
  watchedAccounts,
  watchedHosts,
  watchedKeys,
  watchOldKey,
} from "#domain/rotation/run/watch-old-key.ts";
import type { HostUse } from "#shared/model/host-use.ts";
import { type Instant, toInstant } from "#shared/model/instant.ts";
import type { HostPlan, Plan } from "#shared/model/plan.ts";
import type { OldKeyUse } from "#shared/model/run.ts";
import { consentOf, FILE_LOGS, isConsented } from "#shared/text/consent.ts";
import { checkOfUse, sayUse, sayUsedBy } from "#shared/text/old-key-use.ts";
import { sayHost } from "#shared/text/plan.ts";
import { sayPlace } from "#shared/text/target.ts";
import { addDays, judgeQuiet, type Quiet } from "./judge-quiet.ts";
import { pathsOfNewKey } from "./paths-of-new-key.ts";

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
  plan: Plan;
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
    plan: Plan,
    host: HostPlan,
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
  { checks }: Plan,
  host: HostPlan,
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
const isEnteredOtherwise = (host: HostPlan): boolean =>
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
