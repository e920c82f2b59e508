import type { Database } from "better-sqlite3";
import { Profile } from "#shared/model/chain.ts";
import { BrokenRule } from "#shared/model/finding.ts";
import type { Violation } from "#shared/model/violation.ts";
import { MOST_NAMED } from "#shared/text/certificate-finding.ts";
import { describeIssuedAgainst } from "#shared/text/profile-finding.ts";
import type { Told } from "./told.ts";

type Row = {
  issuer: string;
  profile: string;
  rules: string;
  since: string;
  certificate_count: number;
  host: string | null;
};

/** So many certificates are looked at for whether all of them are on one host. */
const MOST_ON_HOST = 50;

/** The host that all certificates of a violation are on; empty where they are on several, and where they are too many. */
export const ON_ONE_HOST = `CASE WHEN certificate_count <= ${MOST_ON_HOST} THEN (
  SELECT CASE WHEN min(only_host) = max(only_host) THEN min(only_host) ELSE '' END
  FROM certificate WHERE violation = profile_violation.id AND is_seen = 1) ELSE '' END`;

/** Says of certificates which rules of their profile they break. */
export function violationTeller(db: Database) {
  const find = db.prepare<[number], Row>(`
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

    /** Of all certificates of one issuer that break the same rules. */
    issued(id: number): Told {
      const row = rowOf(id);
      const violation = toViolation(row);
      const { issuer: label, host, since: firstSeen, certificate_count: count } = row;
      const said = describeIssuedAgainst({ ...violation, certificates: certificates.all(id), count });
      return { ...said, violation, object: { kind: "profile-violation", id }, label, host, firstSeen };
    },
  };

  function rowOf(id: number): Row {
    const row = find.get(id);
    if (!row) throw new Error(`there is no violation ${id}`);
    return row;
  }
}

const toViolation = ({ profile, rules }: Row) => ({
  profile: Profile.parse(profile),
  rules: BrokenRule.array().parse(JSON.parse(rules)),
});
