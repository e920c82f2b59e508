import type { Database } from "better-sqlite3";
import type { RuleId } from "#shared/model/finding.ts";
import { MOST_NAMED } from "#shared/text/certificate-finding.ts";
import { formatHostKeyShared, formatSharedTlsKey, sayKeptKey } from "#shared/text/key-finding.ts";
import type { Told } from "./told.ts";

type Row = {
  seen_count: number;
  known_count: number;
  first_from: string | null;
  last_from: string | null;
  since: string;
  kept_days: number;
};

/** Says of keys what is wrong with them over several certificates, or over several hosts. */
export function keyTeller(db: Database) {
  const reused = db.prepare<[string], Row>(`
    SELECT seen_count, first_from, last_from, since, kept_days,
      (SELECT count(*) FROM certificate WHERE spki_sha256 = spki AND spki_sha256 <> '' AND is_ca = 0) AS known_count
    FROM reused_key
    WHERE spki = ?`);
  const certificates = db
    .prepare<{ spki: string; isSeen: number }, string>(`
      SELECT subject || ', valid from ' || ifnull(not_before, '?') || ' to ' || not_after
      FROM certificate INDEXED BY certificate_of_key
      WHERE spki_sha256 = CAST(@spki AS TEXT) AND spki_sha256 <> '' AND is_ca = 0 AND is_seen >= CAST(@isSeen AS INTEGER)
      ORDER BY not_before DESC, id
      LIMIT ${MOST_NAMED}`)
    .pluck();
  const host = db.prepare<[number], { key_fingerprint: string; since: string; label: string }>(`
    SELECT key_fingerprint, ifnull(key_seen, last_seen) AS since, host || ':' || port AS label FROM host WHERE id = ?`);
  const hosts = db
    .prepare<[string], string>(
      "SELECT host || ':' || port FROM host WHERE key_fingerprint = CAST(? AS TEXT) ORDER BY host, port",
    )
    .pluck();

  return {
    tlsKey(spki: string, rule: RuleId): Told {
      const row = reused.get(spki);
      if (!row) throw new Error(`no key ${spki} is in several certificates`);
      const isKept = rule === "certificate-key-kept";
      const some = certificates.all({ spki, isSeen: isKept ? 0 : 1 });
      const { since: firstSeen, kept_days: days, first_from: firstFrom, last_from: lastFrom } = row;
      const said = isKept
        ? sayKeptKey({
            certificates: some,
            count: row.known_count,
            days,
            firstFrom: firstFrom ?? "",
            lastFrom: lastFrom ?? "",
          })
        : formatSharedTlsKey({ certificates: some, count: row.seen_count });
      return { ...said, object: { kind: "tls-key", spki }, label: spki, host: null, firstSeen };
    },

    /** Of all hosts that present the key of this one. */
    hostKey(id: number): Told {
      const row = host.get(id);
      if (!row) throw new Error(`there is no host ${id}`);
      const all = hosts.all(row.key_fingerprint);
      return {
        ...formatHostKeyShared(row.key_fingerprint, all.slice(0, MOST_NAMED), all.length),
        object: { kind: "host", id },
        label: row.label,
        host: null,
        firstSeen: row.since,
      };
    },
  };
}
