import { assertNever } from "../model/assert-never.ts";
import type { TodayCoverage, TodayLine, UnknownTarget } from "../model/today.ts";
import { isMoreThan, leastOf, type Total, withoutSome } from "../model/total.ts";
import { formatObserved } from "./access/login.ts";
import { formatUndone } from "./access/review.ts";
import { formatAmount, formatCount, formatNumber, formatTotal } from "./count.ts";
import { formatElapsed } from "./elapsed.ts";
import { formatRule } from "./findings/finding.ts";
import { formatOutcome } from "./hosts/endpoint.ts";
import { type FindOwnName, withOwnName } from "./hosts/own-name.ts";
import { formatAccount, formatTarget } from "./hosts/target.ts";
import { formatRunState } from "./runs/run.ts";

/**
 * A line as text: what it is about, what is to be known of it, and whom it concerns (where it is, and who answers for it).
 * Partly a stranger's words.
 */
type LineText = { about: string; sentence: string; concerns: string };

/** A line of Today; the sentence continues what it is about. */
export function describeLine(line: TodayLine, now: Date, findOwnName: FindOwnName = () => null): LineText {
  const named = (host: string) => withOwnName(host, host, findOwnName(host));
  switch (line.kind) {
    case "run": {
      const { title, state, message } = line.run;
      return { about: title, sentence: message || formatRunState(state), concerns: "" };
    }
    case "former-person":
      return {
        about: line.name,
        sentence: `${LOGINS[line.login]}: ${formatFirst(line.accounts, line.accountCount)}`,
        concerns: "",
      };
    case "still-accepted":
      return {
        about: withOwnName(
          formatAccount(line.check),
          line.check.host,
          findOwnName(line.check.host, line.check.port),
        ),
        sentence: `still accepts the key that run ${line.runId} removed: ${line.check.why.join("; ")}`,
        concerns: line.check.fingerprint.slice(0, 17),
      };
    case "login": {
      const { host, port, ...login } = line.login;
      return {
        about: withOwnName(formatAccount(line.login), host, findOwnName(host, port)),
        sentence: formatObserved({ host, port, ...login }),
        concerns: "",
      };
    }
    case "finding":
      return {
        about: shortenFingerprint(line.finding.label),
        sentence: line.finding.sentence,
        concerns: [line.finding.host && named(line.finding.host), line.owner].filter(Boolean).join(", "),
      };
    case "review":
      return {
        about: `review ${line.review}`,
        sentence: `${formatDue(line.dueAt, now)}: ${formatFirst(line.reviewers, line.reviewerCount)} ${line.reviewerCount === 1 ? "has" : "have"} not decided on ${formatCount(line.open, "item")}`,
        concerns: "",
      };
    case "undone-review":
      return {
        about: `review ${line.review}`,
        sentence: `${line.isOver ? "ended, and not done: " : ""}${formatUndone(line)}`,
        concerns: "",
      };
    case "more-findings":
      return {
        about: formatRule(line.rule),
        sentence: `${formatCount(line.count, "more finding")} of this rule`,
        concerns: "",
      };
    case "unknown-targets":
      return { about: formatTargets(line), sentence: formatGap(line, now), concerns: "" };
    default:
      return assertNever(line);
  }
}

const formatDue = (dueAt: string, now: Date): string =>
  Date.parse(dueAt) < now.getTime() ? `was due on ${dueAt.slice(0, 10)}` : `is due on ${dueAt.slice(0, 10)}`;

/** Enough of a fingerprint to tell it from others of a fleet. */
const shortenFingerprint = (label: string): string => label.replace(/^(SHA256:.{10}).{33}(?= |$)/, "$1…");

const LOGINS: Record<Extract<TodayLine, { kind: "former-person" }>["login"], string> = {
  yes: "has left and can still log in",
  unknown: "has left and may still log in",
  dormant: "has left, and could log in again if one setting were otherwise",
};

type UnknownLine = Extract<TodayLine, { kind: "unknown-targets" }>;

const formatTargets = ({ targets, count }: UnknownLine): string =>
  formatFirst(targets.map(formatUnknown), count);

const formatUnknown = ({ target, hostname }: UnknownTarget): string =>
  withOwnName(formatTarget(target), target.host, hostname);

const MOST_SAID = 3;

/** The first, and how many more there are. */
function formatFirst(names: readonly string[], total: Total): string {
  const said = names.slice(0, MOST_SAID).join(", ");
  const rest = withoutSome(total, Math.min(names.length, MOST_SAID));
  return isMoreThan(rest, 0) ? `${said} and ${formatTotal(rest, "other")}` : said;
}

function formatGap({ gap, outcome, targets, count }: UnknownLine, now: Date): string {
  const [only] = leastOf(count) === 1 ? targets : [];
  const were = only ? "was" : "were";
  const met =
    outcome === null || outcome === "presented" || outcome === "collected"
      ? ""
      : `: ${formatOutcome(outcome)}`;
  switch (gap) {
    case "failed": {
      const last = only?.lastRead ? `; last read ${formatElapsed(only.lastRead, now)}` : "";
      return `could not be read${met}${last}`;
    }
    case "partial":
      return `${were} read in part${met}`;
    case "limited":
      return `${were} read without root, or not everything there could be read: the host's details say what; log in as root, or with sudo, to know more`;
    case "stale":
      return only?.lastRead
        ? `was last read ${formatElapsed(only.lastRead, now)}`
        : `${were} last read too long ago`;
    case "unprobed":
      return `${were} not probed yet`;
    default:
      return assertNever(gap);
  }
}

/** What is not known of the inventory as it is now, as parts of a sentence; empty where all of it is known. */
function listGaps(
  { failed, partial, limited, stale, unprobed }: TodayCoverage,
  maxAgeDays: number,
): string[] {
  const parts: [Total, string][] = [
    [failed, "could not be read"],
    [partial, "read in part"],
    [limited, "not read completely"],
    [stale, `last read more than ${formatCount(maxAgeDays, "day")} ago`],
    [unprobed, "not probed yet"],
  ];
  return parts.flatMap(([total, what]) => (isMoreThan(total, 0) ? [`${formatAmount(total)} ${what}`] : []));
}

/** What is not known; null where everything is. */
export function formatGaps(coverage: TodayCoverage, maxAgeDays: number): string | null {
  const gaps = listGaps(coverage, maxAgeDays);
  return gaps.length === 0 ? null : gaps.join(", ");
}

/**
 * What Today says where it has no line, or only lines about what is not known: it is clear only where every target was
 * read, wholly and lately.
 */
export function formatClear(
  coverage: TodayCoverage,
  maxAgeDays: number,
): { isClear: boolean; sentence: string } {
  const targets = countTargets(coverage);
  const gaps = listGaps(coverage, maxAgeDays);
  if (gaps.length === 0)
    return {
      isClear: true,
      sentence: `nothing needs anybody: ${formatCount(targets, "target")}, each read completely`,
    };
  const { failed, partial, limited, stale, unprobed } = coverage;
  const all = [failed, partial, limited, stale, unprobed];
  const known = targets - all.reduce<number>((sum, total) => sum + leastOf(total), 0);
  const most = all.every((total) => typeof total === "number") ? "" : "at most ";
  return {
    isClear: false,
    sentence: `nothing found in ${most}${formatNumber(known)} of ${formatCount(targets, "target")}; ${gaps.join(", ")}`,
  };
}

/** At least so many, where those that were not probed are too many to be counted. */
const countTargets = ({ probed, unprobed }: TodayCoverage): number => probed + leastOf(unprobed);

/** How much of the inventory is known, whatever was found in it. */
export function formatCoverage(coverage: TodayCoverage, maxAgeDays: number): string {
  const gaps = listGaps(coverage, maxAgeDays);
  const targets = formatCount(countTargets(coverage), "target");
  return gaps.length === 0 ? `${targets}, each read completely` : `${targets}: ${gaps.join(", ")}`;
}
