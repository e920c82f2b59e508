import type { Database } from "better-sqlite3";
import type { FindingFilter } from "#shared/contract/findings.ts";
import { toInstant, toMinute } from "#shared/model/instant.ts";
import { addTotals, type Total } from "#shared/model/total.ts";
import { cacheKeyOf } from "#store/lists/kept.ts";
import { isWalkShorter, type Lists, orderOf } from "#store/lists/lists.ts";
import {
  compareKeys,
  conditions,
  type Key,
  type KeyRange,
  keyRangeOf,
  keyRangesAfter,
  mergeRows,
  type Order,
  type Part,
  readKeyRanges,
  rowsAfter,
  type Sort,
  type Value,
  valuesOf,
  wholeOf,
} from "#store/lists/order.ts";
import type { SourceRow } from "./finding-row.ts";
import type { FindingSource, SourceColumn } from "./finding-source.ts";
import { sourcesOf } from "./finding-sources.ts";
import { MOST_INSPECTED, type Narrowed, type sourceFilter } from "./source-filter.ts";

export type SourceSort = Omit<Sort, "columns"> & { columns: readonly SourceColumn[] };

/** `after`: the values of the last row of the page before, in the order of the list. */
type PageQuery = FindingFilter & { sort: SourceSort; after: readonly Value[] | null; limit: number };

type Row = SourceRow & Key;

/** The rows of one source: how many there are, and a function for those after another row, in the order of the list. */
type SourceRows = { source: FindingSource; total: Total; read: (range: PageRange) => readonly Row[] };

/**
 * Up to so many rows of a source are sorted once and kept for the next pages; larger sources are sorted for each page.
 */
const MOST_KEPT = 50_000;

/** Where so many of the first rows have the words, a page is full after reading some thousands. */
const SOON_FULL = 10;

/**
 * Reads a page of a list of findings: the rows of all sources, merged. Where rows are kept, `now` is rounded down to
 * the minute, so that the next page can use them.
 */
export function sourceReader(db: Database, lists: Lists, filterSource: ReturnType<typeof sourceFilter>) {
  const certificates = db
    .prepare<[], number>("SELECT count FROM cached_count WHERE what = 'certificate'")
    .pluck();

  return {
    read(query: PageQuery, now: Date): { rows: Row[]; total: Total } {
      const rowsOf = query.search.trim() === "" ? rowsOfAll : rowsWithWords;
      const sources = sourcesOf(query.item).flatMap((source) => rowsOf(source, query, now) ?? []);
      return { rows: mergeSources(sources, query), total: addTotals(sources.map(({ total }) => total)) };
    },
  };

  function rowsOfAll(source: FindingSource, query: PageQuery, now: Date): SourceRows | null {
    const { sort, limit, accepted, host } = query;
    const isKept = isUnordered(source, sort);
    const named = { now: toInstant(isKept || sort.name === "firstSeen" ? toMinute(now) : now) };
    const narrowed = filterSource.narrow(source, query, named);
    if (!narrowed || narrowed.total === 0) return null;
    const { total, where } = narrowed;
    const isAll = !accepted && host === null;
    const isShorter = source.isWalkShort || isWalkShorter(total, limit, certificates.get() ?? 0);
    const from = isAll && isShorter ? walkOf(source, sort) : narrowed.from;
    const ordered = { source: { ...source, from }, sort, where, named };
    const { scans } = source;
    if (scans !== undefined && sort.name === "firstSeen" && isAll)
      return { source, total, read: (range) => readByScan(lists, ordered, { ...range, scans }) };
    if (isKept && typeof total === "number" && total <= MOST_KEPT)
      return { source, total, read: ofKept(() => readAll(lists, ordered), sort) };
    return { source, total, read: (range) => readPage(lists, ordered, range) };
  }

  /**
   * No index has the texts of findings, so each row is inspected once for all pages. A source with many matches is read
   * a page at a time.
   */
  function rowsWithWords(source: FindingSource, query: PageQuery, now: Date): SourceRows | null {
    const { sort } = query;
    const named = { now: toInstant(toMinute(now)) };
    const narrowed = filterSource.findWords(source, query, named);
    if (!narrowed) return null;
    const found = { source: { ...source, from: narrowed.from }, sort, where: narrowed.where, named };
    const least = narrowed.isMuch ? countSome(lists, found) : null;
    const kept = least ? null : findRows(lists, found);
    if (kept) return { source, total: kept.length, read: ofKept(() => kept, sort) };
    const from = narrowed.isWalk ? walkOf(source, sort) : narrowed.from;
    const walked = { ...found, source: { ...source, from } };
    const total = least ?? { moreThan: lists.mostCounted };
    return { source, total, read: (range) => readPage(lists, walked, range) };
  }
}

const ofKept =
  (rows: () => readonly Row[], sort: SourceSort): SourceRows["read"] =>
  ({ after, limit }) =>
    rowsAfter(rows(), after, limit, orderOf(sort));

/**
 * The next row of a source. Before any row has been read, it is what all rows of the source have in common: the first
 * `count` columns of the order.
 */
type Head = { key: Key; count: number; row: Row | null; rows: Iterator<Row> };

/**
 * The first rows of all sources. A source whose rows all come after these is not read: in lists by rule or by severity
 * one source follows another.
 */
function mergeSources(sources: readonly SourceRows[], query: PageQuery): Row[] {
  const order = orderOf(query.sort);
  const heads: Head[] = sources.map((one) => ({
    ...startOf(one.source, query.sort),
    row: null,
    rows: rowByRow(one, query),
  }));
  const rows: Row[] = [];
  while (rows.length < query.limit) {
    const [first] = heads.length > 0 ? [heads.reduce(earlier)] : [];
    if (!first) break;
    if (first.row) rows.push(first.row);
    const next = first.rows.next();
    const at = heads.indexOf(first);
    if (next.done) heads.splice(at, 1);
    else heads[at] = { key: next.value, count: order.count, row: next.value, rows: first.rows };
  }
  return rows;

  /**
   * Where two heads are equal so far, the one of which fewer columns are known comes first: a row of it may be the
   * earlier one.
   */
  function earlier(one: Head, other: Head): Head {
    const count = Math.min(one.count, other.count);
    const compared = compareKeys(one.key, other.key, { ...order, count });
    if (compared !== 0) return compared < 0 ? one : other;
    if (one.count !== other.count) return one.count < other.count ? one : other;
    return one.row === null ? one : other;
  }
}

/** A page is read from each source in so many parts, for most sources contribute few rows to it. */
const PARTS = 4;

function* rowByRow({ read }: SourceRows, { sort, after, limit }: PageQuery): Generator<Row, void> {
  const part = Math.ceil(limit / PARTS);
  for (let from = after; ; ) {
    const rows = read({ after: from, limit: part });
    yield* rows;
    const last = rows.at(-1);
    if (!last || rows.length < part) return;
    from = sort.columns.map((_, index) => last[`sort_${index}`] ?? "");
  }
}

function startOf({ columns }: FindingSource, sort: SourceSort): Pick<Head, "key" | "count"> {
  const values = sort.columns.map((name) => columns[name]);
  const end = values.findIndex((column) => "sql" in column);
  const count = end === -1 ? values.length : end;
  const same = values
    .slice(0, count)
    .map((column, index) => [`sort_${index}`, "same" in column ? column.same : ""]);
  return { key: Object.fromEntries(same), count };
}

/** A source with the order and conditions of a list. */
type OrderedSource = Pick<Narrowed, "where"> & {
  source: FindingSource;
  sort: SourceSort;
  named: { now: string };
};

type PageRange = { after: readonly Value[] | null; limit: number };

const readAll = (lists: Lists, { source, named, ...ordered }: OrderedSource): Row[] => {
  const page = sourcePage(source, {
    ...ordered,
    keyRange: sourceWhole(source, ordered.sort),
    limit: MOST_KEPT,
  });
  return lists.find<Row>(page.sql, page.values, named);
};

const readPage = (
  lists: Lists,
  { source, named, ...ordered }: OrderedSource,
  { after, limit }: PageRange,
): Row[] =>
  readKeyRanges(sourceKeyRanges(source, ordered.sort, after), limit, (keyRange, most) => {
    const page = sourcePage(source, { ...ordered, keyRange, limit: most });
    return lists.read<Row>(page.sql, page.values, named);
  });

/** More than so many, where the first rows of the source show that a page is soon full; null where they do not. */
function countSome(lists: Lists, { source, where, named }: OrderedSource): Total | null {
  const plain = source.where.map((sql) => ({ sql, values: [] }));
  const first = `SELECT * FROM ${source.from}${conditions(plain)} LIMIT ${MOST_INSPECTED}`;
  const from = `(${first}) AS "${source.table}"`;
  const count = lists.count(from, where, named);
  return typeof count === "number" && count >= SOON_FULL ? { moreThan: count - 1 } : null;
}

/** The rows in order; null where there are more than are counted, which is found out before sorting. */
function findRows(lists: Lists, { source, named, ...ordered }: OrderedSource): Row[] | null {
  const { sort } = ordered;
  const most = lists.mostCounted;
  const keyRange = sourceWhole(source, sort);
  const page = sourcePage(source, { ...ordered, keyRange, limit: most + 1, isAny: true });
  return lists.keep(cacheKeyOf(page.sql, [...page.values, sort.name, `${sort.descending}`], named), () => {
    const rows = lists.read<Row>(page.sql, page.values, named);
    return rows.length > most ? null : mergeRows([rows], most, orderOf(sort));
  });
}

const isUnordered = ({ unordered }: FindingSource, { columns: [first] }: SourceSort): boolean =>
  first !== undefined && unordered?.includes(first) === true;

/** Sorting all due rows by a column without an index takes time in proportion to them. */
const walkOf = ({ from, walk }: FindingSource, { columns: [first] }: SourceSort): string =>
  (first && walk[first]) || from;

type RangeQuery = {
  sort: SourceSort;
  where: readonly Part[];
  /** A range of the columns that the source has an expression for. */
  keyRange: KeyRange;
  limit: number;
  /** Whether any rows will do, in no order. */
  isAny?: boolean;
};

/** A query for the rows of one source in a key range. */
export function sourcePage(
  source: FindingSource,
  { sort, where, keyRange, limit, isAny = false }: RangeQuery,
): Part {
  const all = [...where, ...keyRange.where];
  const direction = sort.descending ? "DESC" : "ASC";
  const order = keyRange.columns.map((column) => `${column} ${direction}`);
  const keys = sort.columns.map((column, index) => `${select(source, column)} AS sort_${index}`);
  const shown = (["severity", "rule", "tie"] as const).map(
    (column) => `${select(source, column)} AS ${column}`,
  );
  return {
    sql: `SELECT * FROM (
      SELECT '${source.name}' AS source, ${[...shown, ...keys].join(", ")}
      FROM ${source.from}${conditions(all)}${isAny ? "" : ` ORDER BY ${order.join(", ")}`} LIMIT ?)`,
    values: [...valuesOf(all), limit],
  };
}

function select(source: FindingSource, name: SourceColumn): string {
  const column = source.columns[name];
  if ("sql" in column) return column.sql;
  return typeof column.same === "number" ? String(column.same) : `'${column.same.replaceAll("'", "''")}'`;
}

export const sourceWhole = (source: FindingSource, { columns }: SourceSort): KeyRange =>
  wholeOf(expressionsOf(source, columns));

/**
 * The rows of a source after these values; none where all of them come before. Columns that are the same for the whole
 * source are compared here and not in SQL, so that an index still orders the rest.
 */
function sourceKeyRanges(
  source: FindingSource,
  sort: SourceSort,
  after: readonly Value[] | null,
): KeyRange[] {
  const all = sourceWhole(source, sort).columns;
  if (after === null) return [wholeOf(all)];
  const isElsewhere = (name: SourceColumn, index: number): boolean => {
    const column = source.columns[name];
    return "same" in column && column.same !== after[index];
  };
  const at = sort.columns.findIndex(isElsewhere);
  const before = at === -1 ? sort.columns : sort.columns.slice(0, at);
  const columns = expressionsOf(source, before);
  const values = before.flatMap((name, index) => ("sql" in source.columns[name] ? [after[index] ?? ""] : []));
  const beyond = keyRangesAfter(columns, values, sort).map((keyRange) => ({
    ...keyRange,
    columns: [...keyRange.columns, ...all.slice(columns.length)],
  }));
  const name = sort.columns[at];
  if (name === undefined || !isBeyond(source, name, { value: after[at] ?? "", sort })) return beyond;
  return [keyRangeOf(columns, values, all.slice(columns.length)), ...beyond];
}

const expressionsOf = (source: FindingSource, names: readonly SourceColumn[]): string[] =>
  names.flatMap((name) => {
    const column = source.columns[name];
    return "sql" in column ? [column.sql] : [];
  });

function isBeyond(
  source: FindingSource,
  name: SourceColumn,
  { value, sort }: { value: Value; sort: SourceSort },
): boolean {
  const column = source.columns[name];
  return "same" in column && column.same > value !== sort.descending;
}

type Scan = { id: number; startedAt: string };

/**
 * Reads a source in the order of when its rows were first seen, which is when their scan began. It reads one scan after
 * the other by an index, until there are enough rows. Scans that began at the same instant are merged.
 */
function readByScan(
  lists: Lists,
  { source, where, ...ordered }: OrderedSource,
  { scans, ...range }: PageRange & { scans: string },
): Row[] {
  const order = orderOf(ordered.sort);
  const rows: Row[] = [];
  for (const together of inOrder(lists.find<Scan>(scans, []), order)) {
    if (rows.length >= range.limit) break;
    rows.push(...mergeRows(together.map(readScan), range.limit, order));
  }
  return rows.slice(0, range.limit);

  function readScan({ id, startedAt }: Scan): readonly Row[] {
    const ofScan = { ...source, columns: { ...source.columns, first_seen: { same: startedAt } } };
    const isOfScan = { sql: "first_scan = ?", values: [id] };
    return readPage(lists, { ...ordered, source: ofScan, where: [...where, isOfScan] }, range);
  }
}

function inOrder(scans: readonly Scan[], { descending }: Order): Scan[][] {
  const together = Map.groupBy(scans, ({ startedAt }) => startedAt);
  const starts = [...together.keys()].sort();
  return (descending ? starts.reverse() : starts).map((start) => together.get(start) ?? []);
}
