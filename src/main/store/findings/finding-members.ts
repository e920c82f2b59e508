import type { RuleId } from "#shared/model/finding.ts";

/** Expressions for what an acceptance names. */
type AcceptedColumns = { about: string; kind: string; rule: string };

/** A query for what a finding is about where that is several things or places at once, each as one text, in column `member`. */
type Members = (accepted: AcceptedColumns) => string;

/** Where a certificate is seen. */
const SEEN_UNDER: Members = ({ about }) =>
  `SELECT 'name ' || place.name AS member FROM place WHERE place.certificate = ${about} AND place.gone_scan IS NULL`;

/** And which rules it breaks: one that breaks others was not accepted for those. */
const SEEN_AND_BREAKS: Members = (accepted) => `
  ${SEEN_UNDER(accepted)}
  UNION ALL SELECT 'violation ' || violation AS member FROM certificate WHERE id = ${accepted.about}`;

/** Exactly these rules, of this issuer: what it has issued by them since is issued as it was accepted. */
const ISSUED: Members = ({ about }) => `SELECT 'violation ' || ${about} AS member`;

/** By what they are for: a renewal is no other one. */
const OF_KEY: Members = ({ about }) => `
  SELECT subject || ' ' || names AS member FROM certificate
  WHERE spki_sha256 = ${about} AND spki_sha256 <> '' AND is_ca = 0 AND is_seen = 1`;

const OPENED: Members = ({ about }) => `
  SELECT account || ' on ' || host_name AS member FROM grant_line
  WHERE fingerprint = ${about} AND gone_scan IS NULL AND effective <> 'no'`;

const PRESENTED_BY: Members = ({ about }) => `
  SELECT 'host ' || host.id AS member FROM host AS first JOIN host ON host.key_fingerprint = first.key_fingerprint
  WHERE first.id = ${about}`;

const HELD_ON: Members = ({ about }) => `
  SELECT 'host ' || held.host AS member FROM key_file AS first JOIN key_file AS held ON held.spki_sha256 = first.spki_sha256
  WHERE first.id = ${about} AND first.spki_sha256 IS NOT NULL AND held.spki_sha256 IS NOT NULL AND held.gone_scan IS NULL`;

/** What visits have reported is about the places that report it, and about what each report names as its members. */
const REPORTED_BY: Members = ({ about, kind, rule }) => `
  SELECT ifnull('endpoint ' || report.endpoint, 'host ' || report.host) AS member
  FROM finding JOIN report ON report.finding = finding.id
  WHERE finding.kind = ${kind} AND finding.about = ${about} AND finding.rule = ${rule}
  UNION ALL
  SELECT named.value AS member
  FROM finding JOIN report ON report.finding = finding.id JOIN json_each(report.members) AS named
  WHERE finding.kind = ${kind} AND finding.about = ${about} AND finding.rule = ${rule}`;

/** Of what queries find. */
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
  "host-key-shared": PRESENTED_BY,
};

export const membersOf = (rule: RuleId): Members => COMPUTED[rule] ?? REPORTED_BY;

/** The condition on a row of `acceptance` that it covers all of them: what has come since was never accepted. */
export const coversAll = (members: Members = REPORTED_BY): string => `
  NOT EXISTS (
    SELECT 1
    FROM (${members({ about: "acceptance.about", kind: "acceptance.kind", rule: "acceptance.rule" })}) AS now
    WHERE NOT EXISTS (
      SELECT 1 FROM accepted_member AS covered
      WHERE covered.acceptance = acceptance.id AND covered.member = now.member))`;
