import type { Database } from "better-sqlite3";
import type { AccessFilter } from "#shared/contract/access.ts";
import type { GrantDetail, GrantRow } from "#shared/model/grant.ts";
import { evaluatesAbsence } from "#shared/model/person.ts";
import { BY_FIRST_SCAN, IS_UNAPPROVED, UNAPPROVED_COUNT } from "#store/changes/rogue.ts";
import type { Listed, Lists, Window } from "#store/lists/lists.ts";
import type { Part } from "#store/lists/part.ts";
import type { inventoryTable } from "#store/people/scope-table.ts";
import { COLUMNS, type GrantRows, type Row } from "./grant-row.ts";
import { grantSearch, STANDS_NOW } from "./grant-search.ts";
import { EVERYTHING, standingCachedCount, standingConditions } from "./grant-standing.ts";

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

/** So few are found and kept for the next pages: whoever walks the list meets one of them now and then. */
const FEW = 2_000;

/** The same key in other places is listed up to this many. */
const MOST_OF_SAME_KEY = 1_000;

type Deps = { lists: Lists; rows: GrantRows; scope: ReturnType<typeof inventoryTable> };

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
  const tally = standingCachedCount(db);
  const countRogue = db.prepare<[], number>(`SELECT ${UNAPPROVED_COUNT}`).pluck();
  const search = grantSearch(lists, () => tally(EVERYTHING));

  return {
    list({ sort, after, limit, ...filter }: Wanted): Listed<GrantRow> {
      const standing = { ...filter, isAbsenceJudged: evaluatesAbsence(scope.read()) };
      const sought = search(filter.search);
      const plain = toConditions(filter);
      const judged = standingConditions(standing, tally);
      const where = [STANDS_NOW, ...sought.where, ...plain, ...judged];
      const isSought = filter.search.trim() !== "";
      const isUnapprovedAlone = filter.rogue && plain.length + judged.length === 1;
      const counted = () =>
        plain.length === 0 ? tally(standing) : isUnapprovedAlone ? (countRogue.get() ?? 0) : null;
      const tallied = isSought ? null : counted();
      const total = tallied ?? (plain.length + judged.length === 0 ? sought.total : null);
      return lists.list(
        {
          select: COLUMNS,
          from: "grant_line",
          where,
          sort: { name: sort.by, columns: [...SORTED_BY[sort.by], "id"], descending: sort.descending },
          after,
          limit,
          size: () => tally(EVERYTHING),
          ...(isSought || (tallied !== null && tallied < FEW) ? { sought: "id" } : {}),
          ...(total === null ? {} : { total: () => total }),
          found: sought.found,
        },
        rows.open(),
      );
    },

    /** One as the list has it, also after it was removed from its file. */
    findRow(id: number): GrantRow | null {
      const row = find.get(id);
      const toRow = lists.keep("how grants are told", () => rows.open());
      return row ? toRow(row) : null;
    },

    /** The same with everything about it. */
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

function toConditions(filter: AccessFilter): Part[] {
  const equal = (column: string, value: string | null): Part[] =>
    value === null
      ? []
      : [{ sql: `${column} = ?`, values: [value], walk: { sql: `+${column} = ?`, values: [value] } }];
  return [
    ...(filter.rogue ? [UNAPPROVED] : []),
    ...equal("host_name", filter.host),
    ...equal("account", filter.account),
    ...equal("ifnull(fingerprint, '')", filter.fingerprint),
  ];
}

const UNAPPROVED: Part = {
  sql: `id IN (SELECT id FROM ${BY_FIRST_SCAN} WHERE ${IS_UNAPPROVED})`,
  values: [],
  walk: { sql: IS_UNAPPROVED, values: [] },
};
