import type { Database } from "better-sqlite3";
import type { CertificateFilter } from "#shared/contract/certificates.ts";
import type { CertificateDetail, CertificateRow } from "#shared/model/certificate.ts";
import { addDays } from "#shared/model/days.ts";
import { toInstant } from "#shared/model/instant.ts";
import type { Listed, Lists, Window } from "#store/lists/lists.ts";
import type { Part } from "#store/lists/part.ts";
import { COLUMNS, type certificateRows, type Row } from "./certificate-row.ts";
import { certificateSearch, SEEN_NOW } from "./certificate-search.ts";
import { DATE_COLUMNS } from "./date-rules.ts";

type Column = "notAfter" | "subject" | "issuer" | "keyType" | "placeCount";

type Wanted = CertificateFilter &
  Window & { sort: { by: Column; descending: boolean }; placeLimit: number; now: Date };

const SORTED_BY: Record<Column, string> = {
  notAfter: "not_after",
  subject: "substr(subject, 1, 120)",
  issuer: "substr(issuer, 1, 120)",
  keyType: "key_type",
  placeCount: "place_count",
};

/** The certificates that are seen somewhere now. */
export function certificateTable(db: Database, lists: Lists, rows: ReturnType<typeof certificateRows>) {
  const find = db.prepare<{ sha256: string; now: string }, Row>(`
    SELECT ${COLUMNS}, ${DATE_COLUMNS} FROM certificate WHERE sha256 = @sha256`);
  const total = db.prepare<[], number>("SELECT count FROM tally WHERE what = 'certificate'").pluck();

  const owned = db
    .prepare<[], number>("SELECT count(*) FROM certificate WHERE is_seen = 1 AND owner <> ''")
    .pluck();

  const search = certificateSearch(lists, () => total.get() ?? 0);

  /** Where it need not be counted one by one. */
  function totalOf(where: readonly Part[], { owner }: CertificateFilter): { total?: () => number } {
    const all = total.get() ?? 0;
    if (where.length === 1) return { total: () => all };
    return where.length === 2 && owner === "" ? { total: () => all - (owned.get() ?? 0) } : {};
  }

  return {
    list({ sort, placeLimit, now, after, limit, ...filter }: Wanted): Listed<CertificateRow> {
      const sought = search(filter.search);
      const isSought = filter.search.trim() !== "";
      const plain = toConditions(filter, now);
      const where = [SEEN_NOW, ...sought.where, ...plain];
      return lists.list(
        {
          select: `${COLUMNS}, ${DATE_COLUMNS}`,
          from: "certificate",
          where,
          sort: { name: sort.by, columns: [SORTED_BY[sort.by], "id"], descending: sort.descending },
          after,
          limit,
          named: { now: toInstant(now) },
          size: () => total.get() ?? 0,
          ...(isSought ? {} : totalOf(where, filter)),
          ...(isSought || isOfOne(filter) ? { sought: "id" } : {}),
          ...(sought.total !== null && plain.length === 0 ? { total: () => sought.total ?? 0 } : {}),
          found: sought.found,
        },
        (row: Row) => rows.toRow(row, placeLimit, now),
      );
    },

    /** Everything about one, also after it was last seen somewhere. */
    find(sha256: string, now: Date): (Omit<CertificateDetail, "pem"> & { der: Uint8Array }) | null {
      const row = find.get({ sha256, now: toInstant(now) });
      return row ? { ...rows.toRow(row, -1, now), ...rows.detailOf(row.id) } : null;
    },
  };
}

function toConditions(filter: CertificateFilter, now: Date): Part[] {
  const parts: Part[] = [];
  if (filter.expiringWithinDays !== null) {
    const until = toInstant(addDays(now, filter.expiringWithinDays));
    parts.push({ sql: "not_after <= ?", values: [until] });
  }
  parts.push(...ofKind(filter));
  if (filter.host !== null) parts.push({ sql: `id IN (${UNDER_NAME})`, values: [filter.host] });
  if (filter.spki !== null) parts.push({ sql: OF_KEY, values: [filter.spki] });
  if (filter.violation !== null) parts.push(breaking(filter.violation));
  if (filter.owner !== null) parts.push(ownedBy(filter.owner));
  if (filter.tag !== null) parts.push(taggedAs(filter.tag));
  return parts;
}

/** What one owner has is found by him and then sorted, once for all pages. */
const isOfOne = ({ owner, tag }: CertificateFilter): boolean => !!owner && tag === null;

/** Authorities are few, and are found first; of leaves, those of one sort of place. */
function ofKind({ role, place }: CertificateFilter): Part[] {
  const isCa = role === null ? null : flag("is_ca", role === "authority" ? 1 : 0);
  const isThere = place === null ? null : flag(place === "endpoint" ? "is_at_endpoint" : "is_in_file", 1);
  if (!isCa || !isThere) return [isCa ?? isThere ?? []].flat();
  return role === "authority" ? [isCa, isThere.walk] : [isCa.walk, isThere];
}

/** The plus takes the condition from the indexes. */
const flag = (column: string, value: 0 | 1): Required<Part> => ({
  sql: `${column} = ${value}`,
  values: [],
  walk: { sql: `+${column} = ${value}`, values: [] },
});

/** Most are nobody's, which no index is for. */
const ownedBy = (owner: string): Part =>
  owner === "" ? { sql: "owner = ''", values: [] } : { sql: "owner = ? AND owner <> ''", values: [owner] };

/** An issuer may issue all of them alike. */
const breaking = (violation: number): Part => ({
  sql: "violation = ? AND is_seen = 1",
  values: [violation],
  walk: { sql: "+violation = ?", values: [violation] },
});

/** By its index, whatever the order: one key has few certificates. */
const OF_KEY = `id IN (
  SELECT of_key.id FROM certificate AS of_key INDEXED BY certificate_of_key
  WHERE of_key.spki_sha256 = ? AND of_key.spki_sha256 <> '' AND of_key.is_ca = 0)`;

const TAGGED = `
  SELECT certificate FROM tagged_certificate JOIN tag ON tag.id = tag WHERE tag.name = ?
  UNION SELECT certificate FROM certificate_under_tag JOIN tag ON tag.id = tag WHERE tag.name = ?`;

/** A tag may be of most. */
const taggedAs = (tag: string): Part => ({
  sql: `id IN (${TAGGED})`,
  values: [tag, tag],
  walk: { sql: `(${IS_TAGGED} OR ${IS_UNDER_TAG})`, values: [tag, tag] },
});

const IS_TAGGED = `EXISTS (
  SELECT 1 FROM tagged_certificate
  WHERE tagged_certificate.certificate = certificate.id AND tag = (SELECT tag.id FROM tag WHERE tag.name = ?))`;

const IS_UNDER_TAG = `EXISTS (
  SELECT 1 FROM certificate_under_tag
  WHERE certificate_under_tag.certificate = certificate.id AND tag = (SELECT tag.id FROM tag WHERE tag.name = ?))`;

const UNDER_NAME = `
  SELECT certificate FROM place
  WHERE gone_scan IS NULL AND name = (SELECT host_name.id FROM host_name WHERE host_name.name = ?)`;
