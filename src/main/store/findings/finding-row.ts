import type { Database } from "better-sqlite3";
import {
  type Acceptance,
  type Finding,
  type FindingObject,
  type RuleId,
  Severity,
} from "#shared/model/finding.ts";
import type { GrantRow } from "#shared/model/grant.ts";
import { type Instant, toInstant } from "#shared/model/instant.ts";
import { type DateRule, formatDates } from "#shared/text/computed-finding.ts";
import { formatOrphan } from "#shared/text/orphan.ts";
import { profileOfRule } from "#shared/text/profile-finding.ts";
import { formatReference } from "#shared/text/reference.ts";
import { type DateColumns, datesOf } from "#store/certificates/date-rules.ts";
import type { AcceptanceTable } from "./acceptance-table.ts";
import { certificateTeller, violationTeller } from "./certificate-descriptions.ts";
import { endpointTeller } from "./endpoint-findings.ts";
import type { FindingBriefs } from "./finding-briefs.ts";
import { writeFindingId } from "./finding-id.ts";
import type { Arm, Told } from "./finding-source.ts";
import type { About } from "./finding-writer.ts";
import { grantTeller } from "./grant-findings.ts";
import { heldKeyTeller, keyTeller } from "./key-findings.ts";

/** A finding as the arms of the query give it. */
export type ArmRow = {
  arm: Arm["name"];
  severity: number;
  rule: RuleId;
  tie: number | string;
};

type StoredRow = {
  kind: About["kind"];
  about: number;
  label: string;
  host: string;
  first_seen: string;
  sha256: string | null;
};
type ReportRow = { sentence: string; evidence: string; remedy: string };
type CertificateRow = Pick<DateColumns, "not_before" | "not_after"> & {
  sha256: string;
  subject: string;
  first_seen: string;
  due_since: string;
  over_since: string;
  host: string | null;
};

/** A thing that many places report has the evidence of so many of them. */
const MOST_REPORTS = 10;

type Deps = {
  briefs: FindingBriefs;
  acceptances: AcceptanceTable;
  findGrant: (id: number) => GrantRow | null;
};

/** Fills the findings of a page with what they say. */
export function findingRows(db: Database, { acceptances, ...deps }: Deps) {
  const tellers = tellersOf(db, deps);

  return {
    toFinding(row: ArmRow, now: Date): Finding {
      const { violation, ...told } = tellers[row.arm](row, now);
      return {
        id: writeFindingId({ rule: row.rule, object: told.object }),
        rule: row.rule,
        severity: Severity.options[row.severity] ?? "info",
        ...told,
        reference: formatReference(row.rule),
        profile: violation?.profile ?? profileOfRule(row.rule),
        brokenRules: violation?.rules ?? [],
        acceptance: acceptanceOf(row.rule, told, toInstant(now)),
      };
    },
  };

  function acceptanceOf(rule: RuleId, { object, firstSeen }: Told, now: Instant): Acceptance | null {
    const acceptance = acceptances.of(rule, object, now);
    return acceptance && HAPPENING.has(rule) && acceptance.acceptedAt < firstSeen ? null : acceptance;
  }
}

/** What happens to a thing again and again: an acceptance is for what had happened by then. */
const HAPPENING: ReadonlySet<RuleId> = new Set(["certificate-changed"]);

type Teller = (row: ArmRow, now: Date) => Told;

function tellersOf(
  db: Database,
  { briefs, findGrant }: Omit<Deps, "acceptances">,
): Record<Arm["name"], Teller> {
  const tellStored = storedTeller(db);
  const tellDates = dateTeller(db);
  const tellCertificate = certificateTeller(db);
  const tellViolation = violationTeller(db).issued;
  const tellReuse = keyTeller(db);
  const tellHeld = heldKeyTeller(db);
  const tellEndpoint = endpointTeller(db);
  const tellOrphan = orphanTeller(db, findGrant);
  const tellGrant = grantTeller(db, findGrant);
  const sharedSince = db
    .prepare<[string], string>("SELECT shared_since FROM key WHERE fingerprint = ?")
    .pluck();
  const tellKey = (fingerprint: string): Told => ({
    ...briefs.tellKey(fingerprint),
    object: { kind: "key", fingerprint },
    label: fingerprint,
    host: null,
    firstSeen: sharedSince.get(fingerprint) ?? "",
  });
  return {
    stored: ({ tie }) => tellStored(Number(tie)),
    violation: ({ tie }) => tellViolation(Number(tie)),
    date: ({ tie, rule }, now) => tellDates(Number(tie), rule as DateRule, now),
    certificate: ({ tie, rule }) => tellCertificate(Number(tie), rule),
    "tls-key": ({ tie, rule }) => tellReuse.tlsKey(String(tie), rule),
    host: ({ tie }) => tellReuse.hostKey(Number(tie)),
    "held-key": ({ tie }) => tellHeld(Number(tie)),
    "key-exchange": ({ tie }) => tellEndpoint.keyExchange(Number(tie)),
    change: ({ tie }) => tellEndpoint.change(Number(tie)),
    key: ({ tie }) => tellKey(String(tie)),
    orphan: ({ tie }) => tellOrphan(Number(tie)),
    rogue: ({ tie }) => tellGrant.tellRogue(Number(tie)),
    due: ({ tie }) => tellGrant.tellDue(Number(tie)),
  };
}

function storedTeller(db: Database): (id: number) => Told {
  const stored = db.prepare<[number], StoredRow>(`
    SELECT kind, about, label, host, first_seen,
           CASE kind WHEN 'certificate' THEN (SELECT sha256 FROM certificate WHERE id = about) END AS sha256
    FROM finding
    WHERE id = ?`);
  const reports = db.prepare<[number], ReportRow>(`
    SELECT sentence, evidence, remedy FROM report WHERE finding = CAST(? AS INTEGER) ORDER BY name LIMIT ${MOST_REPORTS}`);

  return (id) => {
    const finding = stored.get(id);
    const [first, ...others] = reports.all(id);
    if (!finding || !first) throw new Error(`finding ${id} has no report`);
    const evidence = [first, ...others].flatMap((report): string[] => JSON.parse(report.evidence));
    const { label, host, first_seen: firstSeen } = finding;
    return {
      ...first,
      evidence: [...new Set(evidence)],
      object: objectOf(finding),
      label,
      host: host || null,
      firstSeen,
    };
  };
}

function dateTeller(db: Database): (id: number, rule: DateRule, now: Date) => Told {
  const certificate = db.prepare<[number], CertificateRow>(`
    SELECT sha256, subject, not_before, not_after, first_seen, max(first_seen, due_from) AS due_since,
           max(first_seen, not_after) AS over_since,
           (SELECT name FROM host_name WHERE host_name.id = only_name) AS host
    FROM certificate
    WHERE id = ?`);

  return (id, rule, now) => {
    const row = certificate.get(id);
    if (!row) throw new Error(`there is no certificate ${id}`);
    const object = { kind: "certificate", sha256: row.sha256 } as const;
    const { subject: label, host } = row;
    return { ...formatDates(rule, datesOf(row), now), object, label, host, firstSeen: sinceOf(rule, row) };
  };
}

function orphanTeller(db: Database, findGrant: Deps["findGrant"]): (id: number) => Told {
  const since = db.prepare<[number], string>("SELECT orphan_since FROM grant_line WHERE id = ?").pluck();
  return (id) => {
    const grant = findGrant(id);
    if (!grant?.orphan || grant.orphan === "unknown") throw new Error(`grant ${id} is no orphan`);
    const { fingerprint, comment, host, orphan } = grant;
    return {
      ...formatOrphan({ ...grant, orphan }),
      object: { kind: "grant", id },
      label: `${fingerprint} ${comment}`.trimEnd(),
      host,
      firstSeen: since.get(id) ?? "",
    };
  };
}

/** Since the date that it is about, or since it was first seen if that was later. */
function sinceOf(rule: DateRule, row: CertificateRow): string {
  if (rule === "certificate-not-yet-valid") return row.first_seen;
  return rule === "certificate-expired" ? row.over_since : row.due_since;
}

function objectOf({ kind, about, sha256 }: StoredRow): FindingObject {
  return kind === "certificate" ? { kind, sha256: sha256 ?? "" } : { kind, id: about };
}
