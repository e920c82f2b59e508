import type { Database } from "better-sqlite3";
import type { GrantRow } from "#shared/model/grant.ts";
import { formatDue, formatUnapproved } from "#shared/text/approval.ts";
import type { Told } from "./told.ts";

type Since = { baselineAt: string; isFirstLook: number; changedFrom: string | null };

/** What is said of the findings that baselines and approvals make. */
export function grantTeller(db: Database, findGrant: (id: number) => GrantRow | null) {
  const since = db.prepare<[number], Since>(`
    SELECT (SELECT started_at FROM baseline JOIN scan ON scan.id = baseline.scan) AS baselineAt,
      ifnull((SELECT first_read_scan > (SELECT scan FROM baseline) FROM host WHERE host.id = grant_line.host), 0)
        AS isFirstLook,
      (SELECT text FROM grant_line AS earlier INDEXED BY grant_gone
       WHERE earlier.host = grant_line.host AND earlier.account = grant_line.account AND earlier.file = grant_line.file
         AND earlier.fingerprint = grant_line.fingerprint AND earlier.gone_scan = grant_line.first_scan
       ORDER BY id DESC LIMIT 1) AS changedFrom
    FROM grant_line
    WHERE id = ?`);

  return {
    tellRogue(id: number): Told {
      const grant = find(id);
      const { baselineAt = "", isFirstLook = 0, changedFrom = null } = since.get(id) ?? {};
      const said = formatUnapproved({ ...grant, baselineAt, isFirstLook: isFirstLook === 1, changedFrom });
      return { ...said, ...about(grant), firstSeen: grant.firstSeen };
    },

    tellDue(id: number): Told {
      const grant = find(id);
      if (!grant.approval) throw new Error(`grant ${id} is not approved`);
      return {
        ...formatDue(grant, grant.approval),
        ...about(grant),
        firstSeen: `${grant.approval.reviewOn}T00:00:00Z`,
      };
    },
  };

  function find(id: number): GrantRow {
    const grant = findGrant(id);
    if (!grant) throw new Error(`there is no grant ${id}`);
    return grant;
  }
}

const about = ({ id, fingerprint, comment, host }: GrantRow): Pick<Told, "object" | "label" | "host"> => ({
  object: { kind: "grant", id },
  label: `${fingerprint ?? ""} ${comment}`.trim(),
  host,
});
