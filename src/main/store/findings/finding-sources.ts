import type { FindingFilter } from "#shared/contract/findings.ts";
import type { RuleId } from "#shared/model/finding.ts";
import { type LensItem, rulesOf } from "#shared/model/lens.ts";
import type { Part, Value } from "#store/lists/order.ts";
import { coversAll } from "./acceptance-table.ts";
import { ACCOUNT_SOURCES } from "./account-sources.ts";
import { CERTIFICATE_SOURCES } from "./certificate-sources.ts";
import { ENDPOINT_SOURCES } from "./endpoint-findings.ts";
import { type ColumnOfSource, type FindingSource, HOST_ID, IN_FORCE, rankOf } from "./finding-source.ts";
import { GRANT_SOURCES } from "./grant-findings.ts";
import { IDENTITY_SOURCES } from "./identity-sources.ts";
import { KEY_SOURCES } from "./key-findings.ts";
import { LABEL_SOURCES } from "./label-sources.ts";

/** Findings that scans have reported. */
const stored: FindingSource = {
  name: "stored",
  from: "finding",
  ofHost: null,
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
    if (object.kind === "key" || object.kind === "tls-key" || object.kind === "profile-violation")
      return null;
    if (object.kind !== "certificate")
      return { sql: "kind = ? AND about = ?", values: [object.kind, object.id] };
    const sql = "kind = 'certificate' AND about = (SELECT id FROM certificate WHERE sha256 = ?)";
    return { sql, values: [object.sha256] };
  },
  isAccepted: `id IN (
    SELECT accepted.id FROM acceptance
    CROSS JOIN finding AS accepted
      ON accepted.kind = acceptance.kind AND accepted.about = acceptance.about AND accepted.rule = acceptance.rule
    WHERE ${IN_FORCE} AND ${coversAll()})`,
};

export const FINDING_SOURCES: readonly FindingSource[] = [
  stored,
  ...CERTIFICATE_SOURCES,
  ...KEY_SOURCES,
  ...ENDPOINT_SOURCES,
  ...GRANT_SOURCES,
  ...ACCOUNT_SOURCES,
  ...IDENTITY_SOURCES,
  ...LABEL_SOURCES,
];

/**
 * The sources of findings of an item of a standard. What scans have reported is read rule by rule: an index has each rule
 * in the order of the list, and the rows of several rules in none.
 */
export function sourcesOf(item: LensItem | null): readonly FindingSource[] {
  if (item === null) return FINDING_SOURCES;
  const rules = rulesOf(item);
  const isOfItem = ({ columns: { rule } }: FindingSource) =>
    "same" in rule && rules.some((one) => one === rule.same);
  return [...rules.map(storedOf), ...FINDING_SOURCES.filter(isOfItem)];
}

const storedOf = (rule: RuleId): FindingSource => ({
  ...stored,
  where: [`rule = '${rule}'`],
  columns: { ...stored.columns, rule: { same: rule } },
});

export const EVERYTHING = {
  severity: null,
  rule: null,
  host: null,
} satisfies Partial<FindingFilter>;

/** The conditions of a filter on a source, without those for words and for acceptance; null where nothing passes. */
export function sourceConditions(
  source: FindingSource,
  { severity, rule, host }: Pick<FindingFilter, "severity" | "rule" | "host">,
): Part[] | null {
  const equals = (column: ColumnOfSource, value: Value | null): Part[] | null => {
    if (value === null) return [];
    if ("sql" in column) return [{ sql: `${column.sql} = ?`, values: [value] }];
    return column.same === value ? [] : null;
  };
  const bySeverity = equals(source.columns.severity, severity && rankOf(severity));
  const byRule = equals(source.columns.rule, rule);
  if (!bySeverity || !byRule) return null;
  return [
    ...source.where.map((sql) => ({ sql, values: [] })),
    ...bySeverity,
    ...byRule,
    ...(host === null ? [] : [{ sql: source.isOnHost, values: [host] }]),
  ];
}
