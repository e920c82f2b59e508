import type { Approval } from "../../model/access/change.ts";
import type { Verdict } from "../../model/access/verdict.ts";
import type { FindingText } from "../../model/finding.ts";
import type { Instant } from "../../model/instant.ts";

type GrantLocation = { account: string; file: string; line: number; firstSeen: Instant };

export const UNAPPROVED_SEVERITY = "medium";
export const DUE_SEVERITY = "low";

export type UnapprovedFacts = GrantLocation & {
  verdict: Verdict;
  baselineAt: Instant;
  /** The host was first read after the baseline. */
  isFirstRead: boolean;
  /** The line of the same key that was there before; null for none. */
  changedFrom: string | null;
};

/** The sentence in the row of the grant. */
export function formatUnapprovedSentence({
  account,
  verdict,
}: Pick<UnapprovedFacts, "account" | "verdict">): string {
  const how = verdict.effective.state === "yes" ? "logs in" : "may log in";
  return `this line was not there at the baseline, nobody has approved it, and it ${how} as ${account}`;
}

/** Says of a grant that it was not there at the baseline, and that nobody has approved it since. */
export function describeUnapproved(grant: UnapprovedFacts): FindingText {
  const { file, line, verdict, baselineAt, firstSeen, isFirstRead, changedFrom } = grant;
  const { managedBy } = verdict.owner;
  return {
    sentence: formatUnapprovedSentence(grant),
    evidence: [
      `${file}:${line}`,
      `first seen by the scan of ${firstSeen}, the baseline is that of ${baselineAt}`,
      ...(changedFrom === null ? [] : [`the line of this key was before: ${changedFrom}`]),
      ...(isFirstRead ? ["the host was first read after the baseline: the line may be older than that"] : []),
      ...(managedBy === null ? [] : [`managed by ${managedBy.by}: ${managedBy.evidence}`]),
    ],
    remedy: "ask who added it and what for; approve it with an owner and a purpose, or remove the line",
  };
}

/** Says of an approval that its review is due. */
export function describeDue({ account, file, line }: GrantLocation, approval: Approval): FindingText {
  const { owner, purpose, reviewOn, approvedAt } = approval;
  return {
    sentence: `the approval of this login as ${account} was to be reviewed on ${reviewOn}`,
    evidence: [`${file}:${line}`, `approved at ${approvedAt} for ${owner}: ${purpose}`],
    remedy: `ask ${owner} whether it is still needed; approve it anew with a later date, or remove the line`,
  };
}
