import type { Database } from "better-sqlite3";
import type { GraphLink, GraphNode } from "#shared/model/graph.ts";
import { GRANT, type GrantEdgeRow, holding, KEY_FILE, type KeyFileRow, opening } from "./edge-row.ts";
import { linkOf } from "./link-list.ts";

/** Of two hosts so many ways are looked at for one that is certain. */
const MOST_WAYS = 50;

/** Private keys on one host that open accounts of another. */
export function trustBetweenHosts(db: Database, nodeOf: (id: string) => GraphNode) {
  const pairs = db
    .prepare<[number], [number, number]>(`
      SELECT DISTINCT key_file.host, grant_line.host
      FROM key_file
      CROSS JOIN grant_line INDEXED BY grant_usable
        ON grant_line.fingerprint = ifnull(key_file.fingerprint, likely_fingerprint)
      WHERE key_file.gone_scan IS NULL AND grant_line.gone_scan IS NULL AND grant_line.effective <> 'no'
        AND grant_line.host <> key_file.host
      LIMIT ?`)
    .raw();
  const files = db.prepare<[number], KeyFileRow>(
    `SELECT ${KEY_FILE} FROM key_file WHERE host = ? AND gone_scan IS NULL ORDER BY id`,
  );
  const grants = db.prepare<[string, number], GrantEdgeRow>(`
    SELECT ${GRANT} FROM grant_line INDEXED BY grant_usable
    WHERE fingerprint = ? AND host = ? AND gone_scan IS NULL AND effective <> 'no'
    ORDER BY account, id
    LIMIT ${MOST_WAYS}`);

  return {
    /** Each pair once; `most` and one more say that there are more. */
    trusting: (most: number): [number, number][] => pairs.all(most + 1),

    /** The surest of the ways from a host to another; null for none. */
    trust(from: number, to: number): GraphLink | null {
      let possible: GraphLink | null = null;
      let looked = 0;
      for (const file of files.all(from)) {
        const held = holding(file, file.owner, "own");
        if (!held) continue;
        for (const grant of grants.all(file.fingerprint ?? file.likely_fingerprint ?? "", to)) {
          const link = linkOf([held, opening(grant)], nodeOf, `${from} ${to}`);
          if (link.isCertain || ++looked >= MOST_WAYS) return link.isCertain ? link : (possible ?? link);
          possible ??= link;
        }
      }
      return possible;
    },
  };
}
