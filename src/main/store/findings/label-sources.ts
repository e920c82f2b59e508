/**
 * What follows from labels alone, of whatever kind they are: a review whose day has come, an owner who has left, a purpose
 * that is missing beside them. Each is found where somebody said it, and not at all that inherits it. Labels are few, and each
 * names its thing, so every source begins with them.
 */

import type { Database } from "better-sqlite3";
import type { FindingObject, RuleId, Severity } from "#shared/model/finding.ts";
import type { Labelled } from "#shared/model/label.ts";
import {
  describeLabelledPurposeless,
  describeOwnerLeft,
  describeReviewOverdue,
  OWNER_LEFT_SEVERITY,
  PURPOSELESS_SEVERITY,
  REVIEW_SEVERITY,
} from "#shared/text/findings/identity-finding.ts";
import { IS_LABEL_OF, IS_LABEL_OF_NAME } from "#store/labels/label-reader.ts";
import type { Part } from "#store/lists/order.ts";
import {
  acceptedFor,
  type FindingSource,
  type FindingText,
  HOST_ID,
  type LabelRule,
  type LabelSourceName,
  rankOf,
} from "./finding-source.ts";

type LabelledKind = Labelled["kind"];

/** A thing that findings are about; `name`: the first endpoint of a host that is known by its endpoints alone. */
type SourceKind = LabelledKind | "name";

type Thing = {
  /** What it is that the label is of, and how such a label is told. */
  labelled: LabelledKind;
  isLabelOf: string;
  /** What findings are about. */
  object: LabelledKind;
  table: FindingSource["table"];
  /** The column that findings name it by. */
  tie: "id" | "fingerprint";
  /** Whether it is there now. */
  stands: string;
  host: FindingSource["columns"]["host"];
  label: string;
  /** Who answers for it by whatever says so. */
  owner: string;
  isOnHost: string;
  /** The rows of it that labels are of, by the column that says something; the condition on the label follows. */
  found: (index: string, column: string) => string;
  /** What stands behind that condition. */
  grouped?: string;
};

const ofItself = (kind: LabelledKind) =>
  ({ labelled: kind, isLabelOf: IS_LABEL_OF[kind], object: kind }) as const;

const ENDPOINT = {
  table: "endpoint",
  tie: "id",
  stands: "1",
  host: { sql: "endpoint.host" },
  label: "endpoint.host || ':' || endpoint.port || iif(server_name = '', '', ' as ' || server_name)",
  owner: "ifnull(label.owner, (SELECT host_name.owner FROM host_name WHERE host_name.id = endpoint.name))",
  isOnHost: "host = ?",
} as const;

const THINGS: Record<SourceKind, Thing> = {
  account: {
    ...ofItself("account"),
    table: "account",
    tie: "id",
    stands: "account.gone_scan IS NULL",
    host: { sql: "account.host_name" },
    label: "account.name",
    owner: "nullif(account.owner, '')",
    isOnHost: "host_name = ?",
    found: (index) => `SELECT found.id FROM label ${index}
      CROSS JOIN account AS found INDEXED BY account_by_host
        ON found.host_name = label.host AND found.port = label.port AND found.uid = label.uid AND found.name = label.name
          AND found.gone_scan IS NULL`,
  },
  host: {
    ...ofItself("host"),
    table: "host",
    tie: "id",
    stands: "1",
    host: { sql: "host.host" },
    label: "host.host",
    owner: "(SELECT host_name.owner FROM host_name WHERE host_name.id = host.name)",
    isOnHost: `name = ${HOST_ID}`,
    found: (index) => `SELECT found.id FROM label ${index}
      CROSS JOIN host_name AS named ON named.name = label.name
      CROSS JOIN host AS found ON found.name = named.id`,
  },
  certificate: {
    ...ofItself("certificate"),
    table: "certificate",
    tie: "id",
    stands: "is_seen = 1",
    host: { sql: "only_host" },
    label: "subject",
    owner: "nullif(certificate.owner, '')",
    isOnHost: `id IN (SELECT certificate FROM location WHERE gone_scan IS NULL AND name = ${HOST_ID})`,
    found: (index) =>
      `SELECT found.id FROM label ${index} CROSS JOIN certificate AS found ON found.sha256 = label.name`,
  },
  key: {
    ...ofItself("key"),
    table: "key",
    tie: "fingerprint",
    stands: "account_count > 0",
    host: { same: "" },
    label: "fingerprint",
    owner: "label.owner",
    isOnHost: `fingerprint IN (
      SELECT fingerprint FROM grant_line WHERE gone_scan IS NULL AND effective <> 'no' AND host_name = ?)`,
    found: (index) =>
      `SELECT found.fingerprint FROM label ${index} CROSS JOIN key AS found ON found.fingerprint = label.name`,
  },
  endpoint: {
    ...ofItself("endpoint"),
    ...ENDPOINT,
    found: (index) => `SELECT found.id FROM label ${index}
      CROSS JOIN endpoint AS found
        ON found.host = label.host AND found.port = label.port AND label.name = found.protocol || '://' || found.server_name`,
  },
  name: {
    ...ENDPOINT,
    labelled: "host",
    isLabelOf: IS_LABEL_OF_NAME,
    object: "endpoint",
    found: (index, column) => `SELECT min(found.id) FROM label ${index}
      CROSS JOIN endpoint AS found ON found.host = label.name
        AND NOT EXISTS (SELECT 1 FROM host WHERE host.host = label.name)
        AND NOT EXISTS (
          SELECT 1 FROM label AS own
          WHERE own.kind = 'endpoint' AND own.host = found.host AND own.port = found.port
            AND own.name = found.protocol || '://' || found.server_name AND own.${column} IS NOT NULL)`,
    grouped: "GROUP BY label.name",
  },
  issuer: {
    ...ofItself("issuer"),
    table: "issuer",
    tie: "id",
    stands: "1",
    host: { same: "" },
    label: "issuer.name",
    owner: "label.owner",
    isOnHost: "? IS NULL",
    found: (index) =>
      `SELECT found.id FROM label ${index} CROSS JOIN issuer AS found ON found.name = label.name`,
  },
};

/** Who answers for a whole host is named there once, and not at each of its accounts. */
const IS_ALONE = (account: string) => `label.owner IS NOT (
  SELECT host_name.owner FROM host JOIN host_name ON host_name.id = host.name WHERE host.id = ${account}.host)`;

const HAS_LEFT = (owner: string) => `${owner} IN (SELECT former_owner.owner FROM former_owner)`;

/** Since when people sources say that somebody of this name or login has left. */
const leftSince = (owner: string): string => {
  const since = "min(ifnull(left_on || 'T00:00:00Z', read_at))";
  return `ifnull(
    (SELECT ${since} FROM person INDEXED BY person_by_name
     WHERE substr(person.name, 1, 120) = substr(${owner}, 1, 120) AND person.name = ${owner} AND standing = 'gone'),
    (SELECT ${since} FROM person_login CROSS JOIN person ON person.id = person_login.person
     WHERE person_login.login = ${owner} AND standing = 'gone'))`;
};

/** The condition for a name to be one of somebody who has left; the same as `former_owner` has, of one name. */
const isFormer = (owner: string): string => {
  const named = (standing: string) => `
    (EXISTS (SELECT 1 FROM person INDEXED BY person_by_name
       WHERE substr(person.name, 1, 120) = substr(${owner}, 1, 120) AND person.name = ${owner} AND standing = '${standing}')
     OR EXISTS (SELECT 1 FROM person_login CROSS JOIN person ON person.id = person_login.person
       WHERE person_login.login = ${owner} AND standing = '${standing}'))`;
  return `(${named("gone")} AND NOT ${named("known")})`;
};

/** Whether the owner of an account has left: one that its host does not have. */
export const IS_ACCOUNT_OWNER_GONE = `gone_scan IS NULL AND EXISTS (
  SELECT 1 FROM label WHERE ${IS_LABEL_OF.account} AND ${isFormer("label.owner")} AND ${IS_ALONE("account")})`;

/** What its host has is its own purpose, too; of a certificate what one of its hosts has may be. */
const LACKS_PURPOSE: Partial<Record<SourceKind, string>> = {
  certificate: `NOT EXISTS (
    SELECT 1 FROM location JOIN host_name ON host_name.id = location.name
    WHERE location.certificate = found.id AND location.gone_scan IS NULL AND host_name.purpose IS NOT NULL)`,
  key: "1",
  endpoint:
    "NOT EXISTS (SELECT 1 FROM host_name WHERE host_name.id = found.name AND host_name.purpose IS NOT NULL)",
  issuer: "1",
};

type Rule = {
  rule: RuleId;
  severity: Severity;
  index: string;
  /** The column of a label that says it. */
  column: "owner" | "purpose" | "review_on";
  said: (kind: SourceKind) => string;
  since: string;
};

const RULES: Record<LabelRule, Rule> = {
  review: {
    rule: "identity-review-overdue",
    severity: REVIEW_SEVERITY,
    index: "INDEXED BY label_to_review",
    column: "review_on",
    said: () => "label.review_on IS NOT NULL AND label.review_on <= @now",
    since: "label.review_on || 'T00:00:00Z'",
  },
  "owner-left": {
    rule: "identity-owner-left",
    severity: OWNER_LEFT_SEVERITY,
    index: "INDEXED BY label_by_owner",
    column: "owner",
    said: (kind) => `${HAS_LEFT("label.owner")} ${kind === "account" ? `AND ${IS_ALONE("found")}` : ""}`,
    since: leftSince("label.owner"),
  },
  purposeless: {
    rule: "identity-without-purpose",
    severity: PURPOSELESS_SEVERITY,
    index: "",
    column: "purpose",
    said: (kind) => `label.purpose IS NULL AND ${LACKS_PURPOSE[kind] ?? "0"}
      AND EXISTS (SELECT 1 FROM enabled_rule WHERE rule = 'identity-without-purpose')`,
    since: "(SELECT enabled_rule.since FROM enabled_rule WHERE rule = 'identity-without-purpose')",
  },
};

const isAbout =
  (kind: LabelledKind) =>
  (object: FindingObject): Part | null => {
    if (object.kind !== kind) return null;
    if (object.kind === "certificate") return { sql: "sha256 = ?", values: [object.sha256] };
    if (object.kind === "key") return { sql: "fingerprint = ?", values: [object.fingerprint] };
    return "id" in object ? { sql: "id = ?", values: [object.id] } : null;
  };

/** In one number which table a row is of: findings of one rule and severity are of several. */
const TABLES: readonly (LabelledKind | "tag")[] = [
  "account",
  "host",
  "certificate",
  "endpoint",
  "issuer",
  "tag",
];
const tieOf = (kind: LabelledKind | "tag"): string => `id * ${TABLES.length} + ${TABLES.indexOf(kind)}`;
const idOf = (tie: number | string): number | string =>
  typeof tie === "string" ? tie : Math.floor(tie / TABLES.length);

function ofLabels(kind: SourceKind, name: LabelRule): FindingSource {
  const { table, tie, stands, host, label, isOnHost, found, grouped = "" } = THINGS[kind];
  const { labelled, isLabelOf, object } = THINGS[kind];
  const { rule, severity, index, column, said, since: sinceLabel } = RULES[name];
  const since = { sql: `(SELECT ${sinceLabel} FROM label WHERE ${isLabelOf})` };
  const chosen = `${found(index, column)} WHERE label.kind = '${labelled}' AND ${said(kind)} ${grouped}`;
  return {
    name: `${kind}/${name}`,
    from: `${table} NOT INDEXED`,
    ofHost: null,
    walk: {},
    unordered: ["severity", "rule", "host", "label_start", "first_seen"],
    table,
    where: [`${tie} IN (${chosen})`, stands],
    columns: {
      severity: { same: rankOf(severity) },
      rule: { same: rule },
      host,
      label_start: { sql: `substr(${label}, 1, 120)` },
      first_seen: since,
      since,
      tie: { sql: tie === "id" ? tieOf(object) : tie },
    },
    isOnHost,
    text: `'${rule}' || char(10) || ${label}`,
    isAbout: isAbout(object),
    isAccepted: acceptedFor(rule, object, tie),
  };
}

const TAG_LEFT_SINCE = leftSince("tag.owner");

/** Whoever a tag names answers for all that has it: found there once. */
const tagOwnerLeft: FindingSource = {
  name: "tag/owner-left",
  from: "tag NOT INDEXED",
  ofHost: null,
  walk: {},
  unordered: ["severity", "rule", "host", "label_start", "first_seen"],
  table: "tag",
  where: [`tag.owner IS NOT NULL AND ${HAS_LEFT("tag.owner")}`],
  columns: {
    severity: { same: rankOf(OWNER_LEFT_SEVERITY) },
    rule: { same: "identity-owner-left" },
    host: { same: "" },
    label_start: { sql: "name" },
    first_seen: { sql: TAG_LEFT_SINCE },
    since: { sql: TAG_LEFT_SINCE },
    tie: { sql: tieOf("tag") },
  },
  isOnHost: `id IN (SELECT tagged_host.tag FROM tagged_host WHERE tagged_host.name = ${HOST_ID})`,
  text: "'identity-owner-left' || char(10) || name",
  isAbout: (object) => (object.kind === "tag" ? { sql: "id = ?", values: [object.id] } : null),
  isAccepted: acceptedFor("identity-owner-left", "tag", "id"),
};

const KINDS = Object.keys(THINGS) as SourceKind[];

export const LABEL_SOURCES: readonly FindingSource[] = [
  ...KINDS.map((kind) => ofLabels(kind, "review")),
  ...KINDS.map((kind) => ofLabels(kind, "owner-left")),
  tagOwnerLeft,
  ...KINDS.filter((kind) => kind in LACKS_PURPOSE).map((kind) => ofLabels(kind, "purposeless")),
];

type Row = {
  label: string;
  host: string | null;
  sha256: string | null;
  reviewOn: string | null;
  ownOwner: string | null;
  owner: string | null;
  purpose: string | null;
  firstSeen: string | null;
};

/** Describes what follows from labels. */
export function labelDescriber(db: Database) {
  const rowOf = (kind: SourceKind, name: LabelRule) => {
    const { table, tie, host, label, owner, isLabelOf } = THINGS[kind];
    const hostSql = "sql" in host ? `nullif(${host.sql}, '')` : "NULL";
    const sql = `
      SELECT ${label} AS label, ${hostSql} AS host, ${kind === "certificate" ? "sha256" : "NULL"} AS sha256,
        label.review_on AS reviewOn, label.owner AS ownOwner, ${owner} AS owner, label.purpose,
        ${RULES[name].since} AS firstSeen
      FROM ${table} JOIN label ON ${isLabelOf}
      WHERE ${table}.${tie} = ?`;
    return db.prepare<[number | string], Row>(sql);
  };
  const rows = new Map<LabelSourceName, ReturnType<typeof rowOf>>();
  const tag = db.prepare<[number], { label: string; owner: string; firstSeen: string }>(
    `SELECT name AS label, owner, ${TAG_LEFT_SINCE} AS firstSeen FROM tag WHERE id = ?`,
  );

  return (source: LabelSourceName, tie: number | string): FindingText => {
    const [kind, name] = source.split("/") as [SourceKind | "tag", LabelRule];
    const id = idOf(tie);
    if (kind === "tag") return describeTag(Number(id));
    const query = rows.get(source) ?? rowOf(kind, name);
    rows.set(source, query);
    const row = query.get(id);
    if (!row) throw new Error(`nothing was said of ${kind} ${id}`);
    const { labelled, object } = THINGS[kind];
    return {
      ...describeLabel(labelled, name, row),
      object: toObject(object, id, row.sha256),
      label: row.label,
      host: row.host,
      firstSeen: row.firstSeen ?? "",
    };
  };

  function describeTag(id: number): FindingText {
    const row = tag.get(id);
    if (!row) throw new Error(`there is no tag ${id}`);
    const { label, owner, firstSeen } = row;
    return { ...describeOwnerLeft("tag", owner), object: { kind: "tag", id }, label, host: null, firstSeen };
  }
}

function describeLabel(kind: LabelledKind, name: LabelRule, row: Row) {
  switch (name) {
    case "review":
      return describeReviewOverdue(kind, { ...row, reviewOn: row.reviewOn ?? "" });
    case "owner-left":
      return describeOwnerLeft(kind, row.ownOwner ?? "");
    case "purposeless":
      return describeLabelledPurposeless(kind, row);
  }
}

function toObject(kind: LabelledKind, tie: number | string, sha256: string | null): FindingObject {
  if (kind === "certificate") return { kind, sha256: sha256 ?? "" };
  return kind === "key" ? { kind, fingerprint: String(tie) } : { kind, id: Number(tie) };
}
