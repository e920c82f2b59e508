import { Approval } from "#shared/model/change.ts";
import type { GrantRow, Orphan, OrphanState } from "#shared/model/grant.ts";
import { evaluatesAbsence, type Scope } from "#shared/model/person.ts";
import { Verdict } from "#shared/model/verdict.ts";
import { formatUnapprovedSentence, UNAPPROVED_SEVERITY } from "#shared/text/approval.ts";
import { formatOrphan, ORPHAN_SEVERITY } from "#shared/text/orphan.ts";
import { formatWhy } from "#shared/text/why.ts";
import { IS_UNAPPROVED } from "#store/changes/rogue.ts";
import type { FindingBriefs } from "#store/findings/finding-briefs.ts";
import type { OwnerFinder, OwnerRow } from "#store/people/owner-facts.ts";

/** As a query on `grant_line` gives it. */
export type Row = OwnerRow & {
  id: number;
  host_name: string;
  port: number;
  account: string;
  file: string;
  line: number;
  key_type: string | null;
  key_bits: number | null;
  options: string;
  effective: string;
  verdict: string;
  orphan: Orphan | null;
  is_rogue: number;
  approved: string | null;
  first_seen: string;
  last_seen: string;
};

export const COLUMNS = `id, host_name, port, account, file, line, key_type, key_bits, fingerprint, comment, options, effective,
  verdict, owner, is_matched, listed, orphan,
  (${IS_UNAPPROVED}) AS is_rogue, (SELECT owner FROM approval AS given WHERE given.id = approval) AS vouched_by,
  (SELECT json_object('owner', owner, 'purpose', purpose, 'reviewOn', given.review_on, 'approvedAt', approved_at)
   FROM approval AS given WHERE given.id = approval) AS approved, (SELECT started_at FROM scan WHERE scan.id = first_scan) AS first_seen,
  (SELECT started_at FROM scan WHERE scan.id = last_scan) AS last_seen`;

type Deps = { briefs: FindingBriefs; owners: OwnerFinder };

export type GrantRows = ReturnType<typeof grantRows>;

/** How the rows of grants are filled with what is to be said of them. */
export function grantRows({ briefs, owners }: Deps) {
  return {
    /** For the rows of one page. */
    open(): (row: Row) => GrantRow {
      const { scope, tell } = owners.open();
      return (row) => {
        const judged = Verdict.parse(JSON.parse(row.verdict));
        const verdict = { ...judged, owner: tell(row, judged.owner.managedBy) };
        return toGrant(row, verdict, orphanStateOf(row.orphan, scope));
      };
    },
  };

  function toGrant(row: Row, verdict: Verdict, state: OrphanState | null): GrantRow {
    const orphan = state === "unknown" ? null : state;
    return {
      id: row.id,
      host: row.host_name,
      port: row.port,
      account: row.account,
      file: row.file,
      line: row.line,
      keyType: row.key_type,
      keyBits: row.key_bits,
      fingerprint: row.fingerprint,
      comment: row.comment,
      options: row.options,
      verdict,
      orphaned: orphan !== null,
      orphan: state,
      isRogue: row.is_rogue === 1,
      approval: row.approved === null ? null : Approval.parse(JSON.parse(row.approved)),
      why: formatWhy(verdict, state),
      firstSeen: row.first_seen,
      lastSeen: row.last_seen,
      findings: [
        ...briefs.computed({ kind: "grant", about: row.id }, [
          ...(orphan === null ? [] : [briefOrphan({ ...row, orphan, verdict })]),
          ...(row.is_rogue === 1 ? [briefUnapproved({ ...row, verdict })] : []),
        ]),
        ...briefs.about({ kind: "grant", id: row.id }),
        ...(row.fingerprint === null || row.effective === "no" ? [] : briefs.ofKey(row.fingerprint)),
      ],
    };
  }
}

/** What is only unmatched is no orphan where nobody has said that all is scanned, and not known to be one where that was not read whole. */
function orphanStateOf(orphan: Orphan | null, scope: Scope): OrphanState | null {
  if (orphan !== "unmatched" || evaluatesAbsence(scope)) return orphan;
  return scope.isWhole ? "unknown" : null;
}

const briefOrphan = (grant: Parameters<typeof formatOrphan>[0]): GrantRow["findings"][number] => ({
  rule: "grant-orphaned",
  severity: ORPHAN_SEVERITY[grant.orphan],
  sentence: formatOrphan(grant).sentence,
});

const briefUnapproved = (
  grant: Parameters<typeof formatUnapprovedSentence>[0],
): GrantRow["findings"][number] => ({
  rule: "grant-since-baseline",
  severity: UNAPPROVED_SEVERITY,
  sentence: formatUnapprovedSentence(grant),
});
