import type { Database } from "better-sqlite3";
import type { Lists } from "#store/lists/lists.ts";
import type { Part } from "#store/lists/order.ts";
import { toPattern } from "#store/lists/search.ts";

/** So many issuers are compared with a text; where there are more, each certificate is. */
const MOST_ISSUERS = 2_000;

/** As `certificate_by_issuer` has it; a longer name is cut there. */
const STARTS_WITH = "substr(issuer, 1, 120)";
const INDEXED_LENGTH = 120;

/** The conditions for certificates whose issuer's name contains a text. There are few issuers: these are looked up first. */
export function issuerFilter(db: Database, { keep }: { keep: Lists["keep"] }, { most = MOST_ISSUERS } = {}) {
  const next = db
    .prepare<[string], string>(
      `SELECT ${STARTS_WITH} FROM certificate WHERE is_seen = 1 AND ${STARTS_WITH} > ? ORDER BY ${STARTS_WITH} LIMIT 1`,
    )
    .pluck();
  const matches = db.prepare<[string, string], number>("SELECT ? LIKE ? ESCAPE '\\'").pluck();

  /** Null where there are more than are compared. */
  function readIssuers(): readonly string[] | null {
    const issuers: string[] = [];
    for (let issuer = next.get(""); issuer !== undefined; issuer = next.get(issuer)) {
      if (issuers.length >= most) return null;
      issuers.push(issuer);
    }
    return issuers;
  }

  return function find(text: string): Part[] {
    const pattern = toPattern(text);
    const compared: Part = { sql: "issuer LIKE ? ESCAPE '\\'", values: [pattern] };
    const issuers = keep("the issuers", readIssuers);
    if (issuers === null) return [compared];
    const isCut = (issuer: string) => [...issuer].length >= INDEXED_LENGTH;
    const found = issuers.filter((issuer) => isCut(issuer) || matches.get(issuer, pattern) === 1);
    const chosen = JSON.stringify(found);
    const isOneOf = (mark: string) => `${mark}${STARTS_WITH} IN (SELECT value FROM json_each(?))`;
    const part = { sql: isOneOf(""), values: [chosen], walk: { sql: isOneOf("+"), values: [chosen] } };
    return found.some(isCut) ? [part, compared] : [part];
  };
}
