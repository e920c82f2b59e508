import { assertNever } from "../model/assert-never.ts";
import type { Finding } from "../model/finding.ts";
import type { Orphan } from "../model/grant.ts";
import type { Verdict } from "../model/verdict.ts";

type Orphaned = { orphan: Orphan; account: string; file: string; line: number; verdict: Verdict };

/** Who has left is let in for certain; the other reasons need somebody to look. */
export const ORPHAN_SEVERITY = { gone: "high", unused: "medium", unmatched: "medium" } as const;

/** What is said of a grant that may let somebody in while nobody is known to own or use it. */
export function describeOrphan(grant: Orphaned): Pick<Finding, "sentence" | "evidence" | "remedy"> {
  const { orphan, file, line, verdict } = grant;
  const { owner, use, effective } = verdict;
  const axes = orphan === "unused" ? [use, owner] : [owner, use];
  const said = axes.filter(({ state }) => state !== "unknown" || orphan === "unmatched");
  return {
    sentence: `${formatWho(grant)}, and ${formatLogin(grant)}`,
    evidence: [
      `${file}:${line}`,
      ...new Set([...said.flatMap(({ reasons }) => reasons), ...effective.reasons.slice(0, 1)]),
      ...new Set(axes.flatMap(({ coverage }) => coverage.notRead.map((what) => `not read: ${what}`))),
    ],
    remedy: owner.managedBy ? `${formatRemedy(orphan)}; ${owner.managedBy.isUndone}` : formatRemedy(orphan),
  };
}

function formatWho({ orphan, verdict: { owner } }: Orphaned): string {
  switch (orphan) {
    case "gone":
      return `this is the key of somebody who has left${owner.who === null ? "" : ` (${owner.who})`}`;
    case "unused":
      return "nobody has used this key here in all the time that the logs cover";
    case "unmatched":
      return "the private key was not found anywhere";
    default:
      return assertNever(orphan);
  }
}

function formatLogin({ account, verdict: { effective } }: Orphaned): string {
  if (effective.state === "no")
    return `it would log in as ${account} again if ${effective.dormant} were otherwise`;
  return effective.state === "yes" ? `it logs in as ${account}` : `it may log in as ${account}`;
}

function formatRemedy(orphan: Orphan): string {
  switch (orphan) {
    case "gone":
      return "remove the line, and every other with this key; where others use the key too, replace it";
    case "unused":
      return "ask its owner whether a yearly job needs it; if nobody does, remove the line";
    case "unmatched":
      return "find out who has the key and add it to a people source, or remove the line";
    default:
      return assertNever(orphan);
  }
}
