import type { Database } from "better-sqlite3";

/** So many keys of each kind are told. */
export const MOST_SHARED = 1_000;
/** One more tells that there are more. */
const MOST_READ = MOST_SHARED + 1;

type PersonRow = {
  fingerprint: string;
  id: number;
  roster: number;
  name: string;
  decidedBy: number | null;
  logins: string;
};

/** Keys that rosters have under several entries, and host keys that several hosts hold: one more than are told. */
export function sharedKeys(db: Database) {
  const people = db.prepare<[], PersonRow>(`
    SELECT fingerprint, person.id, roster, name, decided_by AS decidedBy,
      (SELECT json_group_array(login) FROM person_login WHERE person_login.person = person.id) AS logins
    FROM person_key CROSS JOIN person ON person.id = person_key.person
    WHERE fingerprint IN (
      SELECT fingerprint FROM person_key GROUP BY fingerprint HAVING count(*) > 1 LIMIT ${MOST_READ})
    ORDER BY fingerprint, name, person.id`);
  const hosts = db.prepare<[], { fingerprint: string; name: string }>(`
    WITH held AS (
      SELECT fingerprint, host FROM host_key WHERE gone_scan IS NULL
      UNION
      SELECT key_fingerprint, id FROM host WHERE key_fingerprint IS NOT NULL)
    SELECT fingerprint, iif(port = 22, host.host, iif(instr(host.host, ':'), '[' || host.host || ']', host.host) || ':' || port) AS name
    FROM held CROSS JOIN host ON host.id = held.host
    WHERE fingerprint IN (SELECT fingerprint FROM held GROUP BY fingerprint HAVING count(*) > 1 LIMIT ${MOST_READ})
    ORDER BY fingerprint, host.host, port`);

  return {
    /** By key. */
    ofPeople: () =>
      Map.groupBy(
        people.all().map((row) => ({ ...row, logins: JSON.parse(row.logins) as string[] })),
        ({ fingerprint }) => fingerprint,
      ),
    ofHosts: () => Map.groupBy(hosts.all(), ({ fingerprint }) => fingerprint),
  };
}
