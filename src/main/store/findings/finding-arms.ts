import type { FindingFilter } from "#shared/contract/findings.ts";
import { Severity } from "#shared/model/finding.ts";
import type { Part } from "#store/lists/lists.ts";
import { eachWord } from "#store/lists/search.ts";
import { SHARED_KEY_SEVERITY } from "./finding-briefs.ts";

/**
 * Where findings come from, each a query that gives the same columns. `tie` makes rule and tie together unique.
 * The parameter `@now` is the only one that they have.
 */
export type Arm = "stored" | "expiry" | "early" | "key";

const MEDIUM = Severity.options.indexOf("medium");
const HIGH = Severity.options.indexOf("high");
const SHARED = Severity.options.indexOf(SHARED_KEY_SEVERITY);

const HOST_OF_CERTIFICATE = "ifnull((SELECT name FROM host_name WHERE host_name.id = only_name), '')";

export const ARMS: Record<Arm, string> = {
  stored: `
    SELECT 'stored' AS arm, severity, rule, host, substr(label, 1, 120) AS label_start, first_seen, id AS tie
    FROM finding`,
  expiry: `
    SELECT 'expiry' AS arm,
           CASE WHEN not_after < @now OR urgent_from <= @now THEN ${HIGH} ELSE ${MEDIUM} END AS severity,
           CASE WHEN not_after < @now THEN 'certificate-expired' ELSE 'certificate-expiring' END AS rule,
           ${HOST_OF_CERTIFICATE} AS host, substr(subject, 1, 120) AS label_start,
           max(first_seen, CASE WHEN not_after < @now THEN not_after ELSE due_from END) AS first_seen, id AS tie
    FROM certificate
    WHERE is_seen = 1 AND due_from <= @now AND (due_from < not_after OR not_after < @now)`,
  early: `
    SELECT 'early' AS arm, ${MEDIUM} AS severity, 'certificate-not-yet-valid' AS rule,
           ${HOST_OF_CERTIFICATE} AS host, substr(subject, 1, 120) AS label_start, first_seen, id AS tie
    FROM certificate
    WHERE is_seen = 1 AND not_before > first_seen AND not_before > @now`,
  key: `
    SELECT 'key' AS arm, ${SHARED} AS severity, 'key-on-several-accounts' AS rule,
           '' AS host, fingerprint AS label_start, shared_since AS first_seen, fingerprint AS tie
    FROM key
    WHERE account_count > 1`,
};

/** A host by its name: for what is on several hosts, where it is now. */
const ON_HOST: Record<Arm, string> = {
  stored: `
    tie IN (
      SELECT finding FROM report
      WHERE name = (SELECT host_name.id FROM host_name WHERE host_name.name = ?))`,
  expiry:
    "tie IN (SELECT certificate FROM place WHERE gone_scan IS NULL AND name = (SELECT host_name.id FROM host_name WHERE host_name.name = ?))",
  early:
    "tie IN (SELECT certificate FROM place WHERE gone_scan IS NULL AND name = (SELECT host_name.id FROM host_name WHERE host_name.name = ?))",
  key: "tie IN (SELECT fingerprint FROM grant_line WHERE gone_scan IS NULL AND effective <> 'no' AND host_name = ?)",
};

const TEXT: Record<Arm, string> = {
  stored: `
    (SELECT finding.rule || char(10) || finding.label || char(10) || finding.host || char(10) || ifnull(
      (SELECT sentence FROM report WHERE report.finding = finding.id ORDER BY name LIMIT 1), '')
     FROM finding WHERE finding.id = tie)`,
  expiry: "rule || char(10) || host || char(10) || (SELECT subject FROM certificate WHERE id = tie)",
  early: "rule || char(10) || host || char(10) || (SELECT subject FROM certificate WHERE id = tie)",
  key: "rule || char(10) || label_start",
};

/** What of an arm a filter lets through. */
export function armConditions(arm: Arm, { search, severity, rule, host }: FindingFilter): Part[] {
  return [
    ...(severity ? [{ sql: "severity = ?", values: [Severity.options.indexOf(severity)] }] : []),
    ...(rule ? [{ sql: "rule = ?", values: [rule] }] : []),
    ...(host === null ? [] : [{ sql: ON_HOST[arm], values: [host] }]),
    ...eachWord(search, TEXT[arm]),
  ];
}
