import type { Database } from "better-sqlite3";
import type { GraphEdge } from "#shared/model/graph.ts";
import { AUTHORITY, type AuthorityRow, signing } from "./edge-row.ts";
import { MOST_AT_ONCE } from "./most-at-once.ts";

/** What certificates open that an authority signs. */
export function authorityEdges(db: Database) {
  const of = db.prepare<[string], AuthorityRow>(`
    SELECT ${AUTHORITY} FROM trusted_authority INDEXED BY trusted_authority_by_key
    WHERE fingerprint = ? AND gone_scan IS NULL
    ORDER BY host, account, id
    LIMIT ${MOST_AT_ONCE}`);
  const into = db.prepare<[number, string], AuthorityRow>(
    `SELECT ${AUTHORITY} FROM trusted_authority WHERE host = ? AND account = ? AND gone_scan IS NULL ORDER BY id`,
  );

  return {
    of: (fingerprint: string): GraphEdge[] => of.all(fingerprint).map(signing),
    into: (host: number, account: string): GraphEdge[] => into.all(host, account).map(signing),
  };
}
