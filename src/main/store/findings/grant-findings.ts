import type { Database } from "better-sqlite3";
import { type GrantRow, Orphan } from "#shared/model/access/grant.ts";
import type { FindingObject, RuleId, Severity } from "#shared/model/finding.ts";
import { ORPHAN_SEVERITY } from "#shared/text/access/grant.ts";
import {
  DUE_SEVERITY,
  describeDue,
  describeUnapproved,
  UNAPPROVED_SEVERITY,
} from "#shared/text/findings/access-finding.ts";
import { describeReturnedGrant, RETURNED_SEVERITY } from "#shared/text/findings/account-finding.ts";
import { SUSPECT } from "#store/access/grant-filter.ts";
import {
  BY_FIRST_SCAN,
  IS_UNAPPROVED,
  UNAPPROVED_COUNT,
  UNAPPROVED_SCANS,
} from "#store/changes/baseline-table.ts";
import { IS_RETURNED_GRANT } from "#store/changes/returned.ts";
import type { Part } from "#store/lists/order.ts";
import { ABSENCE_IS_EVALUATED } from "#store/people/inventory-table.ts";
import { acceptedFor, type FindingSource, type FindingText, rankOf } from "./finding-source.ts";

const inOrder = (grants: string): FindingSource["walk"] => ({
  host: `grant_line INDEXED BY ${grants}_by_host`,
  label_start: `grant_line INDEXED BY ${grants}_by_fingerprint`,
});

/** What sources about grants have in common, columns aside. */
const aboutGrant = (rule: RuleId) => ({
  table: "grant_line" as const,
  ofHost: "grant_line INDEXED BY grant_by_host",
  isOnHost: "host_name = ?",
  text: `'${rule}' || char(10) || host_name || char(10) || account || char(10) || ifnull(fingerprint, '')
    || char(10) || comment`,
  foundBy: "grant" as const,
  isAbout: (object: FindingObject): Part | null =>
    object.kind === "grant" ? { sql: "id = ?", values: [object.id] } : null,
  isAccepted: acceptedFor(rule, "grant", "id"),
});

const columnsOfGrant = (rule: RuleId, severity: Severity) => ({
  severity: { same: rankOf(severity) },
  rule: { same: rule },
  host: { sql: "host_name" },
  label_start: { sql: "ifnull(fingerprint, '')" },
  tie: { sql: "id" },
});

/** Grants that are orphans for one reason, which is the column `orphan`. */
const orphans = (why: Orphan): FindingSource => ({
  ...aboutGrant("grant-orphaned"),
  name: "orphan",
  from: "grant_line INDEXED BY grant_by_orphan",
  walk: inOrder(why === "private-key-not-found" ? "grant" : "grant_suspect"),
  isWalkShort: why !== "private-key-not-found",
  where: [
    "gone_scan IS NULL",
    `orphan = '${why}'`,
    why === "private-key-not-found" ? ABSENCE_IS_EVALUATED : SUSPECT,
  ],
  cachedCount: `(SELECT ifnull(sum(count), 0) FROM cached_count
    WHERE what GLOB 'grant * ${why}' ${why === "private-key-not-found" ? `AND ${ABSENCE_IS_EVALUATED}` : ""})`,
  columns: {
    ...columnsOfGrant("grant-orphaned", ORPHAN_SEVERITY[why]),
    first_seen: { sql: "orphan_since" },
    since: { sql: "orphan_since" },
  },
});

/** Grants that are new since the baseline, and not approved. */
const unapproved: FindingSource = {
  ...aboutGrant("grant-since-baseline"),
  name: "unapproved",
  from: BY_FIRST_SCAN,
  walk: inOrder("grant"),
  unordered: ["first_seen"],
  where: [IS_UNAPPROVED],
  cachedCount: UNAPPROVED_COUNT,
  scans: UNAPPROVED_SCANS,
  columns: {
    ...columnsOfGrant("grant-since-baseline", UNAPPROVED_SEVERITY),
    first_seen: { sql: "(SELECT started_at FROM scan WHERE scan.id = first_scan)" },
    since: { sql: "first_scan" },
  },
};

/** Approvals whose review date has come. */
const due: FindingSource = {
  ...aboutGrant("approval-due"),
  name: "due",
  from: "grant_line INDEXED BY grant_to_review",
  walk: inOrder("grant"),
  unordered: ["first_seen"],
  where: ["gone_scan IS NULL", "review_on IS NOT NULL", "review_on <= @now"],
  columns: {
    ...columnsOfGrant("approval-due", DUE_SEVERITY),
    first_seen: { sql: "review_on || 'T00:00:00Z'" },
    since: { sql: "review_on" },
  },
};

/** Grants that were removed, and let the same key in again. */
const returned = (severity: Severity, where: string): FindingSource => ({
  ...aboutGrant("grant-returned"),
  name: "returned-grant",
  from: "grant_line INDEXED BY grant_returned",
  walk: {},
  unordered: ["host", "label_start"],
  where: [IS_RETURNED_GRANT, where],
  columns: {
    ...columnsOfGrant("grant-returned", severity),
    first_seen: { sql: "returned_at" },
    since: { sql: "returned_at" },
  },
});

export const GRANT_SOURCES: readonly FindingSource[] = [
  ...Orphan.options.map(orphans),
  unapproved,
  due,
  returned(RETURNED_SEVERITY.certain, "effective = 'yes'"),
  returned(RETURNED_SEVERITY.uncertain, "effective <> 'yes'"),
];

type ReturnedRow = { goneAt: string; returnedAt: string; run: number | null; title: string | null };

type Since = { baselineAt: string; isFirstRead: number; changedFrom: string | null };

/** Describes the findings that follow from baselines and approvals. */
export function grantDescriber(db: Database, findGrant: (id: number) => GrantRow | null) {
  const since = db.prepare<[number], Since>(`
    SELECT (SELECT started_at FROM baseline JOIN scan ON scan.id = baseline.scan) AS baselineAt,
      ifnull((SELECT first_read_scan > (SELECT scan FROM baseline) FROM host WHERE host.id = grant_line.host), 0)
        AS isFirstRead,
      (SELECT text FROM grant_line AS earlier INDEXED BY grant_gone
       WHERE earlier.host = grant_line.host AND earlier.account = grant_line.account AND earlier.file = grant_line.file
         AND earlier.fingerprint = grant_line.fingerprint AND earlier.gone_scan = grant_line.first_scan
       ORDER BY id DESC LIMIT 1) AS changedFrom
    FROM grant_line
    WHERE id = ?`);
  const returnedFrom = db.prepare<[number], ReturnedRow>(`
    SELECT (SELECT started_at FROM scan WHERE scan.id = was_gone_scan) AS goneAt, returned_at AS returnedAt,
      removed_by AS run, (SELECT title FROM run WHERE run.id = removed_by) AS title
    FROM grant_line
    WHERE id = ?`);

  return {
    describeNew(id: number): FindingText {
      const grant = find(id);
      const { baselineAt = "", isFirstRead = 0, changedFrom = null } = since.get(id) ?? {};
      const said = describeUnapproved({ ...grant, baselineAt, isFirstRead: isFirstRead === 1, changedFrom });
      return { ...said, ...about(grant), firstSeen: grant.firstSeen };
    },

    describeReturned(id: number): FindingText {
      const grant = find(id);
      const row = returnedFrom.get(id);
      if (!row) throw new Error(`grant ${id} has not returned`);
      const { run, title, ...when } = row;
      const removedBy = run === null ? null : { id: run, title: title ?? "" };
      const isCertain = grant.verdict.effective.state === "yes";
      return {
        ...describeReturnedGrant({ ...grant, ...when, removedBy, isCertain }),
        ...about(grant),
        firstSeen: row.returnedAt,
      };
    },

    describeDue(id: number): FindingText {
      const grant = find(id);
      if (!grant.approval) throw new Error(`grant ${id} is not approved`);
      return {
        ...describeDue(grant, grant.approval),
        ...about(grant),
        firstSeen: `${grant.approval.reviewOn}T00:00:00Z`,
      };
    },
  };

  function find(id: number): GrantRow {
    const grant = findGrant(id);
    if (!grant) throw new Error(`there is no grant ${id}`);
    return grant;
  }
}

const about = ({
  id,
  fingerprint,
  comment,
  host,
}: GrantRow): Pick<FindingText, "object" | "label" | "host"> => ({
  object: { kind: "grant", id },
  label: `${fingerprint ?? ""} ${comment}`.trim(),
  host,
});
