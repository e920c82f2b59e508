import type { Database } from "better-sqlite3";
import { type Finding, type FindingObject, type RuleId, Severity } from "#shared/model/finding.ts";
import { type DateRule, sayDates } from "#shared/text/computed-finding.ts";
import { type DateColumns, datesOf } from "#store/certificates/date-rules.ts";
import type { Arm } from "./finding-arms.ts";
import type { FindingBriefs } from "./finding-briefs.ts";
import type { About } from "./finding-writer.ts";

/** A finding as the arms of the query give it. */
export type ArmRow = {
  arm: Arm["name"];
  severity: number;
  rule: RuleId;
  host: string;
  first_seen: string;
  tie: number | string;
};

type StoredRow = { kind: About["kind"]; about: number; label: string; sha256: string | null };
type ReportRow = { sentence: string; evidence: string; remedy: string };
type CertificateRow = Pick<DateColumns, "not_before" | "not_after"> & { sha256: string; subject: string };

type Told = Pick<Finding, "sentence" | "evidence" | "remedy" | "object" | "label">;

/** A thing that many places report has the evidence of so many of them. */
const MOST_REPORTS = 10;

/** Fills the findings of a page with what they say. */
export function findingRows(db: Database, briefs: FindingBriefs) {
  const stored = db.prepare<[number], StoredRow>(`
    SELECT kind, about, label,
           CASE kind WHEN 'certificate' THEN (SELECT sha256 FROM certificate WHERE id = about) END AS sha256
    FROM finding
    WHERE id = ?`);
  const reports = db.prepare<[number, number], ReportRow>(`
    SELECT sentence, evidence, remedy FROM report WHERE finding = ? ORDER BY name LIMIT ?`);
  const certificate = db.prepare<[number], CertificateRow>(`
    SELECT sha256, subject, not_before, not_after FROM certificate WHERE id = ?`);

  return {
    toFinding(row: ArmRow, now: Date): Finding {
      const told = tell(row, now);
      return {
        id: `${row.rule}:${identityOf(told.object)}`,
        rule: row.rule,
        severity: Severity.options[row.severity] ?? "info",
        ...told,
        host: row.host || null,
        firstSeen: row.first_seen,
      };
    },
  };

  function tell({ arm, rule, tie }: ArmRow, now: Date): Told {
    if (arm === "stored") return tellStored(Number(tie));
    return arm === "key" ? tellKey(String(tie)) : tellDates(Number(tie), rule as DateRule, now);
  }

  function tellStored(id: number): Told {
    const finding = stored.get(id);
    const [first, ...others] = reports.all(id, MOST_REPORTS);
    if (!finding || !first) throw new Error(`finding ${id} has no report`);
    const evidence = [first, ...others].flatMap((report): string[] => JSON.parse(report.evidence));
    const { label } = finding;
    return { ...first, evidence: [...new Set(evidence)], object: objectOf(finding), label };
  }

  function tellDates(id: number, rule: DateRule, now: Date): Told {
    const row = certificate.get(id);
    if (!row) throw new Error(`there is no certificate ${id}`);
    const object = { kind: "certificate", sha256: row.sha256 } as const;
    return { ...sayDates(rule, datesOf(row), now), object, label: row.subject };
  }

  function tellKey(fingerprint: string): Told {
    const said = briefs.ofKey(fingerprint);
    if (!said) throw new Error(`key ${fingerprint} is on one account only`);
    return { ...said, object: { kind: "key", fingerprint }, label: fingerprint };
  }
}

function objectOf({ kind, about, sha256 }: StoredRow): FindingObject {
  return kind === "certificate" ? { kind, sha256: sha256 ?? "" } : { kind, id: about };
}

function identityOf(object: FindingObject): string {
  if (object.kind === "certificate") return object.sha256;
  return object.kind === "key" ? object.fingerprint : `${object.kind}-${object.id}`;
}
