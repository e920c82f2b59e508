import type { Database } from "better-sqlite3";
import type { GrantRow } from "#shared/model/access/grant.ts";
import {
  type Acceptance,
  type Finding,
  type FindingObject,
  RuleId,
  Severity,
} from "#shared/model/finding.ts";
import { type Instant, toInstant } from "#shared/model/instant.ts";
import { describeOrphan } from "#shared/text/access/grant.ts";
import { type DateRule, describeDates } from "#shared/text/findings/certificate-finding.ts";
import { formatReference } from "#shared/text/findings/finding.ts";
import { profileOfRule } from "#shared/text/findings/profile-finding.ts";
import { type DateColumns, datesOf } from "#store/certificates/date-rules.ts";
import type { AcceptanceTable } from "./acceptance-table.ts";
import { accountDescriber } from "./account-sources.ts";
import { certificateDescriber, violationDescriber } from "./certificate-descriptions.ts";
import { endpointDescriber } from "./endpoint-findings.ts";
import type { FindingBriefs } from "./finding-briefs.ts";
import type { FindingSource, FindingText, LabelSourceName } from "./finding-source.ts";
import type { About } from "./finding-writer.ts";
import { grantDescriber } from "./grant-findings.ts";
import { identityDescriber } from "./identity-sources.ts";
import { environmentDescriber, heldKeyDescriber, keyDescriber } from "./key-findings.ts";
import { labelDescriber } from "./label-sources.ts";

/** A row of a finding source. */
export type SourceRow = {
  source: FindingSource["name"];
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

/** A finding that many hosts and endpoints report shows the evidence of so many of them. */
const MOST_REPORTS = 10;

type Deps = {
  briefs: FindingBriefs;
  acceptances: AcceptanceTable;
  findGrant: (id: number) => GrantRow | null;
};

/** Fills the findings of a page with their texts. */
export function findingRows(db: Database, { acceptances, ...deps }: Deps) {
  const tellers = tellersOf(db, deps);
  const describeLabel = labelDescriber(db);

  return {
    toFinding(row: SourceRow, now: Date): Finding {
      const { source, tie } = row;
      const { violation, ...text } = isOfLabels(source)
        ? describeLabel(source, tie)
        : tellers[source](row, now);
      return {
        id: writeFindingId({ rule: row.rule, object: text.object }),
        rule: row.rule,
        severity: Severity.options[row.severity] ?? "info",
        ...text,
        reference: formatReference(row.rule),
        profile: violation?.profile ?? profileOfRule(row.rule),
        brokenRules: violation?.rules ?? [],
        acceptance: acceptanceOf(row.rule, text, toInstant(now)),
      };
    },
  };

  function acceptanceOf(rule: RuleId, { object, firstSeen }: FindingText, now: Instant): Acceptance | null {
    const acceptance = acceptances.of(rule, object, now);
    return acceptance && HAPPENING.has(rule) && acceptance.acceptedAt < firstSeen ? null : acceptance;
  }
}

/** Rules about something that happens again and again: an acceptance covers what had happened by then. */
const HAPPENING: ReadonlySet<RuleId> = new Set(["certificate-changed"]);

const isOfLabels = (source: FindingSource["name"]): source is LabelSourceName => source.includes("/");

type Describer = (row: SourceRow, now: Date) => FindingText;

function tellersOf(
  db: Database,
  { briefs, findGrant }: Omit<Deps, "acceptances">,
): Record<Exclude<FindingSource["name"], LabelSourceName>, Describer> {
  const describeStored = storedDescriber(db);
  const describeDates = dateDescriber(db);
  const describeCertificate = certificateDescriber(db);
  const describeViolation = violationDescriber(db).issued;
  const describeReuse = keyDescriber(db);
  const describeHeld = heldKeyDescriber(db);
  const describeEndpoint = endpointDescriber(db);
  const describeOrphan = orphanDescriber(db, findGrant);
  const describeGrant = grantDescriber(db, findGrant);
  const describeAccount = accountDescriber(db);
  const describeIdentity = identityDescriber(db);
  const describeEnvironments = environmentDescriber(db);
  const sharedSince = db
    .prepare<[string], string>("SELECT shared_since FROM key WHERE fingerprint = ?")
    .pluck();
  const describeKey = (fingerprint: string): FindingText => ({
    ...briefs.describeKey(fingerprint),
    object: { kind: "key", fingerprint },
    label: fingerprint,
    host: null,
    firstSeen: sharedSince.get(fingerprint) ?? "",
  });
  return {
    stored: ({ tie }) => describeStored(Number(tie)),
    violation: ({ tie }) => describeViolation(Number(tie)),
    date: ({ tie, rule }, now) => describeDates(Number(tie), rule as DateRule, now),
    certificate: ({ tie, rule }) => describeCertificate(Number(tie), rule),
    "tls-key": ({ tie, rule }) => describeReuse.tlsKey(String(tie), rule),
    host: ({ tie }) => describeReuse.hostKey(Number(tie)),
    "held-key": ({ tie }) => describeHeld(Number(tie)),
    "key-exchange": ({ tie }) => describeEndpoint.keyExchange(Number(tie)),
    change: ({ tie }) => describeEndpoint.change(Number(tie)),
    key: ({ tie }) => describeKey(String(tie)),
    "key-environments": ({ tie }) => describeEnvironments(String(tie)),
    orphan: ({ tie }) => describeOrphan(Number(tie)),
    unapproved: ({ tie }) => describeGrant.describeNew(Number(tie)),
    due: ({ tie }) => describeGrant.describeDue(Number(tie)),
    "returned-grant": ({ tie }) => describeGrant.describeReturned(Number(tie)),
    "returned-account": ({ tie }) => describeAccount.returned(Number(tie)),
    "new-account": ({ tie }) => describeAccount.unapproved(Number(tie)),
    replaced: ({ tie }) => describeIdentity.replaced(Number(tie)),
    ownerless: ({ tie }) => describeIdentity.ownerless(Number(tie)),
    purposeless: ({ tie }) => describeIdentity.purposeless(Number(tie)),
  };
}

function storedDescriber(db: Database): (id: number) => FindingText {
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

function dateDescriber(db: Database): (id: number, rule: DateRule, now: Date) => FindingText {
  const certificate = db.prepare<[number], CertificateRow>(`
    SELECT sha256, subject, not_before, not_after, first_seen, max(first_seen, warn_from) AS due_since,
           max(first_seen, not_after) AS over_since,
           (SELECT name FROM host_name WHERE host_name.id = only_name) AS host
    FROM certificate
    WHERE id = ?`);

  return (id, rule, now) => {
    const row = certificate.get(id);
    if (!row) throw new Error(`there is no certificate ${id}`);
    const object = { kind: "certificate", sha256: row.sha256 } as const;
    const { subject: label, host } = row;
    return { ...describeDates(rule, datesOf(row), now), object, label, host, firstSeen: sinceOf(rule, row) };
  };
}

function orphanDescriber(db: Database, findGrant: Deps["findGrant"]): (id: number) => FindingText {
  const since = db.prepare<[number], string>("SELECT orphan_since FROM grant_line WHERE id = ?").pluck();
  return (id) => {
    const grant = findGrant(id);
    if (!grant?.orphan || grant.orphan === "unknown") throw new Error(`grant ${id} is no orphan`);
    const { fingerprint, comment, host, orphan } = grant;
    return {
      ...describeOrphan({ ...grant, orphan }),
      object: { kind: "grant", id },
      label: `${fingerprint} ${comment}`.trimEnd(),
      host,
      firstSeen: since.get(id) ?? "",
    };
  };
}

/** The later one of the date that the finding is about and when the certificate was first seen. */
function sinceOf(rule: DateRule, row: CertificateRow): string {
  if (rule === "certificate-not-yet-valid") return row.first_seen;
  return rule === "certificate-expired" ? row.over_since : row.due_since;
}

function objectOf({ kind, about, sha256 }: StoredRow): FindingObject {
  return kind === "certificate" ? { kind, sha256: sha256 ?? "" } : { kind, id: about };
}

/** What a finding's id is made of. Both parts stay the same from scan to scan, and so does the id. */
type FindingIdentity = { rule: RuleId; object: FindingObject };

type NumberedKind = Extract<FindingObject, { id: number }>["kind"];

const NUMBERED = /^(grant|key-file|account|host|endpoint|profile-violation|issuer|tag)-(\d{1,15})$/;

export function writeFindingId({ rule, object }: FindingIdentity): string {
  return `${rule}:${formatObject(object)}`;
}

function formatObject(object: FindingObject): string {
  if (object.kind === "certificate") return object.sha256;
  if (object.kind === "tls-key") return `tls-key-${object.spki}`;
  return object.kind === "key" ? object.fingerprint : `${object.kind}-${object.id}`;
}

/** Null where it is not the id of a finding. */
export function readFindingId(id: string): FindingIdentity | null {
  const colon = id.indexOf(":");
  const rule = RuleId.safeParse(id.slice(0, colon));
  const object = readObject(id.slice(colon + 1));
  return rule.success && object ? { rule: rule.data, object } : null;
}

function readObject(identity: string): FindingObject | null {
  if (/^[0-9a-f]{64}$/.test(identity)) return { kind: "certificate", sha256: identity };
  if (/^SHA256:[A-Za-z0-9+/]{43}$/.test(identity)) return { kind: "key", fingerprint: identity };
  if (/^tls-key-[0-9a-f]{64}$/.test(identity)) return { kind: "tls-key", spki: identity.slice(8) };
  const [, kind, id] = NUMBERED.exec(identity) ?? [];
  if (kind === undefined) return null;
  return { kind: kind as NumberedKind, id: Number(id) };
}
