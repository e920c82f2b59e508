import type { FindingFilter } from "#shared/contract/findings.ts";
import { type FindingObject, type RuleId, Severity } from "#shared/model/finding.ts";
import { Orphan } from "#shared/model/grant.ts";
import { DUE_SEVERITY, ROGUE_SEVERITY } from "#shared/text/approval.ts";
import { ORPHAN_SEVERITY } from "#shared/text/orphan.ts";
import { SUSPECT } from "#store/access/grant-standing.ts";
import { BY_FIRST_SCAN, IS_ROGUE } from "#store/changes/rogue.ts";
import type { Value } from "#store/lists/cursor.ts";
import type { Part } from "#store/lists/lists.ts";
import { eachWord } from "#store/lists/search.ts";
import { SHARED_KEY_SEVERITY } from "./finding-briefs.ts";

/** What a list of findings may be ordered by. `since` is in the order of an index, and `tie` tells those of one rule apart. */
export type ArmColumn = "severity" | "rule" | "host" | "label_start" | "first_seen" | "since" | "tie";

/** A column that is the same for all of an arm is a value; otherwise it is an expression. */
type Column = { same: Value } | { sql: string };

/**
 * Where findings come from: each arm is a query that gives the same columns. Where two arms give the same rule at the same
 * severity, their `tie`s are of one table. The only parameter is `@now`.
 */
export type Arm = {
  name: "stored" | "date" | "key" | "orphan" | "rogue" | "due";
  /** With the index that a list of them is read by. */
  from: string;
  /** The same with an index that is in the order of a column, for when the arm has most of what is there. */
  walk: Partial<Record<ArmColumn, string>>;
  table: "finding" | "certificate" | "key" | "grant_line";
  where: readonly string[];
  columns: Readonly<Record<ArmColumn, Column>>;
  /** Whether a finding is on the host of this name: where it is on several, whether it is on that one too. */
  isOnHost: string;
  /** What a search looks at. */
  text: string;
  /** What is about a thing; null where no finding of this arm can be. */
  isAbout(object: FindingObject): Part | null;
};

const rank = (severity: Severity): number => Severity.options.indexOf(severity);

const HOST_ID = "(SELECT host_name.id FROM host_name WHERE host_name.name = ?)";

const stored: Arm = {
  name: "stored",
  from: "finding",
  walk: {},
  table: "finding",
  where: [],
  columns: {
    severity: { sql: "severity" },
    rule: { sql: "rule" },
    host: { sql: "host" },
    label_start: { sql: "substr(label, 1, 120)" },
    first_seen: { sql: "first_seen" },
    since: { sql: "first_seen" },
    tie: { sql: "id" },
  },
  isOnHost: `id IN (SELECT finding FROM report WHERE name = ${HOST_ID})`,
  text: `rule || char(10) || label || char(10) || host || char(10)
    || ifnull((SELECT sentence FROM report WHERE finding = finding.id ORDER BY name LIMIT 1), '')`,
  isAbout(object) {
    if (object.kind === "key") return null;
    if (object.kind !== "certificate")
      return { sql: "kind = ? AND about = ?", values: [object.kind, object.id] };
    const sql = "kind = 'certificate' AND about = (SELECT id FROM certificate WHERE sha256 = ?)";
    return { sql, values: [object.sha256] };
  },
};

type DateArm = {
  rule: RuleId;
  severity: Severity;
  since: string;
  where: readonly string[];
  index?: "certificate_due" | "certificate_by_expiry" | "certificate_early";
};

/** The planner cannot know how few certificates are due among all, and is told. */
const dates = ({ rule, severity, since, where, index = "certificate_due" }: DateArm): Arm => ({
  name: "date",
  from: `certificate INDEXED BY ${index}`,
  walk: { label_start: "certificate INDEXED BY certificate_by_subject" },
  table: "certificate",
  where: ["is_seen = 1", ...where],
  columns: {
    severity: { same: rank(severity) },
    rule: { same: rule },
    host: { sql: "ifnull((SELECT name FROM host_name WHERE host_name.id = only_name), '')" },
    label_start: { sql: "substr(subject, 1, 120)" },
    first_seen: { sql: `max(first_seen, ${since})` },
    since: { sql: since },
    tie: { sql: "id" },
  },
  isOnHost: `id IN (SELECT certificate FROM place WHERE gone_scan IS NULL AND name = ${HOST_ID})`,
  text: `'${rule}' || char(10) || subject || char(10)
    || ifnull((SELECT name FROM host_name WHERE host_name.id = only_name), '')`,
  isAbout: (object) =>
    object.kind === "certificate" ? { sql: "sha256 = ?", values: [object.sha256] } : null,
});

/** Due already, not yet over. One that is due only at its end never expires soon: it expires. */
const DUE = ["due_from <= @now", "not_after >= @now", "due_from < not_after"];

const key: Arm = {
  name: "key",
  from: "key",
  walk: {},
  table: "key",
  where: ["is_shared = 1"],
  columns: {
    severity: { same: rank(SHARED_KEY_SEVERITY) },
    rule: { same: "key-on-several-accounts" },
    host: { same: "" },
    label_start: { sql: "fingerprint" },
    first_seen: { sql: "shared_since" },
    since: { sql: "shared_since" },
    tie: { sql: "fingerprint" },
  },
  isOnHost: `fingerprint IN (
    SELECT fingerprint FROM grant_line WHERE gone_scan IS NULL AND effective <> 'no' AND host_name = ?)`,
  text: "'key-on-several-accounts' || char(10) || fingerprint",
  isAbout: (object) =>
    object.kind === "key" ? { sql: "fingerprint = ?", values: [object.fingerprint] } : null,
};

const WHOLE_SCOPE = "EXISTS (SELECT 1 FROM scope WHERE is_whole = 1)";

const inOrder = (grants: string): Arm["walk"] => ({
  host: `grant_line INDEXED BY ${grants}_by_host`,
  label_start: `grant_line INDEXED BY ${grants}_by_fingerprint`,
});

/** What arms about grants have in common, and of the columns. */
const aboutGrant = (rule: RuleId) => ({
  table: "grant_line" as const,
  isOnHost: "host_name = ?",
  text: `'${rule}' || char(10) || host_name || char(10) || account || char(10) || ifnull(fingerprint, '')
    || char(10) || comment`,
  isAbout: (object: FindingObject): Part | null =>
    object.kind === "grant" ? { sql: "id = ?", values: [object.id] } : null,
});

const columnsOfGrant = (rule: RuleId, severity: Severity) => ({
  severity: { same: rank(severity) },
  rule: { same: rule },
  host: { sql: "host_name" },
  label_start: { sql: "ifnull(fingerprint, '')" },
  tie: { sql: "id" },
});

/** Grants that are orphans for one reason; the rule for that is the column `orphan`. */
const orphans = (why: Orphan): Arm => ({
  ...aboutGrant("grant-orphaned"),
  name: "orphan",
  from: "grant_line INDEXED BY grant_by_orphan",
  walk: inOrder(why === "unmatched" ? "grant" : "grant_suspect"),
  where: ["gone_scan IS NULL", `orphan = '${why}'`, why === "unmatched" ? WHOLE_SCOPE : SUSPECT],
  columns: {
    ...columnsOfGrant("grant-orphaned", ORPHAN_SEVERITY[why]),
    first_seen: { sql: "orphan_since" },
    since: { sql: "orphan_since" },
  },
});

/** Grants that are new since the baseline, and not approved. */
const rogue: Arm = {
  ...aboutGrant("grant-since-baseline"),
  name: "rogue",
  from: BY_FIRST_SCAN,
  walk: inOrder("grant"),
  where: [IS_ROGUE],
  columns: {
    ...columnsOfGrant("grant-since-baseline", ROGUE_SEVERITY),
    first_seen: { sql: "(SELECT started_at FROM scan WHERE scan.id = first_scan)" },
    since: { sql: "first_scan" },
  },
};

/** Approvals whose day to look again has come. */
const due: Arm = {
  ...aboutGrant("approval-due"),
  name: "due",
  from: "grant_line INDEXED BY grant_to_review",
  walk: inOrder("grant"),
  where: ["gone_scan IS NULL", "review_on IS NOT NULL", "review_on <= @now"],
  columns: {
    ...columnsOfGrant("approval-due", DUE_SEVERITY),
    first_seen: { sql: "review_on || 'T00:00:00Z'" },
    since: { sql: "review_on" },
  },
};

export const ARMS: readonly Arm[] = [
  stored,
  dates({
    rule: "certificate-expired",
    severity: "high",
    since: "not_after",
    where: ["not_after < @now"],
    index: "certificate_by_expiry",
  }),
  dates({
    rule: "certificate-expiring",
    severity: "high",
    since: "due_from",
    where: [...DUE, "urgent_from <= @now"],
  }),
  dates({
    rule: "certificate-expiring",
    severity: "medium",
    since: "due_from",
    where: [...DUE, "ifnull(urgent_from > @now, 1)"],
  }),
  dates({
    rule: "certificate-not-yet-valid",
    severity: "medium",
    since: "not_before",
    where: ["not_before > first_seen", "not_before > @now"],
    index: "certificate_early",
  }),
  key,
  ...Orphan.options.map(orphans),
  rogue,
  due,
];

/** What of an arm a filter lets through; null when that is nothing. */
export function armConditions(arm: Arm, { search, severity, rule, host }: FindingFilter): Part[] | null {
  const equals = (column: Column, value: Value | null): Part[] | null => {
    if (value === null) return [];
    if ("sql" in column) return [{ sql: `${column.sql} = ?`, values: [value] }];
    return column.same === value ? [] : null;
  };
  const bySeverity = equals(arm.columns.severity, severity && rank(severity));
  const byRule = equals(arm.columns.rule, rule);
  if (!bySeverity || !byRule) return null;
  return [
    ...arm.where.map((sql) => ({ sql, values: [] })),
    ...bySeverity,
    ...byRule,
    ...(host === null ? [] : [{ sql: arm.isOnHost, values: [host] }]),
    ...eachWord(search, arm.text),
  ];
}
