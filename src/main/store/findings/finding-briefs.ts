import type { Database } from "better-sqlite3";
import { type FindingBrief, Severity } from "#shared/model/finding.ts";
import { toInstant } from "#shared/model/instant.ts";
import { describeKeyOnSeveralAccounts, MOST_ACCOUNTS } from "#shared/text/findings/certificate-finding.ts";
import type { AcceptanceTable, Accepted } from "./acceptance-table.ts";
import type { About } from "./finding-writer.ts";

type Row = { id: number; rule: FindingBrief["rule"]; severity: number; kind: About["kind"]; about: number };

export type FindingBriefs = ReturnType<typeof findingBriefs>;

/** The severity of a key that opens several accounts: often it is one person's. */
export const SHARED_KEY_SEVERITY: Severity = "low";

/** Of a host with more findings than this, the most severe are listed. */
const MOST_BRIEFS = 50;
/** So many findings are read to find those that are not accepted. */
const MOST_READ = 1_000;

/** Findings in the rows of the things that they are about, without accepted ones. */
export function findingBriefs(db: Database, deps: Deps) {
  const { counting, computed } = countingOnly(deps);
  const about = db.prepare<[string, number], Row>(`
    SELECT id, rule, severity, kind, about FROM finding WHERE kind = ? AND about = ?`);
  const sentence = db
    .prepare<[number], string>("SELECT sentence FROM report WHERE finding = ? LIMIT 1")
    .pluck();
  const hasReport = db.prepare<[number], number>("SELECT 1 FROM report WHERE host = ? LIMIT 1").pluck();
  const onHost = db.prepare<[number], Row>(`
    SELECT finding.id, rule, severity, kind, about
    FROM report
    JOIN finding ON finding.id = report.finding
    WHERE report.host = CAST(? AS INTEGER)
    ORDER BY severity, rule, finding.id
    LIMIT ${MOST_READ}`);
  const accountCount = db
    .prepare<[string], number>("SELECT account_count FROM key WHERE fingerprint = ?")
    .pluck();
  const accounts = db
    .prepare<[string], string>(`
      SELECT DISTINCT account || ' on ' || host_name
      FROM grant_line
      WHERE fingerprint = CAST(? AS TEXT) AND gone_scan IS NULL AND effective <> 'no'
      LIMIT ${MOST_ACCOUNTS}`)
    .pluck();

  return {
    about({ kind, id }: About): FindingBrief[] {
      const found = about.all(kind, id);
      return found.length === 0 ? [] : counting(found.sort((a, b) => a.severity - b.severity)).map(toBrief);
    },

    onHost(host: number): FindingBrief[] {
      if (hasReport.get(host) === undefined) return [];
      return counting(onHost.all(host)).slice(0, MOST_BRIEFS).map(toBrief);
    },

    /** The same for findings that queries compute. */
    computed,

    /** Of the key of a usable grant: the finding that other accounts trust it too. */
    ofKey(fingerprint: string): FindingBrief[] {
      const count = accountCount.get(fingerprint) ?? 0;
      if (count < 2) return [];
      const { sentence: said } = describeKeyOnSeveralAccounts(count, []);
      const brief = {
        rule: "key-on-several-accounts",
        severity: SHARED_KEY_SEVERITY,
        sentence: said,
      } as const;
      return computed({ kind: "key", about: fingerprint }, [brief]);
    },

    /** Describes a key that several accounts trust. */
    describeKey: (fingerprint: string) =>
      describeKeyOnSeveralAccounts(accountCount.get(fingerprint) ?? 0, accounts.all(fingerprint)),
  };

  function toBrief({ id, rule, severity }: Pick<Row, "id" | "rule" | "severity">): FindingBrief {
    return {
      rule,
      severity: Severity.options[severity] ?? "info",
      sentence: sentence.get(id) ?? "",
    };
  }
}

type Deps = { acceptances: AcceptanceTable; now: () => Date };

/** Leaves out findings that are accepted now. */
function countingOnly({ acceptances, now }: Deps) {
  return {
    counting,

    /** Of the findings that queries compute for a thing. */
    computed({ kind, about }: Accepted, found: readonly FindingBrief[]): FindingBrief[] {
      if (found.length === 0) return [];
      return counting(found.map((brief) => ({ brief, kind, about, rule: brief.rule }))).map(
        ({ brief }) => brief,
      );
    },
  };

  function counting<Found extends Accepted & Pick<FindingBrief, "rule">>(found: readonly Found[]): Found[] {
    const at = toInstant(now());
    if (!acceptances.hasAny(at)) return [...found];
    return found.filter(({ rule, kind, about }) => !acceptances.holding(rule, { kind, about }, at));
  }
}
