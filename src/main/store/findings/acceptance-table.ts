import type { Database } from "better-sqlite3";
import { OptionalRule } from "#shared/contract/findings.ts";
import { type Acceptance, type FindingObject, RuleId } from "#shared/model/finding.ts";
import type { Instant } from "#shared/model/instant.ts";
import { IS_LABEL_OF, IS_LABEL_OF_NAME } from "#store/labels/label-reader.ts";

/** The expressions by which an acceptance names a thing and a rule. */
type AcceptedColumns = { about: string; kind: string; rule: string };

/**
 * A query for what a finding is about, where that is several things or locations: each as one text, in the column
 * `member`.
 */
type Members = (accepted: AcceptedColumns) => string;

/** The names under which a certificate is seen. */
const SEEN_UNDER: Members = ({ about }) =>
  `SELECT 'name ' || location.name AS member FROM location WHERE location.certificate = ${about} AND location.gone_scan IS NULL`;

/** The same and the rules that it breaks: one that breaks others was not accepted for those. */
const SEEN_AND_BREAKS: Members = (accepted) => `
  ${SEEN_UNDER(accepted)}
  UNION ALL SELECT 'violation ' || violation AS member FROM certificate WHERE id = ${accepted.about}`;

/** Exactly these rules, of this issuer: the acceptance covers what it has issued since then against the same rules. */
const ISSUED: Members = ({ about }) => `SELECT 'violation ' || ${about} AS member`;

/** The names of the certificates of a key: a renewal keeps them, and stays covered. */
const OF_KEY: Members = ({ about }) => `
  SELECT subject || ' ' || names AS member FROM certificate
  WHERE spki_sha256 = ${about} AND spki_sha256 <> '' AND is_ca = 0 AND is_seen = 1`;

const OPENED: Members = ({ about }) => `
  SELECT account || ' on ' || host_name AS member FROM grant_line
  WHERE fingerprint = ${about} AND gone_scan IS NULL AND effective <> 'no'`;

const USED_IN: Members = ({ about }) =>
  `SELECT 'environment ' || environment AS member FROM key_environment WHERE fingerprint = ${about} AND count > 0`;

const PRESENTED_BY: Members = ({ about }) => `
  SELECT 'host ' || host.id AS member FROM host AS first JOIN host ON host.key_fingerprint = first.key_fingerprint
  WHERE first.id = ${about}`;

const HELD_ON: Members = ({ about }) => `
  SELECT 'host ' || held.host AS member FROM key_file AS first JOIN key_file AS held ON held.spki_sha256 = first.spki_sha256
  WHERE first.id = ${about} AND first.spki_sha256 IS NOT NULL AND held.spki_sha256 IS NOT NULL AND held.gone_scan IS NULL`;

/** Whoever has an account's name now, by number: under another one it is somebody else. */
const OF_NUMBER: Members = ({ about, kind }) => `
  SELECT 'uid ' || uid AS member FROM account WHERE ${kind} = 'account' AND id = ${about}`;

/** The same, and this return of it: the next one is another. */
const OF_RETURN: Members = (accepted) => `
  ${OF_NUMBER(accepted)}
  UNION ALL SELECT 'returned ' || returned_at AS member FROM account WHERE id = ${accepted.about}`;

/** The owner who has left, of whatever has one. */
const OWNED_BY: Members = (accepted) =>
  [
    OF_NUMBER(accepted),
    ...(["account", "host", "certificate", "key", "endpoint", "issuer"] as const).map(
      (kind) => `SELECT 'owner ' || label.owner AS member FROM ${kind} JOIN label ON ${IS_LABEL_OF[kind]}
        WHERE ${accepted.kind} = '${kind}' AND ${kind}.${kind === "key" ? "fingerprint" : "id"} = ${accepted.about}`,
    ),
    `SELECT 'owner ' || label.owner AS member FROM endpoint JOIN label ON ${IS_LABEL_OF_NAME}
      WHERE ${accepted.kind} = 'endpoint' AND endpoint.id = ${accepted.about} AND label.owner IS NOT NULL
        AND NOT EXISTS (SELECT 1 FROM label WHERE ${IS_LABEL_OF.endpoint} AND label.owner IS NOT NULL)`,
    `SELECT 'owner ' || owner AS member FROM tag WHERE ${accepted.kind} = 'tag' AND id = ${accepted.about}`,
  ].join(" UNION ALL ");

/** A reported finding is about the hosts and endpoints that report it, and about the members that each report names. */
const REPORTED_BY: Members = ({ about, kind, rule }) => `
  SELECT ifnull('endpoint ' || report.endpoint, 'host ' || report.host) AS member
  FROM finding JOIN report ON report.finding = finding.id
  WHERE finding.kind = ${kind} AND finding.about = ${about} AND finding.rule = ${rule}
  UNION ALL
  SELECT named.value AS member
  FROM finding JOIN report ON report.finding = finding.id JOIN json_each(report.members) AS named
  WHERE finding.kind = ${kind} AND finding.about = ${about} AND finding.rule = ${rule}`;

/** The members of findings that queries compute. */
const COMPUTED: Partial<Record<RuleId, Members>> = {
  "certificate-expired": SEEN_UNDER,
  "certificate-expiring": SEEN_UNDER,
  "certificate-not-yet-valid": SEEN_UNDER,
  "certificate-revoked": SEEN_UNDER,
  "certificate-lifetime-over-limit": SEEN_UNDER,
  "certificate-client-auth-ends": SEEN_UNDER,
  "certificate-invalid": SEEN_AND_BREAKS,
  "certificate-against-profile": SEEN_AND_BREAKS,
  "issuer-against-profile": ISSUED,
  "certificate-wildcard-spread": SEEN_UNDER,
  "certificate-key-is-ssh-key": SEEN_UNDER,
  "certificate-key-shared": OF_KEY,
  "key-on-several-accounts": OPENED,
  "key-on-several-hosts": HELD_ON,
  "key-across-environments": USED_IN,
  "host-key-shared": PRESENTED_BY,
  "account-returned": OF_RETURN,
  "account-replaced": OF_NUMBER,
  "identity-without-owner": OF_NUMBER,
  "identity-owner-left": OWNED_BY,
};

export const membersOf = (rule: RuleId): Members => COMPUTED[rule] ?? REPORTED_BY;

/** The condition for a row of `acceptance` to cover all members: it never covers one that came later. */
export const coversAll = (members: Members = REPORTED_BY): string => `
  NOT EXISTS (
    SELECT 1
    FROM (${members({ about: "acceptance.about", kind: "acceptance.kind", rule: "acceptance.rule" })}) AS now
    WHERE NOT EXISTS (
      SELECT 1 FROM accepted_member AS covered
      WHERE covered.acceptance = acceptance.id AND covered.member = now.member))`;

/** A thing, by what acceptances name it by. */
export type Accepted = { kind: FindingObject["kind"]; about: number | string };

type Row = Acceptance & { id: number };

export type AcceptanceTable = ReturnType<typeof acceptanceTable>;

/** Acceptances of findings, each until a day. Every list compares that day with its own clock. */
export function acceptanceTable(db: Database) {
  const certificateId = db.prepare<[string], number>("SELECT id FROM certificate WHERE sha256 = ?").pluck();
  const any = db.prepare<[Instant], number>(
    "SELECT 1 FROM acceptance WHERE withdrawn_at IS NULL AND until > ? LIMIT 1",
  );
  const standing = db.prepare<Accepted & { rule: RuleId }, Row>(`
    SELECT id, reason, until, accepted_at AS acceptedAt
    FROM acceptance
    WHERE rule = @rule AND kind = @kind AND about = @about AND withdrawn_at IS NULL`);
  const add = db.prepare(`
    INSERT INTO acceptance (rule, kind, about, reason, until, accepted_at)
    VALUES (@rule, @kind, @about, @reason, @until, @acceptedAt)`);
  const withdraw = db.prepare("UPDATE acceptance SET withdrawn_at = ? WHERE id = ?");
  const members = memberTable(db);
  const hasAny = (now: Instant): boolean => any.get(now) !== undefined;

  return {
    /** Whether any acceptance holds at this instant. */
    hasAny,

    /** The acceptance that holds at this instant and covers all that the finding is about; null where none does. */
    of(rule: RuleId, object: FindingObject, now: Instant): Acceptance | null {
      const about = hasAny(now) ? aboutOf(object) : null;
      return about && holding(rule, about, now);
    },

    /** As `of`, for a thing by what acceptances name it by. */
    holding,

    /** Replaces an acceptance that was there before, which is withdrawn. */
    accept(rule: RuleId, object: FindingObject, { acceptedAt, ...acceptance }: Acceptance): void {
      const about = aboutOf(object);
      if (!about) throw new Error("what is accepted is about a thing that was never seen");
      const before = standing.get({ rule, ...about });
      if (before) withdraw.run(acceptedAt, before.id);
      const id = Number(add.run({ rule, ...about, ...acceptance, acceptedAt }).lastInsertRowid);
      members.cover(rule, about, id);
    },

    /** False where there was none. */
    withdraw(rule: RuleId, object: FindingObject, at: Instant): boolean {
      const about = aboutOf(object);
      const row = about && standing.get({ rule, ...about });
      return row ? withdraw.run(at, row.id).changes > 0 : false;
    },
  };

  function holding(rule: RuleId, about: Accepted, now: Instant): Acceptance | null {
    const row = standing.get({ rule, ...about });
    if (!row || row.until <= now || !members.areCovered(rule, row.id)) return null;
    return { reason: row.reason, until: row.until, acceptedAt: row.acceptedAt };
  }

  function aboutOf(object: FindingObject): Accepted | null {
    const { kind } = object;
    if (object.kind === "key") return { kind, about: object.fingerprint };
    if (object.kind === "tls-key") return { kind, about: object.spki };
    if (object.kind !== "certificate") return { kind, about: object.id };
    const about = certificateId.get(object.sha256);
    return about === undefined ? null : { kind, about };
  }
}

/** The things that acceptances cover. */
function memberTable(db: Database) {
  const cover = (sql: string) =>
    db.prepare<Accepted & { rule: RuleId; id: number }>(
      `INSERT INTO accepted_member (acceptance, member) SELECT DISTINCT @id, member FROM (${sql})`,
    );
  const areCovered = (sql: string) =>
    db.prepare<[number], number>(`SELECT ${sql} FROM acceptance WHERE id = ?`).pluck();
  const all = RuleId.options.map(membersOf);
  const prepared = new Map(
    [...new Set(all)].map((members) => [
      members,
      {
        cover: cover(members({ about: "@about", kind: "@kind", rule: "@rule" })),
        areCovered: areCovered(coversAll(members)),
      },
    ]),
  );
  const of = (rule: RuleId) => prepared.get(membersOf(rule));
  return {
    cover: (rule: RuleId, about: Accepted, id: number) => of(rule)?.cover.run({ ...about, rule, id }),
    areCovered: (rule: RuleId, id: number): boolean => of(rule)?.areCovered.get(id) === 1,
  };
}

/** Rules that are evaluated only where somebody has enabled them. */
export function ruleTable(db: Database) {
  const since = db.prepare<[string], string>("SELECT since FROM enabled_rule WHERE rule = ?").pluck();
  const turnOn = db.prepare("INSERT INTO enabled_rule (rule, since) VALUES (?, ?) ON CONFLICT DO NOTHING");
  const turnOff = db.prepare("DELETE FROM enabled_rule WHERE rule = ?");

  return {
    list: () => OptionalRule.options.map((rule) => ({ rule, since: since.get(rule) ?? null })),

    /** False where it was so before. A rule that is on keeps the time since when it is on. */
    turn: (rule: OptionalRule, isOn: boolean, at: Instant): boolean =>
      (isOn ? turnOn.run(rule, at) : turnOff.run(rule)).changes > 0,
  };
}
