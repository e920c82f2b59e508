/** The time between hand-over and removal in which logs are watched for uses of the old key. */
import type { HostUse } from "#shared/model/host-use.ts";
import { type Instant, toInstant } from "#shared/model/instant.ts";
import type { HostPlan, Plan } from "#shared/model/plan.ts";
import { consentOf, FILE_LOGS } from "#shared/text/consent.ts";
import { sayHost } from "#shared/text/plan.ts";
import { sayPlace } from "#shared/text/target.ts";
import { addDays, judgeQuiet, type Quiet } from "./judge-quiet.ts";
import { pathsOfNewKey } from "./paths-of-new-key.ts";

type Deps = {
  /** What logs told of a host, over all readings. */
  loginsOf: (host: { host: string; port: number }) => HostUse;
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
};

/**
 * Each use of the old key begins the time anew. Where the logs of a host cannot tell, the run looks again in an hour, or until
 * somebody ends the days of grace, with the word that this asks for.
 */
export function createGrace({ loginsOf, rescan, now }: Deps) {
  return {
    async judge({ plan, dueAt, consents }: Waiting): Promise<GraceVerdict> {
      const { graceDays } = plan.options;
      const at = toInstant(now());
      if (dueAt === null) return wait(addDays(at, graceDays), []);
      if (at < dueAt) return wait(dueAt, []);
      // Who has learnt a host key is in no log.
      if (plan.kind === "rotate-host-key") return { isOver: true, dueAt, said: [] };
      const hosts = plan.hosts.filter(({ files }) => files.some(({ removed }) => removed !== null));
      const before = hosts.map((host) => ({ host, readTo: lastTold(loginsOf(host)) }));
      // By the new key: a login of ours with the old one would be a use.
      if (!(await rescan(hosts, pathsOfNewKey(plan)))) await rescan(hosts.filter(isEnteredOtherwise), []);
      const since = addDays(dueAt, -graceDays);
      const verdicts = before.map(({ host, readTo }) => ({
        ...{ host, verdict: judgeHost(plan, host, { since, readTo, now: at }) },
      }));
      const said = verdicts.map(({ host, verdict }) =>
        say(host, verdict, { since, isEnough: isEnough(plan, host, { verdict, consents }) }),
      );
      const lastUse = verdicts
        .flatMap(({ verdict }) => (verdict.kind === "used" ? [verdict.at] : []))
        .sort()
        .at(-1);
      if (lastUse !== undefined) return wait(addDays(lastUse, graceDays), said);
      const isOver = verdicts.every(({ host, verdict }) => isEnough(plan, host, { verdict, consents }));
      return isOver ? { isOver, dueAt, said } : { isOver, dueAt: addDays(at, LOOKED_AT_DAYS), said };
    },
  };

  function judgeHost(
    plan: Plan,
    host: HostPlan,
    asked: { since: Instant; readTo: Instant | null; now: Instant },
  ): Quiet {
    if (plan.oldKey === null) return { kind: "quiet", evidence: "journal" };
    const accounts = watchedOf(host);
    return judgeQuiet({ use: loginsOf(host), fingerprint: plan.oldKey, accounts, ...asked });
  }
}

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

/** The accounts of which lines go. */
const watchedOf = ({ files }: HostPlan): string[] =>
  files.flatMap(({ account, others = [], removed }) => (removed === null ? [] : [account, ...others]));

/** Whether we log in to an account of which no line goes. */
const isEnteredOtherwise = (host: HostPlan): boolean =>
  host.user !== null && !watchedOf(host).includes(host.user);

/** The last moment that a log told of. */
const lastTold = ({ windows }: HostUse): Instant | null =>
  windows
    .map(({ to }) => to)
    .sort()
    .at(-1) ?? null;

const wait = (dueAt: Instant, said: string[]): GraceVerdict => ({
  ...{ isOver: false, dueAt },
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
      return `${place}: ${verdict.account} was logged in to with the old key on ${verdict.at.slice(0, 10)}${from}${weak}: give whoever that is the new one; an agent that has both offers the old one first`;
    }
    case "unknown":
      return `${place}: whether the old key is still used is not known: ${verdict.why}; end the days of grace (runs resume --now) to remove it all the same`;
  }
}
