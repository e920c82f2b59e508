import type { Database } from "better-sqlite3";
import type { FindingFilter } from "#shared/contract/findings.ts";
import { toInstant } from "#shared/model/instant.ts";
import type { Total } from "#shared/model/total.ts";
import { questionOf } from "#store/lists/kept.ts";
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
import { FINDING_SOURCES } from "./finding-sources.ts";
import { type Looked, MOST_LOOKED, type sourceFilter } from "./source-filter.ts";

type SourceQuery = FindingFilter & { sort: SourceSort; limit: number };

/** What one source has of a list. */
type Found = SourceRows<Row> & { total: Total };

type Row = SourceRow & Key;

/** So much of a source is kept for the next pages: where there is more of it a page is soon full. */
const MOST_KEPT = 50_000;

/** Where so many of these have the words, pages are full after some thousands of rows. */
const SOON_FULL = 10;

/** What each source has of a list, and how to read it. */
export function sourceReader(db: Database, lists: Lists, looker: ReturnType<typeof sourceFilter>) {
  const certificates = db
    .prepare<[], number>("SELECT count FROM cached_count WHERE what = 'certificate'")
    .pluck();
  return { read, seek };

  function read({ sort, limit, ...filter }: SourceQuery, now: Date): Found[] {
    const isByMinute = sort.name === "firstSeen";
    const byMinute = { now: toInstant(toMinute(now)) };
    const named = isByMinute ? byMinute : { now: toInstant(now) };
    return FINDING_SOURCES.flatMap((source) => {
      const looked = looker.look(source, filter, named);
      return looked && looked.total !== 0 ? [ofSource(source, looked)] : [];
    });

    function ofSource(source: FindingSource, { total, where, ...looked }: Looked): Found {
      const isAll = !filter.accepted && filter.host === null;
      const isShorter = source.isWalkShort || isWalkShorter(total, limit, certificates.get() ?? 0);
      const from = isAll && isShorter ? walkOf(source, sort) : looked.from;
      const wanted = { source: { ...source, from }, sort, where, named };
      const { scans } = source;
      if (scans !== undefined && isByMinute && isAll)
        return { source, total, read: readScans(wanted, scans) };
      const ordered = isUnordered(source, sort) ? readOrdered(lists, { ...wanted, named: byMinute }) : null;
      if (ordered) return { source, total: ordered.length, read: after(() => ordered, sort) };
      const isKept =
        isByMinute && typeof total === "number" && total <= MOST_KEPT && !isOrderedByFirstSeen(source);
      if (isKept) return { source, total, read: after(() => readAll(lists, wanted, MOST_KEPT), sort) };
      return { source, total, read: (page) => readPage(lists, wanted, page) };
    }
  }

  /** What is first seen when its scan began. */
  function readScans(wanted: OfSource, scans: string): Found["read"] {
    return (page) =>
      readByScan(lists, wanted.source, {
        scans,
        order: orderOf(wanted.sort),
        limit: page.limit,
        read: (source, more) =>
          readPage(lists, { ...wanted, source, where: [...wanted.where, ...more] }, page),
      });
  }

  /** What words find, by the minute: no index has what findings say, so each is looked at once for all pages. */
  function seek({ sort, ...filter }: SourceQuery, now: Date): Found[] {
    const named = { now: toInstant(toMinute(now)) };
    return FINDING_SOURCES.flatMap((source) => {
      const sought = looker.seek(source, filter, named);
      if (!sought) return [];
      const wanted = { source: { ...source, from: sought.from }, sort, where: sought.where, named };
      const least = sought.isMuch ? countSome(lists, wanted) : null;
      const rows = least ? null : findAny(lists, wanted);
      const total = rows?.length ?? least ?? { moreThan: lists.mostCounted };
      if (total === 0) return [];
      if (rows) return [{ source, total, read: after(() => rows, sort) }];
      const from = sought.isWalk ? walkOf(source, sort) : wanted.source.from;
      const walked = { ...wanted, source: { ...source, from } };
      return [{ source, total, read: (page) => readPage(lists, walked, page) }];
    });
  }
}

/** Of rows that are there already. */
const after =
  (rows: () => readonly Row[], sort: SourceSort): Found["read"] =>
  (page) =>
    rowsAfter(rows(), page.after, page.limit, orderOf(sort));

type OfSource = { source: FindingSource; sort: SourceSort; where: readonly Part[]; named: { now: string } };

/** Null where that is too much to be kept. */
function readOrdered(lists: Lists, wanted: OfSource): Row[] | null {
  const all = readAll(lists, wanted, MOST_KEPT + 1);
  return all.length > MOST_KEPT ? null : all;
}

const readAll = (lists: Lists, { source, named, ...wanted }: OfSource, limit: number): Row[] => {
  const page = sourcePage(source, { ...wanted, stretch: sourceWhole(source, wanted.sort), limit });
  return lists.find<Row>(page.sql, page.values, named);
};

const readPage = (
  lists: Lists,
  { source, named, ...wanted }: OfSource,
  { after, limit }: RowsWanted,
): Row[] =>
  readKeyRanges(sourceKeyRanges(source, wanted.sort, after), limit, (stretch, most) => {
    const page = sourcePage(source, { ...wanted, stretch, limit: most });
    return lists.read<Row>(page.sql, page.values, named);
  });

/** More than so many, of which a page is soon full; null where that does not show in the first of the source. */
function countSome(lists: Lists, { source, where, named }: OfSource): Total | null {
  const plain = source.where.map((sql) => ({ sql, values: [] }));
  const first = `SELECT * FROM ${source.from}${conditions(plain)} LIMIT ${MOST_LOOKED}`;
  const from = `(${first}) AS "${source.table}"`;
  const count = lists.count(from, where, named);
  return typeof count === "number" && count >= SOON_FULL ? { moreThan: count - 1 } : null;
}

/** In order; null where there are more than are counted, which shows before they are put in order. */
function findAny(lists: Lists, { source, named, ...wanted }: OfSource): Row[] | null {
  const most = lists.mostCounted;
  const page = sourcePage(source, {
    ...wanted,
    stretch: sourceWhole(source, wanted.sort),
    limit: most + 1,
    isAny: true,
  });
  return lists.keep(
    questionOf(page.sql, [...page.values, wanted.sort.name, `${wanted.sort.descending}`], named),
    () => {
      const rows = lists.read<Row>(page.sql, page.values, named);
      return rows.length > most ? null : mergeRows([rows], most, orderOf(wanted.sort));
    },
  );
}

const isUnordered = ({ unordered }: FindingSource, { columns: [first] }: SourceSort): boolean =>
  first !== undefined && unordered?.includes(first) === true;

/** Otherwise it is first seen at the later of two dates, in whose order no index is. */
const isOrderedByFirstSeen = ({ columns: { first_seen, since } }: FindingSource): boolean =>
  "sql" in first_seen && "sql" in since && first_seen.sql === since.sql;

const toMinute = (now: Date): Date => new Date(Math.floor(now.getTime() / 60_000) * 60_000);

/** Sorting all that is due by what no index of it has takes as long as there is much of it. */
const walkOf = ({ from, walk }: FindingSource, { columns: [first] }: SourceSort): string =>
  (first && walk[first]) || from;

export type SourceSort = Omit<Sort, "columns"> & { columns: readonly SourceColumn[] };

type PageQuery = {
  sort: SourceSort;
  where: readonly Part[];
  /** By the columns that the source has an expression for. */
  stretch: KeyRange;
  limit: number;
  /** Whether any rows will do, in no order. */
  isAny?: boolean;
};

/** The part of a page that one source has of a stretch, as a query. */
export function sourcePage(
  source: FindingSource,
  { sort, where, stretch, limit, isAny = false }: PageQuery,
): Part {
  const all = [...where, ...stretch.where];
  const direction = sort.descending ? "DESC" : "ASC";
  const order = stretch.columns.map((column) => `${column} ${direction}`);
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
 * What a source has after the row of these values: nothing, where all of it comes before. What is the same for all of a source is
 * compared here and not in SQL, so that the rest is read in the order of an index.
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
  const beyond = keyRangesAfter(columns, values, sort).map((stretch) => ({
    ...stretch,
    columns: [...stretch.columns, ...all.slice(columns.length)],
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

type RowsWanted = { after: readonly Value[] | null; limit: number };

/** What is to be read of a source, in the order of the list. */
type SourceRows<Row> = { source: FindingSource; read: (wanted: RowsWanted) => readonly Row[] };

type TurnsQuery = RowsWanted & { sort: SourceSort };

/** What is the same for all of a source at the beginning of an order. */
type Start = { key: Key; count: number };

/** So many are asked for first of a source of which it is not known where its rows begin; if it has more of the page, it is asked again. */
const FIRST_ROWS = 24;

/**
 * The rows of a page, of all sources. These are asked in the order in which their rows begin, as far as that is known: none whose
 * rows all come after `limit` others that have been read.
 */
export function readInTurn<Row extends Key>(
  sources: readonly SourceRows<Row>[],
  { sort, after, limit }: TurnsQuery,
): Row[] {
  const order = orderOf(sort);
  const rows: Row[] = [];
  let unfinished: { one: SourceRows<Row>; last: Row }[] = [];
  const starting = sources.map((one) => ({ one, start: startOf(one.source, sort) }));
  for (const { one, start } of starting.toSorted(byStart)) {
    const isBefore = (row: Key) => compareKeys(row, start.key, { ...order, count: start.count }) < 0;
    if (start.count > 0 && rows.filter(isBefore).length >= limit) continue;
    read(one, { after, limit: start.count > 0 ? limit : Math.min(limit, FIRST_ROWS) });
  }
  for (;;) {
    const page = mergeRows([rows], limit, order);
    const end = page[limit - 1];
    const behind = unfinished.filter(({ last }) => !end || compareKeys(last, end, order) < 0);
    if (behind.length === 0) return page;
    unfinished = unfinished.filter((one) => !behind.includes(one));
    for (const { one, last } of behind) read(one, { after: sortValuesOf(last), limit });
  }

  function read(one: SourceRows<Row>, wanted: RowsWanted): void {
    const found = one.read(wanted);
    rows.push(...found);
    const last = found.at(-1);
    if (last && found.length === wanted.limit) unfinished.push({ one, last });
  }

  function sortValuesOf(row: Row): Value[] {
    return sort.columns.map((_, index) => row[`sort_${index}`] ?? "");
  }

  function byStart({ start: one }: { start: Start }, { start: other }: { start: Start }): number {
    return one.count - other.count || compareKeys(one.key, other.key, { ...order, count: one.count });
  }
}

function startOf({ columns }: FindingSource, sort: SourceSort): Start {
  const values = sort.columns.map((name) => columns[name]);
  const end = values.findIndex((column) => "sql" in column);
  const count = end === -1 ? values.length : end;
  const same = values
    .slice(0, count)
    .map((column, index) => [`sort_${index}`, "same" in column ? column.same : ""]);
  return { key: Object.fromEntries(same), count };
}

type Scan = { id: number; startedAt: string };

type ByScanQuery<Row> = {
  scans: string;
  order: Order;
  limit: number;
  /** The part of the page that this source has, of the rows that such a condition leaves. */
  read: (source: FindingSource, where: readonly Part[]) => readonly Row[];
};

/**
 * A source whose rows are first seen when their scan began, in that order: one scan after the other, of which an index has the
 * rows, until there are enough. Scans that began at once are one.
 */
function readByScan<Row extends Key>(
  lists: Lists,
  source: FindingSource,
  { scans, order, limit, read }: ByScanQuery<Row>,
): Row[] {
  const rows: Row[] = [];
  for (const together of inOrder(lists.find<Scan>(scans, []), order)) {
    if (rows.length >= limit) break;
    rows.push(...mergeRows(together.map(readScan), limit, order));
  }
  return rows.slice(0, limit);

  function readScan({ id, startedAt }: Scan): readonly Row[] {
    const ofScan = { ...source, columns: { ...source.columns, first_seen: { same: startedAt } } };
    return read(ofScan, [{ sql: "first_scan = ?", values: [id] }]);
  }
}

function inOrder(scans: readonly Scan[], { descending }: Order): Scan[][] {
  const together = Map.groupBy(scans, ({ startedAt }) => startedAt);
  const starts = [...together.keys()].sort();
  return (descending ? starts.reverse() : starts).map((start) => together.get(start) ?? []);
}
