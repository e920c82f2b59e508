import type { FindingBrief } from "#shared/model/finding.ts";
import { type DateRule, describeDates } from "#shared/text/findings/certificate-finding.ts";
import { UNREADABLE } from "./certificate-memory.ts";

/**
 * What the dates of a certificate come to at `@now`, as columns of a query on it. Each query computes them, so they are
 * right however old the last scan is.
 */
export const DATE_COLUMNS = `
  CASE
    WHEN not_after < @now THEN 'certificate-expired'
    WHEN warn_from <= @now THEN 'certificate-expiring'
  END AS expiry_rule,
  CASE WHEN not_after < @now OR urgent_from <= @now THEN 'high' ELSE 'medium' END AS expiry_severity,
  ifnull(not_before > @now, 0) AS is_early`;

export type ValidityColumns = { not_before: string | null; not_after: string };

export type DateColumns = ValidityColumns & {
  expiry_rule: "certificate-expired" | "certificate-expiring" | null;
  expiry_severity: "high" | "medium";
  is_early: number;
};

export const datesOf = ({ not_before, not_after }: ValidityColumns) => ({
  notBefore: not_before,
  notAfter: not_after === UNREADABLE ? null : not_after,
});

/** The findings that follow from the dates of one certificate. */
export function dateFindings(row: DateColumns, now: Date): FindingBrief[] {
  const brief = (rule: DateRule, severity: FindingBrief["severity"]): FindingBrief => ({
    rule,
    severity,
    sentence: describeDates(rule, datesOf(row), now).sentence,
  });
  return [
    ...(row.expiry_rule ? [brief(row.expiry_rule, row.expiry_severity)] : []),
    ...(row.is_early ? [brief("certificate-not-yet-valid", "medium")] : []),
  ];
}
