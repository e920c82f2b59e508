import type { Database } from "better-sqlite3";
import type { CertificateFilter } from "#shared/contract/certificates.ts";
import type { CertificateDetail, CertificateRow } from "#shared/model/certificates/certificate.ts";
import { addDays, toInstant } from "#shared/model/instant.ts";
import type { Listed, Lists, Window } from "#store/lists/lists.ts";
import type { Part } from "#store/lists/order.ts";
import {
  type CalledHosts,
  endOfStart,
  isAscii,
  splitWords,
  toHexStart,
  toPattern,
} from "#store/lists/search.ts";
import {
  either,
  type FoundWord,
  type Ids,
  ofCalled,
  type Search,
  searchWords,
  type Together,
} from "#store/lists/word-search.ts";
import { COLUMNS, type certificateRows, type Row } from "./certificate-row.ts";
import { DATE_COLUMNS } from "./date-rules.ts";
import { issuerFilter } from "./issuer-filter.ts";

type Column = "notAfter" | "subject" | "issuer" | "keyType" | "locationCount";

type CertificateQuery = CertificateFilter &
  Window & { sort: { by: Column; descending: boolean }; locationLimit: number; now: Date };

const SORTED_BY: Record<Column, string> = {
  notAfter: "not_after",
  subject: "substr(subject, 1, 120)",
  issuer: "substr(issuer, 1, 120)",
  keyType: "key_type",
  locationCount: "location_count",
};

/** The certificates that are seen somewhere now. */
export function certificateTable(db: Database, lists: Lists, rows: ReturnType<typeof certificateRows>) {
  const find = db.prepare<{ sha256: string; now: string }, Row>(`
    SELECT ${COLUMNS}, ${DATE_COLUMNS} FROM certificate WHERE sha256 = @sha256`);
  const total = db.prepare<[], number>("SELECT count FROM cached_count WHERE what = 'certificate'").pluck();

  const owned = db
    .prepare<[], number>("SELECT count(*) FROM certificate WHERE is_seen = 1 AND owner <> ''")
    .pluck();

  const ofIssuer = issuerFilter(db, lists);
  const search = certificateSearch(lists, () => total.get() ?? 0);

  /** The total, where a cached count has it. */
  function totalOf(where: readonly Part[], { owner }: CertificateFilter): { total?: () => number } {
    const all = total.get() ?? 0;
    if (where.length === 1) return { total: () => all };
    return where.length === 2 && owner === "" ? { total: () => all - (owned.get() ?? 0) } : {};
  }

  return {
    list({ sort, locationLimit, now, after, limit, ...filter }: CertificateQuery): Listed<CertificateRow> {
      const matches = search(filter.search);
      const isSearched = filter.search.trim() !== "";
      const byIssuer = filter.issuer === null ? [] : ofIssuer(filter.issuer);
      const plain = [...toConditions(filter, now), ...byIssuer];
      const where = [SEEN_NOW, ...matches.where, ...plain];
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
          ...(isSearched ? {} : totalOf(where, filter)),
          ...(isSearched || isOfOne(filter) ? { idColumn: "id" } : {}),
          ...(matches.total !== null && plain.length === 0 ? { total: () => matches.total ?? 0 } : {}),
          found: matches.found,
        },
        (row: Row) => rows.toRow(row, locationLimit, now),
      );
    },

    /** All details of a certificate, also after it was last seen somewhere. */
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
  if (filter.owned) parts.push(OWNED);
  if (filter.tag !== null) parts.push(taggedAs(filter.tag));
  if (filter.keyType !== null) parts.push(ofKeyType(filter.keyType));
  return parts;
}

/** What one owner has is found by the owner and then sorted, once for all pages. */
const isOfOne = ({ owner, tag }: CertificateFilter): boolean => !!owner && tag === null;

/** Authorities are few, so their condition uses its index; of leaves, that of the kind of location does. */
function ofKind({ role, location }: CertificateFilter): Part[] {
  const isCa = role === null ? null : flag("is_ca", role === "authority" ? 1 : 0);
  const isThere =
    location === null ? null : flag(location === "endpoint" ? "is_at_endpoint" : "is_in_file", 1);
  if (!isCa || !isThere) return [isCa ?? isThere ?? []].flat();
  return role === "authority" ? [isCa, isThere.walk] : [isCa.walk, isThere];
}

/** The plus keeps the condition from using an index. */
const flag = (column: string, value: 0 | 1): Required<Part> => ({
  sql: `${column} = ${value}`,
  values: [],
  walk: { sql: `+${column} = ${value}`, values: [] },
});

/** Most certificates have no owner: no index is for those. */
const ownedBy = (owner: string): Part =>
  owner === "" ? { sql: "owner = ''", values: [] } : { sql: "owner = ? AND owner <> ''", values: [owner] };

/** All certificates may have an owner. */
const OWNED: Part = { sql: "owner <> ''", values: [], walk: { sql: "+owner <> ''", values: [] } };

/** All certificates of an issuer may break it, so a walk does without the index. */
const breaking = (violation: number): Part => ({
  sql: "violation = ? AND is_seen = 1",
  values: [violation],
  walk: { sql: "+violation = ?", values: [violation] },
});

/** Most certificates may have the same kind of key. */
const ofKeyType = (keyType: string): Part => ({
  sql: "key_type = ?",
  values: [keyType],
  walk: { sql: "+key_type = ?", values: [keyType] },
});

/** Uses its index, whatever the order: one key has few certificates. */
const OF_KEY = `id IN (
  SELECT of_key.id FROM certificate AS of_key INDEXED BY certificate_of_key
  WHERE of_key.spki_sha256 = ? AND of_key.spki_sha256 <> '' AND of_key.is_ca = 0)`;

const TAGGED = `
  SELECT certificate FROM tagged_certificate JOIN tag ON tag.id = tag WHERE tag.name = ?
  UNION SELECT certificate FROM certificate_under_tag JOIN tag ON tag.id = tag WHERE tag.name = ?`;

/** Most certificates may have a tag, so a walk does without the index. */
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
  SELECT certificate FROM location
  WHERE gone_scan IS NULL AND name = (SELECT host_name.id FROM host_name WHERE host_name.name = ?)`;

const SEEN_NOW: Part = { sql: "is_seen = 1", values: [] };

/** To the letter as `certificate_search` has it. */
const TEXT = "subject || char(10) || issuer || char(10) || names";

const BY_TEXT = "SELECT rowid AS id FROM certificate_search WHERE certificate_search MATCH ?";

/** Reads one location after the other, so that a query for few rows ends soon. */
const BY_LOCATION = `SELECT location.certificate AS id
  FROM location_search CROSS JOIN location ON location.id = location_search.rowid
  WHERE location_search MATCH ?`;

const BY_HASH = "SELECT certificate.id FROM certificate WHERE sha256 BETWEEN ? AND ? AND is_seen = 1";

const HAS_LOCATION = `EXISTS (
  SELECT 1 FROM location_text WHERE location_text.certificate = certificate.id AND location_text.text LIKE ? ESCAPE '\\')`;

/**
 * Finds certificates that are seen now: a word is in the certificate's text, or in a location of it as lists print it,
 * or begins its hash.
 */
function certificateSearch(lists: Lists, size: () => number) {
  return function find(search: string): Search {
    const words = splitWords(search);
    const texts = words.map((word) => lists.phraseOf("certificate", word));
    const phrases = words.map((word) => lists.phraseOf("location", word));
    const together = (): Together => ({
      sure: byText(texts.map((phrase) => `(${phrase?.match})`).join(" AND ")),
      maybe: [
        ...phrases.map((phrase) => byLocation(phrase?.match ?? "")),
        ...words.flatMap((word) => [...byHash(word), ...ofCalled(lists, word, OF_HOSTS)]),
      ],
    });
    const isKnown = [...texts, ...phrases].every((phrase) => phrase?.isWhole);
    const matches = words.map((word) => findInCertificates(lists, word));
    return searchWords(lists, { words: matches, together: isKnown ? together : null, id: "id", size });
  };
}

export function findInCertificates(lists: Lists, word: string): FoundWord {
  const text = lists.phraseOf("certificate", word);
  const location = lists.phraseOf("location", word);
  const called = lists.calledHosts(word);
  const matched = called ? orAt(matchRow(word), called) : matchRow(word);
  const inRow = isAscii(word) || !text || !location ? matched : null;
  if (!text || !location) return { byIndex: null, some: null, inRow };
  const some = either([byText(text.match), byLocation(location.match), ...ofCalled(lists, word, OF_HOSTS)]);
  const isWhole = text.isWhole && location.isWhole;
  return { byIndex: isWhole ? either([some, ...byHash(word)]) : null, some, inRow };
}

const OF_HOSTS = {
  ids: "SELECT certificate AS id FROM location WHERE gone_scan IS NULL",
  column: { sql: "name", has: "ids" },
} as const;

/** A condition, or that a location of the certificate is on a host which calls itself so. */
const orAt = ({ sql, values }: Part, { ids }: CalledHosts): Part => ({
  sql: `(${sql} OR EXISTS (
    SELECT 1 FROM location
    WHERE location.certificate = certificate.id AND gone_scan IS NULL
      AND location.name IN (SELECT value FROM json_each(?))))`,
  values: [...values, ids],
});

const byText = (match: string): Ids => ({ sql: BY_TEXT, values: [match] });
const byLocation = (match: string): Ids => ({ sql: BY_LOCATION, values: [match] });

function byHash(word: string): Ids[] {
  const hash = hashOf(word);
  return hash.length === 0 ? [] : [{ sql: BY_HASH, values: hash }];
}

/** Compares the word with each certificate. */
function matchRow(word: string): Part {
  const [pattern, hash] = [toPattern(word), hashOf(word)];
  const hashed = hash.length === 0 ? "" : "OR sha256 BETWEEN ? AND ?";
  const sql = `((${TEXT}) LIKE ? ESCAPE '\\' ${hashed} OR ${HAS_LOCATION})`;
  return { sql, values: [pattern, ...hash, pattern] };
}

function hashOf(word: string): string[] {
  const start = toHexStart(word);
  return start === null ? [] : [start, endOfStart(start)];
}
