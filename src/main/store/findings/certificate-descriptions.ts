import type { Database } from "better-sqlite3";
import { Profile } from "#shared/model/certificates/chain.ts";
import { BrokenRule, type RuleId, type Violation } from "#shared/model/finding.ts";
import {
  describeClientUse,
  describeOverLimit,
  describeRevoked,
  describeSshKeyToo,
  describeWildcardSpread,
  MOST_NAMED,
} from "#shared/text/findings/certificate-finding.ts";
import { describeIssuedAgainst, describeViolation } from "#shared/text/findings/profile-finding.ts";
import { type DateColumns, datesOf } from "#store/certificates/date-rules.ts";
import type { FindingText } from "./finding-source.ts";

type CertificateFindingRow = Pick<DateColumns, "not_before" | "not_after"> & {
  id: number;
  sha256: string;
  subject: string;
  issuer: string;
  names: string;
  ssh_fingerprint: string | null;
  first_seen: string;
  is_at_endpoint: number;
  revoked: string | null;
  violation: number | null;
  host: string | null;
};

/** The first names of several things, and how many things there are. */
type Some = { named: string[]; count: number };

/** Describes what is wrong with a certificate for as long as it is seen. */
export function certificateDescriber(db: Database): (id: number, rule: RuleId) => FindingText {
  const find = db.prepare<{ id: number; rule: RuleId }, CertificateFindingRow>(`
    SELECT id, sha256, subject, issuer, names, ssh_fingerprint, not_before, not_after,
           CASE @rule WHEN 'certificate-revoked' THEN revoked_since ELSE first_seen END AS first_seen, is_at_endpoint, revoked, violation,
           (SELECT name FROM host_name WHERE host_name.id = only_name) AS host
    FROM certificate
    WHERE id = @id`);
  const violations = violationDescriber(db);
  const { hosts, files, askers, sshUses, clientUses } = surroundings(db);

  return (id, rule) => {
    const row = find.get({ id, rule });
    if (!row) throw new Error(`there is no certificate ${id}`);
    const object = { kind: "certificate", sha256: row.sha256 } as const;
    return { ...textOf(row, rule), object, label: row.subject, host: row.host, firstSeen: row.first_seen };
  };

  function textOf(row: CertificateFindingRow, rule: RuleId) {
    if (rule === "certificate-invalid" || rule === "certificate-against-profile") {
      const violation = violations.find(row.violation ?? 0);
      return { ...describeViolation(violation, row.issuer), violation };
    }
    const facts = { ...datesOf(row), issuer: row.issuer };
    if (rule === "certificate-lifetime-over-limit") return describeOverLimit(facts);
    if (rule === "certificate-client-auth-ends") {
      const [inFiles, asking, uses] = [files(row.id), askers(row.issuer), clientUses(row.id)];
      return describeClientUse({
        ...facts,
        files: inFiles.named,
        fileCount: inFiles.count,
        askers: asking.named,
        askerCount: asking.count,
        uses: uses.named,
        useCount: uses.count,
        isServed: row.is_at_endpoint === 1,
      });
    }
    if (rule === "certificate-revoked") {
      const { named, count } = hosts(row.id);
      const { by, sentence } = JSON.parse(row.revoked ?? "{}") as { by: string; sentence: string };
      return describeRevoked({ by, sentence, hosts: named, hostCount: count });
    }
    if (rule === "certificate-key-is-ssh-key") {
      const { named, count } = sshUses(row.ssh_fingerprint ?? "");
      return describeSshKeyToo(row.ssh_fingerprint ?? "", named, count);
    }
    const wildcards = (JSON.parse(row.names) as string[]).filter((name) => name.startsWith("DNS:*."));
    const { named, count } = hosts(row.id);
    return describeWildcardSpread(
      wildcards.map((name) => name.slice(4)),
      named,
      count,
    );
  }
}

/** Reads where a certificate is, and which hosts use it. */
function surroundings(db: Database) {
  const hosts = db
    .prepare<[number], string>(`
      SELECT DISTINCT host_name.name
      FROM location JOIN host_name ON host_name.id = location.name
      WHERE certificate = CAST(? AS INTEGER) AND gone_scan IS NULL
      ORDER BY 1`)
    .pluck();
  const files = db
    .prepare<[number], string>(`
      SELECT host_name.name || ':' || path
      FROM location JOIN host_name ON host_name.id = location.name
      WHERE certificate = CAST(? AS INTEGER) AND gone_scan IS NULL AND path IS NOT NULL
      ORDER BY 1`)
    .pluck();
  const askers = db
    .prepare<[string], string>(`
      SELECT DISTINCT host || ':' || port
      FROM endpoint INDEXED BY endpoint_asking CROSS JOIN json_each(authorities, '$.names') AS authority
      WHERE authorities IS NOT NULL AND authority.value = CAST(? AS TEXT)
      ORDER BY 1`)
    .pluck();
  const sshUses = db
    .prepare<{ fingerprint: string }, string>(`
      SELECT 'it opens ' || account || ' on ' || host_name FROM grant_line
      WHERE fingerprint = CAST(@fingerprint AS TEXT) AND gone_scan IS NULL AND effective <> 'no'
      UNION SELECT 'it is the host key of ' || host FROM host WHERE key_fingerprint = CAST(@fingerprint AS TEXT)
      UNION SELECT 'it is a host key of ' || host.host
      FROM host_key JOIN host ON host.id = host_key.host
      WHERE host_key.fingerprint = CAST(@fingerprint AS TEXT)
        AND host_key.gone_scan IS NULL AND host.key_fingerprint IS NOT CAST(@fingerprint AS TEXT)
      UNION SELECT 'it lies on ' || host.host || ' in ' || path
      FROM key_file JOIN host ON host.id = key_file.host
      WHERE key_file.fingerprint = CAST(@fingerprint AS TEXT) AND key_file.gone_scan IS NULL`)
    .pluck();
  const clientUses = db
    .prepare<[number], string>(`
      SELECT host_name.name || ' names it by ' || directive || ' in ' || file || ':' || line
      FROM location
      JOIN client_file ON client_file.host = location.host AND client_file.path = location.path
      JOIN host_name ON host_name.id = location.name
      WHERE certificate = CAST(? AS INTEGER) AND gone_scan IS NULL
      ORDER BY 1`)
    .pluck();
  const some = (all: string[]): Some => ({ named: all.slice(0, MOST_NAMED), count: all.length });
  return {
    hosts: (id: number) => some(hosts.all(id)),
    files: (id: number) => some(files.all(id)),
    clientUses: (id: number) => some(clientUses.all(id)),
    askers: (issuer: string) => some(askers.all(issuer)),
    sshUses: (fingerprint: string) => some(sshUses.all({ fingerprint })),
  };
}

type ViolationRow = {
  issuer: string;
  profile: string;
  rules: string;
  since: string;
  certificate_count: number;
  host: string | null;
};

/** So many certificates are read to find out whether all are on one host. */
const MOST_ON_HOST = 50;

/**
 * The host that all certificates of a violation are on; empty where they are on several, or where too many are to be
 * read.
 */
export const ON_ONE_HOST = `CASE WHEN certificate_count <= ${MOST_ON_HOST} THEN (
  SELECT CASE WHEN min(only_host) = max(only_host) THEN min(only_host) ELSE '' END
  FROM certificate WHERE violation = profile_violation.id AND is_seen = 1) ELSE '' END`;

/** Describes which rules of their profile certificates break. */
export function violationDescriber(db: Database) {
  const find = db.prepare<[number], ViolationRow>(`
    SELECT issuer, profile, rules, since, certificate_count,
      nullif(${ON_ONE_HOST}, '') AS host
    FROM profile_violation
    WHERE id = CAST(? AS INTEGER)`);
  const certificates = db
    .prepare<[number], string>(`
      SELECT subject || ', serial number ' || serial FROM certificate
      WHERE violation = CAST(? AS INTEGER) AND is_seen = 1
      ORDER BY id LIMIT ${MOST_NAMED}`)
    .pluck();

  return {
    find: (id: number): Pick<Violation, "profile" | "rules"> => toViolation(rowOf(id)),

    /** Describes all certificates of one issuer that break the same rules. */
    issued(id: number): FindingText {
      const row = rowOf(id);
      const violation = toViolation(row);
      const { issuer: label, host, since: firstSeen, certificate_count: count } = row;
      const said = describeIssuedAgainst({ ...violation, certificates: certificates.all(id), count });
      return { ...said, violation, object: { kind: "profile-violation", id }, label, host, firstSeen };
    },
  };

  function rowOf(id: number): ViolationRow {
    const row = find.get(id);
    if (!row) throw new Error(`there is no violation ${id}`);
    return row;
  }
}

const toViolation = ({ profile, rules }: ViolationRow) => ({
  profile: Profile.parse(profile),
  rules: BrokenRule.array().parse(JSON.parse(rules)),
});
