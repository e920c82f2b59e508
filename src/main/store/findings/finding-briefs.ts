import type { Database } from "better-sqlite3";
import { type FindingBrief, Severity } from "#shared/model/finding.ts";
import { MOST_ACCOUNTS, sayKeyOnSeveralAccounts } from "#shared/text/computed-finding.ts";
import type { About } from "./finding-writer.ts";

type Row = { rule: string; severity: number; sentence: string };

export type FindingBriefs = ReturnType<typeof findingBriefs>;

/** What is known of a key that opens several accounts is of this severity: often it is one person's. */
export const SHARED_KEY_SEVERITY: Severity = "low";

/** A host with more findings than this shows the most severe of them. */
const MOST_BRIEFS = 50;

/** Findings as they stand in the rows of the things that they are about. */
export function findingBriefs(db: Database) {
  const about = db.prepare<[string, number], Row>(`
    SELECT rule, severity, (SELECT sentence FROM report WHERE finding = finding.id ORDER BY name LIMIT 1) AS sentence
    FROM finding
    WHERE kind = ? AND about = ?
    ORDER BY severity, rule`);
  const onHost = db.prepare<[number, number], Row>(`
    SELECT rule, severity, sentence
    FROM report
    JOIN finding ON finding.id = report.finding
    WHERE report.host = ?
    ORDER BY severity, rule, finding.id
    LIMIT ?`);
  const accountCount = db
    .prepare<[string], number>("SELECT account_count FROM key WHERE fingerprint = ?")
    .pluck();
  const accounts = db
    .prepare<[string, number], string>(`
      SELECT DISTINCT account || ' on ' || host_name
      FROM grant_line
      WHERE fingerprint = ? AND gone_scan IS NULL AND effective <> 'no'
      LIMIT ?`)
    .pluck();

  return {
    about: ({ kind, id }: About): FindingBrief[] => about.all(kind, id).map(toBrief),
    onHost: (host: number): FindingBrief[] => onHost.all(host, MOST_BRIEFS).map(toBrief),

    /** What is to be said of a key that several accounts trust; null when there is one at most. */
    ofKey(fingerprint: string) {
      const count = accountCount.get(fingerprint) ?? 0;
      return count < 2 ? null : sayKeyOnSeveralAccounts(count, accounts.all(fingerprint, MOST_ACCOUNTS));
    },
  };
}

const toBrief = ({ rule, severity, sentence }: Row): FindingBrief => ({
  rule: rule as FindingBrief["rule"],
  severity: Severity.options[severity] ?? "info",
  sentence,
});
