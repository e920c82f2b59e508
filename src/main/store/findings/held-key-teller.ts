import type { Database } from "better-sqlite3";
import { MOST_NAMED } from "#shared/text/certificate-finding.ts";
import { formatHeldKey } from "#shared/text/key-finding.ts";
import type { Told } from "./told.ts";

type HeldRow = { path: string; name: string; spki: string; since: string; hostCount: number };

/** Says of a private key where else it lies, by the first file that holds it. */
export function heldKeyTeller(db: Database): (id: number) => Told {
  const file = db.prepare<[number], HeldRow>(`
    SELECT path, ifnull(fingerprint, spki_sha256) AS name, spki_sha256 AS spki, elsewhere_since AS since,
      (SELECT count(DISTINCT host) FROM key_file AS held
       WHERE held.spki_sha256 = key_file.spki_sha256 AND held.gone_scan IS NULL) AS hostCount
    FROM key_file WHERE id = ?`);
  const heldIn = db
    .prepare<[string], string>(`
      SELECT host.host || ':' || path FROM key_file JOIN host ON host.id = key_file.host
      WHERE spki_sha256 = CAST(? AS TEXT) AND gone_scan IS NULL
      ORDER BY 1`)
    .pluck();

  return (id) => {
    const row = file.get(id);
    if (!row) throw new Error(`there is no key file ${id}`);
    const all = heldIn.all(row.spki);
    const isSsh = row.path.includes("/.ssh/");
    return {
      ...formatHeldKey({ ...row, isSsh, places: all.slice(0, MOST_NAMED), placeCount: all.length }),
      object: { kind: "key-file", id },
      label: row.path,
      host: null,
      firstSeen: row.since,
    };
  };
}
