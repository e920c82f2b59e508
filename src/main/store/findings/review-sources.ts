import type { Database } from "better-sqlite3";
import type { FindingObject } from "#shared/model/finding.ts";
import { describeReviewOverdue, REVIEW_SEVERITY } from "#shared/text/findings/identity-finding.ts";
import type { Part } from "#store/lists/order.ts";
import { acceptedFor, type FindingSource, type FindingText, HOST_ID, rankOf } from "./finding-source.ts";

const RULE = "identity-review-overdue" as const;

type ReviewedKind = "account" | "host" | "certificate" | "key";

/** A kind of thing with a review date of its own: what it inherits is found where somebody said it. */
type Reviewed = {
  table: FindingSource["table"];
  /** The column that findings name it by. */
  tie: "id" | "fingerprint";
  /** Whether it is there now. */
  stands: string;
  /** Whether a row of `label` is of it. */
  isLabelled: string;
  host: FindingSource["columns"]["host"];
  label: string;
  isOnHost: string;
  isAbout: (object: FindingObject) => Part | null;
};

const ofId = (kind: "account" | "host") => (object: FindingObject) =>
  object.kind === kind ? { sql: "id = ?", values: [object.id] } : null;

const REVIEWED: Record<ReviewedKind, Reviewed> = {
  account: {
    table: "account",
    tie: "id",
    stands: "account.gone_scan IS NULL",
    isLabelled:
      "label.name = account.name AND label.host = account.host_name AND label.port = account.port AND label.uid = account.uid",
    host: { sql: "host_name" },
    label: "name",
    isOnHost: "host_name = ?",
    isAbout: ofId("account"),
  },
  host: {
    table: "host",
    tie: "id",
    stands: "1",
    isLabelled: "label.name = (SELECT host_name.name FROM host_name WHERE host_name.id = host.name)",
    host: { sql: "host" },
    label: "host",
    isOnHost: `name = ${HOST_ID}`,
    isAbout: ofId("host"),
  },
  certificate: {
    table: "certificate",
    tie: "id",
    stands: "is_seen = 1",
    isLabelled: "label.name = certificate.sha256",
    host: { sql: "only_host" },
    label: "subject",
    isOnHost: `id IN (SELECT certificate FROM location WHERE gone_scan IS NULL AND name = ${HOST_ID})`,
    isAbout: (object) =>
      object.kind === "certificate" ? { sql: "sha256 = ?", values: [object.sha256] } : null,
  },
  key: {
    table: "key",
    tie: "fingerprint",
    stands: "account_count > 0",
    isLabelled: "label.name = key.fingerprint",
    host: { same: "" },
    label: "fingerprint",
    isOnHost: `fingerprint IN (
      SELECT fingerprint FROM grant_line WHERE gone_scan IS NULL AND effective <> 'no' AND host_name = ?)`,
    isAbout: (object) =>
      object.kind === "key" ? { sql: "fingerprint = ?", values: [object.fingerprint] } : null,
  },
};

/** The rows of a kind that labels with a review date in the past are of: labels are few, and each names its thing. */
const FOUND: Record<ReviewedKind, string> = {
  account: `SELECT found.id FROM label INDEXED BY label_to_review
    CROSS JOIN account AS found INDEXED BY account_by_host
      ON found.host_name = label.host AND found.port = label.port AND found.uid = label.uid AND found.name = label.name`,
  host: `SELECT found.id FROM label INDEXED BY label_to_review
    CROSS JOIN host_name AS named ON named.name = label.name
    CROSS JOIN host AS found ON found.name = named.id`,
  certificate: `SELECT found.id FROM label INDEXED BY label_to_review
    CROSS JOIN certificate AS found ON found.sha256 = label.name`,
  key: `SELECT found.fingerprint FROM label INDEXED BY label_to_review
    CROSS JOIN key AS found ON found.fingerprint = label.name`,
};

const reviewDay = (kind: ReviewedKind): string =>
  `(SELECT label.review_on FROM label WHERE label.kind = '${kind}' AND ${REVIEWED[kind].isLabelled})`;

function overdue(kind: ReviewedKind): FindingSource {
  const { table, tie, stands, host, label, isOnHost, isAbout } = REVIEWED[kind];
  const since = { sql: `${reviewDay(kind)} || 'T00:00:00Z'` };
  return {
    name: `${kind}-review`,
    from: `${table} NOT INDEXED`,
    ofHost: null,
    walk: {},
    unordered: ["severity", "rule", "host", "label_start", "first_seen"],
    table,
    where: [
      `${tie} IN (
        ${FOUND[kind]} ${kind === "account" ? "AND found.gone_scan IS NULL" : ""}
        WHERE label.kind = '${kind}' AND label.review_on IS NOT NULL AND label.review_on <= @now)`,
      stands,
    ],
    columns: {
      severity: { same: rankOf(REVIEW_SEVERITY) },
      rule: { same: RULE },
      host,
      label_start: { sql: `substr(${label}, 1, 120)` },
      first_seen: since,
      since,
      tie: { sql: tie },
    },
    isOnHost,
    text: `'${RULE}' || char(10) || ${label}`,
    isAbout,
    isAccepted: acceptedFor(RULE, kind, tie),
  };
}

const KINDS: readonly ReviewedKind[] = ["account", "host", "certificate", "key"];

export const REVIEW_SOURCES: readonly FindingSource[] = KINDS.map(overdue);

type Row = {
  label: string;
  host: string | null;
  sha256: string | null;
  reviewOn: string;
  owner: string | null;
  purpose: string | null;
};

/** Describes what was to be reviewed and was not. */
export function reviewDescriber(db: Database): (kind: ReviewedKind, tie: number | string) => FindingText {
  const rows = {
    account: db.prepare<[number | string], Row>(`
      SELECT account.name AS label, host_name AS host, NULL AS sha256, label.review_on AS reviewOn,
        nullif(account.owner, '') AS owner, label.purpose
      FROM account JOIN label ON label.kind = 'account' AND label.name = account.name AND label.host = host_name
        AND label.port = account.port AND label.uid = account.uid
      WHERE account.id = ?`),
    host: db.prepare<[number | string], Row>(`
      SELECT host.host AS label, host.host AS host, NULL AS sha256, label.review_on AS reviewOn,
        host_name.owner AS owner, label.purpose
      FROM host JOIN host_name ON host_name.id = host.name
      JOIN label ON label.kind = 'host' AND label.name = host_name.name
      WHERE host.id = ?`),
    certificate: db.prepare<[number | string], Row>(`
      SELECT subject AS label, nullif(only_host, '') AS host, sha256, label.review_on AS reviewOn,
        nullif(certificate.owner, '') AS owner, label.purpose
      FROM certificate JOIN label ON label.kind = 'certificate' AND label.name = sha256
      WHERE certificate.id = ?`),
    key: db.prepare<[number | string], Row>(`
      SELECT fingerprint AS label, NULL AS host, NULL AS sha256, label.review_on AS reviewOn, label.owner, label.purpose
      FROM key JOIN label ON label.kind = 'key' AND label.name = fingerprint
      WHERE fingerprint = ?`),
  };

  return (kind, tie) => {
    const row = rows[kind].get(tie);
    if (!row) throw new Error(`${kind} ${tie} is not to be reviewed`);
    const { label, host, reviewOn } = row;
    const object = toObject(kind, tie, row.sha256);
    return { ...describeReviewOverdue(kind, row), object, label, host, firstSeen: `${reviewOn}T00:00:00Z` };
  };
}

function toObject(kind: ReviewedKind, tie: number | string, sha256: string | null): FindingObject {
  if (kind === "certificate") return { kind, sha256: sha256 ?? "" };
  return kind === "key" ? { kind, fingerprint: String(tie) } : { kind, id: Number(tie) };
}
