import type { Database } from "better-sqlite3";
import type { AccessFilter } from "#shared/contract/access.ts";
import type { GrantDetail, GrantRow } from "#shared/model/grant.ts";
import { BY_FIRST_SCAN, IS_ROGUE } from "#store/changes/rogue.ts";
import type { Listed, Lists, Part, Window } from "#store/lists/lists.ts";
import {
  endOfStart,
  isAscii,
  isIndexed,
  splitWords,
  toFingerprintStart,
  toPattern,
  toPhrase,
} from "#store/lists/search.ts";
import type { scopeTable } from "#store/people/scope-table.ts";
import { COLUMNS, type GrantRows, type Row } from "./grant-row.ts";
import { EVERYTHING, standingConditions, standingTally } from "./grant-standing.ts";

type Column = "host" | "account" | "fingerprint" | "keyType" | "effective" | "comment";

type Wanted = AccessFilter & Window & { sort: { by: Column; descending: boolean } };

const SORTED_BY: Record<Column, readonly string[]> = {
  host: ["host_name", "port", "substr(account, 1, 64)", "substr(file, 1, 128)", "line"],
  account: ["substr(account, 1, 64)"],
  fingerprint: ["ifnull(fingerprint, '')"],
  keyType: ["ifnull(substr(key_type, 1, 120), '')"],
  effective: ["effective"],
  comment: ["substr(comment, 1, 120)"],
};

const TEXT = "host_name || char(10) || account || char(10) || file || char(10) || comment";

/** The same key in other places is listed up to this many. */
const MOST_OF_SAME_KEY = 1_000;

type Deps = { lists: Lists; rows: GrantRows; scope: ReturnType<typeof scopeTable> };

/** The grants that stand now. */
export function grantTable(db: Database, { lists, rows, scope }: Deps) {
  const find = db.prepare<[number], Row & { text: string }>(
    `SELECT ${COLUMNS}, text FROM grant_line WHERE id = ?`,
  );
  const sameKey = db.prepare<[string, number, number], Row>(`
    SELECT id, host_name, account, file, line
    FROM grant_line
    WHERE ifnull(fingerprint, '') = ? AND gone_scan IS NULL AND id <> ?
    ORDER BY id
    LIMIT ?`);
  const tally = standingTally(db);

  return {
    list({ sort, after, limit, ...filter }: Wanted): Listed<GrantRow> {
      const standing = { ...filter, isScopeWhole: scope.read().isWhole };
      const plain = toConditions(filter);
      const where = [STANDS_NOW, ...plain, ...standingConditions(standing, tally)];
      return lists.list(
        {
          select: COLUMNS,
          from: "grant_line",
          where,
          sort: { name: sort.by, columns: [...SORTED_BY[sort.by], "id"], descending: sort.descending },
          after,
          limit,
          size: () => tally(EVERYTHING),
          ...(plain.length === 0 ? { total: () => tally(standing) } : {}),
        },
        rows.open(),
      );
    },

    /** Everything about one, also after it was removed from its file. */
    find(id: number): GrantDetail | null {
      const row = find.get(id);
      return row ? { ...rows.open()(row), text: row.text, sameKey: findSameKey(row) } : null;
    },
  };

  function findSameKey({ id, fingerprint }: Row): GrantDetail["sameKey"] {
    if (fingerprint === null) return [];
    const rows = sameKey.all(fingerprint, id, MOST_OF_SAME_KEY);
    return rows.map(({ host_name: host, ...row }) => ({ host, ...row }));
  }
}

const STANDS_NOW: Part = { sql: "gone_scan IS NULL", values: [] };

function toConditions(filter: AccessFilter): Part[] {
  const equal = (column: string, value: string | null): Part[] =>
    value === null
      ? []
      : [{ sql: `${column} = ?`, values: [value], walk: { sql: `+${column} = ?`, values: [value] } }];
  return [
    ...(filter.rogue ? [ROGUE] : []),
    ...splitWords(filter.search).map(searchFor),
    ...equal("host_name", filter.host),
    ...equal("account", filter.account),
    ...equal("ifnull(fingerprint, '')", filter.fingerprint),
  ];
}

const ROGUE: Part = {
  sql: `id IN (SELECT id FROM ${BY_FIRST_SCAN} WHERE ${IS_ROGUE})`,
  values: [],
  walk: { sql: IS_ROGUE, values: [] },
};

/** A word stands in the grant, or its key's fingerprint begins with it. */
function searchFor(word: string): Part {
  const start = toFingerprintStart(word);
  const [byText, value]: [string, string] = isIndexed(word)
    ? ["SELECT rowid FROM grant_search WHERE grant_search MATCH ?", toPhrase(word)]
    : [`SELECT id FROM grant_line WHERE gone_scan IS NULL AND (${TEXT}) LIKE ? ESCAPE '\\'`, toPattern(word)];
  const pattern = toPattern(word);
  const walk = isAscii(word) ? `(${TEXT}) LIKE ? ESCAPE '\\'` : null;
  if (start === null) {
    return {
      sql: `id IN (${byText})`,
      values: [value],
      ...(walk === null ? {} : { walk: { sql: walk, values: [pattern] } }),
    };
  }
  const hash = [start, endOfStart(start)];
  const byHash = "ifnull(fingerprint, '') BETWEEN ? AND ?";
  return {
    sql: `id IN (${byText} UNION SELECT id FROM grant_line WHERE gone_scan IS NULL AND ${byHash})`,
    values: [value, ...hash],
    ...(walk === null ? {} : { walk: { sql: `(${walk} OR ${byHash})`, values: [pattern, ...hash] } }),
  };
}
