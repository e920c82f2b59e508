import type { Database } from "better-sqlite3";
import type { AccessFilter } from "#shared/contract/access/grants.ts";
import { Approval } from "#shared/model/access/change.ts";
import type { GrantDetail, GrantRow, Orphan, OrphanState } from "#shared/model/access/grant.ts";
import { evaluatesAbsence, type Inventory } from "#shared/model/access/person.ts";
import { Verdict } from "#shared/model/access/verdict.ts";
import { describeOrphan, formatWhy, ORPHAN_SEVERITY } from "#shared/text/access/grant.ts";
import { formatUnapprovedSentence, UNAPPROVED_SEVERITY } from "#shared/text/findings/access-finding.ts";
import { formatReturnedGrant, RETURNED_SEVERITY } from "#shared/text/findings/account-finding.ts";
import { BY_FIRST_SCAN, IS_UNAPPROVED, UNAPPROVED_COUNT } from "#store/changes/baseline-table.ts";
import { IS_RETURNED_GRANT } from "#store/changes/returned.ts";
import type { FindingBriefs } from "#store/findings/finding-briefs.ts";
import type { Listed, Lists, Window } from "#store/lists/lists.ts";
import type { Part } from "#store/lists/order.ts";
import type { inventoryTable } from "#store/people/inventory-table.ts";
import type { OwnerFinder, OwnerRow } from "#store/people/owner-facts.ts";
import {
  EVERYTHING,
  grantSearch,
  STANDS_NOW,
  standingCachedCount,
  standingConditions,
} from "./grant-filter.ts";

/** A row of a query on `grant_line`. */
type Row = OwnerRow & {
  id: number;
  host_name: string;
  port: number;
  account: string;
  file: string;
  line: number;
  key_type: string | null;
  key_bits: number | null;
  options: string;
  effective: string;
  verdict: string;
  orphan: Orphan | null;
  is_unapproved: number;
  is_returned: number;
  removed_by: number | null;
  approved: string | null;
  first_seen: string;
  last_seen: string;
};

const COLUMNS = `id, host_name, port, account, file, line, key_type, key_bits, fingerprint, comment, options, effective,
  verdict, owner, is_matched, listed, orphan,
  (${IS_UNAPPROVED}) AS is_unapproved, (${IS_RETURNED_GRANT}) AS is_returned, removed_by, (SELECT owner FROM approval AS given WHERE given.id = approval) AS vouched_by,
  (SELECT json_object('owner', owner, 'purpose', purpose, 'reviewOn', given.review_on, 'approvedAt', approved_at)
   FROM approval AS given WHERE given.id = approval) AS approved, (SELECT started_at FROM scan WHERE scan.id = first_scan) AS first_seen,
  (SELECT started_at FROM scan WHERE scan.id = last_scan) AS last_seen`;

type GrantRowDeps = { briefs: FindingBriefs; owners: OwnerFinder };

type GrantRows = ReturnType<typeof grantRows>;

/** Fills the rows of grants with their findings, owners and verdicts. */
export function grantRows({ briefs, owners }: GrantRowDeps) {
  return {
    /** A reader for the rows of one page. */
    open(): (row: Row) => GrantRow {
      const { inventory, describeRow } = owners.open();
      return (row) => {
        const evaluated = Verdict.parse(JSON.parse(row.verdict));
        const verdict = { ...evaluated, owner: describeRow(row, evaluated.owner.managedBy) };
        return toGrant(row, verdict, orphanStateOf(row.orphan, inventory));
      };
    },
  };

  function toGrant(row: Row, verdict: Verdict, state: OrphanState | null): GrantRow {
    const orphan = state === "unknown" ? null : state;
    return {
      id: row.id,
      host: row.host_name,
      port: row.port,
      account: row.account,
      file: row.file,
      line: row.line,
      keyType: row.key_type,
      keyBits: row.key_bits,
      fingerprint: row.fingerprint,
      comment: row.comment,
      options: row.options,
      verdict,
      orphaned: orphan !== null,
      orphan: state,
      isUnapproved: row.is_unapproved === 1,
      approval: row.approved === null ? null : Approval.parse(JSON.parse(row.approved)),
      why: formatWhy(verdict, state),
      firstSeen: row.first_seen,
      lastSeen: row.last_seen,
      findings: [
        ...briefs.computed({ kind: "grant", about: row.id }, [
          ...(orphan === null ? [] : [briefOrphan({ ...row, orphan, verdict })]),
          ...(row.is_unapproved === 1 ? [briefUnapproved({ ...row, verdict })] : []),
          ...(row.is_returned === 1 ? [briefReturned({ ...row, verdict })] : []),
        ]),
        ...briefs.about({ kind: "grant", id: row.id }),
        ...(row.fingerprint === null || row.effective === "no" ? [] : briefs.ofKey(row.fingerprint)),
      ],
    };
  }
}

/**
 * A grant whose private key is merely not known is no orphan where the inventory is not marked complete, and undecided
 * where a host was not read whole.
 */
function orphanStateOf(orphan: Orphan | null, inventory: Inventory): OrphanState | null {
  if (orphan !== "private-key-not-found" || evaluatesAbsence(inventory)) return orphan;
  return inventory.isWhole ? "unknown" : null;
}

const briefOrphan = (grant: Parameters<typeof describeOrphan>[0]): GrantRow["findings"][number] => ({
  rule: "grant-orphaned",
  severity: ORPHAN_SEVERITY[grant.orphan],
  sentence: describeOrphan(grant).sentence,
});

const briefUnapproved = (
  grant: Parameters<typeof formatUnapprovedSentence>[0],
): GrantRow["findings"][number] => ({
  rule: "grant-since-baseline",
  severity: UNAPPROVED_SEVERITY,
  sentence: formatUnapprovedSentence(grant),
});

function briefReturned({
  account,
  verdict,
  removed_by: removedBy,
}: Pick<Row, "account" | "removed_by"> & { verdict: Verdict }): GrantRow["findings"][number] {
  const isCertain = verdict.effective.state === "yes";
  return {
    rule: "grant-returned",
    severity: RETURNED_SEVERITY[isCertain ? "certain" : "uncertain"],
    sentence: formatReturnedGrant({ account, isCertain, removedBy }),
  };
}

type Column = "host" | "account" | "fingerprint" | "keyType" | "effective" | "comment";

type GrantQuery = AccessFilter & Window & { sort: { by: Column; descending: boolean } };

const SORTED_BY: Record<Column, readonly string[]> = {
  host: ["host_name", "port", "substr(account, 1, 64)", "substr(file, 1, 128)", "line"],
  account: ["substr(account, 1, 64)"],
  fingerprint: ["ifnull(fingerprint, '')"],
  keyType: ["ifnull(substr(key_type, 1, 120), '')"],
  effective: ["effective"],
  comment: ["substr(comment, 1, 120)"],
};

/**
 * Up to so many rows are found at once and kept for the next pages. More than these are met soon enough by walking the
 * list.
 */
const FEW = 2_000;

/** Up to so many grants of the same key are listed. */
const MOST_OF_SAME_KEY = 1_000;

type Deps = { lists: Lists; rows: GrantRows; inventory: ReturnType<typeof inventoryTable> };

/** The grants that stand now. */
export function grantTable(db: Database, { lists, rows, inventory }: Deps) {
  const find = db.prepare<[number], Row & { text: string }>(
    `SELECT ${COLUMNS}, text FROM grant_line WHERE id = ?`,
  );
  const sameKey = db.prepare<[string, number, number], Row>(`
    SELECT id, host_name, account, file, line
    FROM grant_line
    WHERE ifnull(fingerprint, '') = ? AND gone_scan IS NULL AND id <> ?
    ORDER BY id
    LIMIT ?`);
  const countStanding = standingCachedCount(db);
  const countUnapproved = db.prepare<[], number>(`SELECT ${UNAPPROVED_COUNT}`).pluck();
  const search = grantSearch(lists, () => countStanding(EVERYTHING));

  return {
    list({ sort, after, limit, ...filter }: GrantQuery): Listed<GrantRow> {
      const standing = { ...filter, isAbsenceEvaluated: evaluatesAbsence(inventory.read()) };
      const matches = search(filter.search);
      const plain = toConditions(filter);
      const evaluated = standingConditions(standing, countStanding);
      const where = [STANDS_NOW, ...matches.where, ...plain, ...evaluated];
      const isSearched = filter.search.trim() !== "";
      const isUnapprovedAlone = filter.unapproved && plain.length + evaluated.length === 1;
      const counted = () =>
        plain.length === 0
          ? countStanding(standing)
          : isUnapprovedAlone
            ? (countUnapproved.get() ?? 0)
            : null;
      const countedTotal = isSearched ? null : counted();
      const total = countedTotal ?? (plain.length + evaluated.length === 0 ? matches.total : null);
      return lists.list(
        {
          select: COLUMNS,
          from: "grant_line",
          where,
          sort: { name: sort.by, columns: [...SORTED_BY[sort.by], "id"], descending: sort.descending },
          after,
          limit,
          size: () => countStanding(EVERYTHING),
          ...(isSearched || (countedTotal !== null && countedTotal < FEW) ? { idColumn: "id" } : {}),
          ...(total === null ? {} : { total: () => total }),
          found: matches.found,
        },
        rows.open(),
      );
    },

    /** A grant as the list has it, also after it was removed from its file. */
    findRow(id: number): GrantRow | null {
      const row = find.get(id);
      const toRow = lists.keep("how grants are told", () => rows.open());
      return row ? toRow(row) : null;
    },

    /** The same grant with all its details. */
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
    ...(filter.unapproved ? [UNAPPROVED] : []),
    ...equal("host_name", filter.host),
    ...equal("account", filter.account),
    ...equal("ifnull(fingerprint, '')", filter.fingerprint),
    ...equal("ifnull(substr(key_type, 1, 120), '')", filter.keyType),
  ];
}

const UNAPPROVED: Part = {
  sql: `id IN (SELECT id FROM ${BY_FIRST_SCAN} WHERE ${IS_UNAPPROVED})`,
  values: [],
  walk: { sql: IS_UNAPPROVED, values: [] },
};
