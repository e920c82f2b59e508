import type { Orphan, OrphanState } from "../../model/access/grant.ts";
import type { Gift, Verdict } from "../../model/access/verdict.ts";
import { assertNever } from "../../model/assert-never.ts";
import type { FindingText } from "../../model/finding.ts";
import { evidenceOf, type LogWindow } from "../../model/hosts/host-use.ts";
import { formatCount } from "../count.ts";

type Orphaned = { orphan: Orphan; account: string; file: string; line: number; verdict: Verdict };

/** Whoever has left can log in for certain; the other reasons need somebody to review them. */
export const ORPHAN_SEVERITY = { gone: "high", unused: "medium", "private-key-not-found": "medium" } as const;

/** The text for a grant that may let somebody in while nobody is known to own or use it. */
export function describeOrphan(grant: Orphaned): FindingText {
  const { orphan, file, line, verdict } = grant;
  const { owner, use, effective } = verdict;
  const axes = orphan === "unused" ? [use, owner] : [owner, use];
  const said = axes.filter(({ state }) => state !== "unknown" || orphan === "private-key-not-found");
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
    case "private-key-not-found":
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
    case "private-key-not-found":
      return "find out who has the key and add it to a people source, or remove the line";
    default:
      return assertNever(orphan);
  }
}

/**
 * The sentences of a verdict that matter, the deciding one first. `orphan`: why the grant is an orphan; null when it is
 * none.
 */
export function formatWhy({ effective, owner, use }: Verdict, orphan: OrphanState | null): string[] {
  return [
    ...(orphan !== null && orphan !== "unused" ? owner.reasons : []),
    ...(orphan !== null && use.state === "unused" ? use.reasons : []),
    ...effective.reasons,
    ...(effective.onlyFrom.length > 0 ? [formatBound(effective.onlyFrom)] : []),
  ];
}

/**
 * What restricts a grant to addresses, each as it is written there: `from="10.0.0.0/8"`, `AllowUsers ann@10.0.0.1
 * (...)`.
 */
export const formatBound = (onlyFrom: readonly string[]): string =>
  `bound to addresses: ${onlyFrom.join(", ")}`;

const GIFTS: Record<Gift, string> = {
  shell: "a shell",
  command: "one command and no other",
  sftp: "files by SFTP",
  forwarding: "forwarded connections",
};

/** What a login gets; a shell has all the others with it. */
export function formatGives(gives: readonly Gift[]): string {
  if (gives.length === 0) return "what it allows was not read";
  return gives.includes("shell") ? GIFTS.shell : gives.map((gift) => GIFTS[gift]).join(" and ");
}

const DAY_MS = 86_400_000;

/**
 * The time that a log covers: "2026-02-20 to 2026-05-31, 100 days". Whole days, rounded down; and how strong that is.
 */
export function formatWindow({ source, from, to }: LogWindow): string {
  const days = Math.floor((Date.parse(to) - Date.parse(from)) / DAY_MS);
  const weak =
    evidenceOf(source) === "file" ? "; claimed: any user of the host can have lines written to it" : "";
  return `${from.slice(0, 10)} to ${to.slice(0, 10)}, ${formatCount(days, "day")}${weak}`;
}
