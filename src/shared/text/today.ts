import { assertNever } from "../model/assert-never.ts";
import type { TodayCoverage, TodayLine, UnknownTarget } from "../model/today.ts";
import { addTotals, isMoreThan, leastOf, type Total, withoutSome } from "../model/total.ts";
import { formatAmount, formatCount, formatTotal } from "./count.ts";
import { formatElapsed } from "./elapsed.ts";
import { formatRule } from "./findings/finding.ts";
import { formatOutcome } from "./hosts/endpoint.ts";
import { formatAccount, formatTarget } from "./hosts/target.ts";
import { formatRunState } from "./runs/run.ts";

/**
 * A line as text: what it is about, what is to be known of it, and whom it concerns (where it is, and who answers for it).
 * Partly a stranger's words.
 */
type LineText = { about: string; sentence: string; concerns: string };

/** A line of Today; the sentence continues what it is about. */
export function describeLine(line: TodayLine, now: Date): LineText {
  switch (line.kind) {
    case "run": {
      const { title, state, message } = line.run;
      return { about: title, sentence: message || formatRunState(state), concerns: "" };
    }
    case "former-person":
      return {
        about: line.name || "somebody who has left",
        sentence: `has left and can still log in: ${formatFirst(line.accounts, line.accounts.length)}`,
        concerns: "",
      };
    case "still-accepted":
      return {
        about: formatAccount(line.check),
        sentence: `still accepts the key that run ${line.runId} removed: ${line.check.why.join("; ")}`,
        concerns: line.check.fingerprint.slice(0, 17),
      };
    case "finding":
      return {
        about: shortenFingerprint(line.finding.label),
        sentence: line.finding.sentence,
        concerns: [line.finding.host, line.owner].filter(Boolean).join(", "),
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

/** Enough of a fingerprint to tell it from others of a fleet. */
const shortenFingerprint = (label: string): string => label.replace(/^(SHA256:.{10}).{33}(?= |$)/, "$1…");

type UnknownLine = Extract<TodayLine, { kind: "unknown-targets" }>;

const formatTargets = ({ targets, count }: UnknownLine): string =>
  formatFirst(targets.map(formatUnknown), count);

const formatUnknown = ({ target, hostname }: UnknownTarget): string =>
  hostname === null || hostname === target.host
    ? formatTarget(target)
    : `${formatTarget(target)} (${hostname})`;

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
  switch (gap) {
    case "failed": {
      const last = only?.lastRead ? `; last read ${formatElapsed(only.lastRead, now)}` : "";
      return `could not be read: ${formatOutcome(outcome)}${last}`;
    }
    case "partial":
      return outcome === "presented" || outcome === "collected"
        ? `${were} read in part`
        : `${were} read in part: ${formatOutcome(outcome)}`;
    case "stale":
      return only?.lastRead
        ? `was last read ${formatElapsed(only.lastRead, now)}`
        : `${were} last read too long ago`;
    default:
      return assertNever(gap);
  }
}

/** What is not known of the inventory as it is now, as parts of a sentence; empty where all of it is known. */
function listGaps({ failed, partial, stale, unprobed }: TodayCoverage, maxAgeDays: number): string[] {
  const parts: [Total, string][] = [
    [failed, "could not be read"],
    [partial, "read in part"],
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
  const { probed, unprobed, failed, partial, stale } = coverage;
  const targets = probed + unprobed;
  const gaps = listGaps(coverage, maxAgeDays);
  if (gaps.length === 0)
    return {
      isClear: true,
      sentence: `nothing needs anybody: ${formatCount(targets, "target")}, each read completely`,
    };
  const known = withoutSome(targets, leastOf(addTotals([failed, partial, stale, unprobed])));
  return {
    isClear: false,
    sentence: `nothing found in ${formatAmount(known)} of ${formatCount(targets, "target")}; ${gaps.join(", ")}`,
  };
}

/** How much of the inventory is known, whatever was found in it. */
export function formatCoverage(coverage: TodayCoverage, maxAgeDays: number): string {
  const gaps = listGaps(coverage, maxAgeDays);
  const targets = formatCount(coverage.probed + coverage.unprobed, "target");
  return gaps.length === 0 ? `${targets}, each read completely` : `${targets}: ${gaps.join(", ")}`;
}
