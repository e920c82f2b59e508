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
import type { ArmRow } from "./finding-row.ts";
import type { Arm, ArmColumn } from "./finding-source.ts";
import { ARMS } from "./finding-sources.ts";
import { type armLooker, type Looked, MOST_LOOKED } from "./source-filter.ts";

type SourceQuery = FindingFilter & { sort: ArmSort; limit: number };

/** What one arm has of a list. */
type Found = ArmRows<Row> & { total: Total };

type Row = ArmRow & Key;

/** So much of an arm is kept for the next pages: where there is more of it a page is soon full. */
const MOST_KEPT = 50_000;

/** Where so many of these have the words, pages are full after some thousands of rows. */
const SOON_FULL = 10;

/** What each arm has of a list, and how to read it. */
export function armReader(db: Database, lists: Lists, looker: ReturnType<typeof armLooker>) {
  const certificates = db.prepare<[], number>("SELECT count FROM tally WHERE what = 'certificate'").pluck();
  return { read, seek };

  function read({ sort, limit, ...filter }: SourceQuery, now: Date): Found[] {
    const isByMinute = sort.name === "firstSeen";
    const byMinute = { now: toInstant(toMinute(now)) };
    const named = isByMinute ? byMinute : { now: toInstant(now) };
    return ARMS.flatMap((arm) => {
      const looked = looker.look(arm, filter, named);
      return looked && looked.total !== 0 ? [ofArm(arm, looked)] : [];
    });

    function ofArm(arm: Arm, { total, where, ...looked }: Looked): Found {
      const isAll = !filter.accepted && filter.host === null;
      const isShorter = arm.isWalkShort || isWalkShorter(total, limit, certificates.get() ?? 0);
      const from = isAll && isShorter ? walkOf(arm, sort) : looked.from;
      const wanted = { arm: { ...arm, from }, sort, where, named };
      const { scans } = arm;
      if (scans !== undefined && isByMinute && isAll) return { arm, total, read: readScans(wanted, scans) };
      const ordered = isUnordered(arm, sort) ? readOrdered(lists, { ...wanted, named: byMinute }) : null;
      if (ordered) return { arm, total: ordered.length, read: after(() => ordered, sort) };
      const isKept =
        isByMinute && typeof total === "number" && total <= MOST_KEPT && !isOrderedByFirstSeen(arm);
      if (isKept) return { arm, total, read: after(() => readAll(lists, wanted, MOST_KEPT), sort) };
      return { arm, total, read: (page) => readPage(lists, wanted, page) };
    }
  }

  /** What is first seen when its scan began. */
  function readScans(wanted: OfArm, scans: string): Found["read"] {
    return (page) =>
      readByScan(lists, wanted.arm, {
        scans,
        order: orderOf(wanted.sort),
        limit: page.limit,
        read: (arm, more) => readPage(lists, { ...wanted, arm, where: [...wanted.where, ...more] }, page),
      });
  }

  /** What words find, by the minute: no index has what findings say, so each is looked at once for all pages. */
  function seek({ sort, ...filter }: SourceQuery, now: Date): Found[] {
    const named = { now: toInstant(toMinute(now)) };
    return ARMS.flatMap((arm) => {
      const sought = looker.seek(arm, filter, named);
      if (!sought) return [];
      const wanted = { arm: { ...arm, from: sought.from }, sort, where: sought.where, named };
      const least = sought.isMuch ? countSome(lists, wanted) : null;
      const rows = least ? null : findAny(lists, wanted);
      const total = rows?.length ?? least ?? { moreThan: lists.mostCounted };
      if (total === 0) return [];
      if (rows) return [{ arm, total, read: after(() => rows, sort) }];
      const from = sought.isWalk ? walkOf(arm, sort) : wanted.arm.from;
      const walked = { ...wanted, arm: { ...arm, from } };
      return [{ arm, total, read: (page) => readPage(lists, walked, page) }];
    });
  }
}

/** Of rows that are there already. */
const after =
  (rows: () => readonly Row[], sort: ArmSort): Found["read"] =>
  (page) =>
    rowsAfter(rows(), page.after, page.limit, orderOf(sort));

type OfArm = { arm: Arm; sort: ArmSort; where: readonly Part[]; named: { now: string } };

/** Null where that is too much to be kept. */
function readOrdered(lists: Lists, wanted: OfArm): Row[] | null {
  const all = readAll(lists, wanted, MOST_KEPT + 1);
  return all.length > MOST_KEPT ? null : all;
}

const readAll = (lists: Lists, { arm, named, ...wanted }: OfArm, limit: number): Row[] => {
  const page = armPage(arm, { ...wanted, stretch: armWhole(arm, wanted.sort), limit });
  return lists.find<Row>(page.sql, page.values, named);
};

const readPage = (lists: Lists, { arm, named, ...wanted }: OfArm, { after, limit }: RowsWanted): Row[] =>
  readKeyRanges(armKeyRanges(arm, wanted.sort, after), limit, (stretch, most) => {
    const page = armPage(arm, { ...wanted, stretch, limit: most });
    return lists.read<Row>(page.sql, page.values, named);
  });

/** More than so many, of which a page is soon full; null where that does not show in the first of the arm. */
function countSome(lists: Lists, { arm, where, named }: OfArm): Total | null {
  const plain = arm.where.map((sql) => ({ sql, values: [] }));
  const first = `SELECT * FROM ${arm.from}${conditions(plain)} LIMIT ${MOST_LOOKED}`;
  const from = `(${first}) AS "${arm.table}"`;
  const count = lists.count(from, where, named);
  return typeof count === "number" && count >= SOON_FULL ? { moreThan: count - 1 } : null;
}

/** In order; null where there are more than are counted, which shows before they are put in order. */
function findAny(lists: Lists, { arm, named, ...wanted }: OfArm): Row[] | null {
  const most = lists.mostCounted;
  const page = armPage(arm, { ...wanted, stretch: armWhole(arm, wanted.sort), limit: most + 1, isAny: true });
  return lists.keep(
    questionOf(page.sql, [...page.values, wanted.sort.name, `${wanted.sort.descending}`], named),
    () => {
      const rows = lists.read<Row>(page.sql, page.values, named);
      return rows.length > most ? null : mergeRows([rows], most, orderOf(wanted.sort));
    },
  );
}

const isUnordered = ({ unordered }: Arm, { columns: [first] }: ArmSort): boolean =>
  first !== undefined && unordered?.includes(first) === true;

/** Otherwise it is first seen at the later of two dates, in whose order no index is. */
const isOrderedByFirstSeen = ({ columns: { first_seen, since } }: Arm): boolean =>
  "sql" in first_seen && "sql" in since && first_seen.sql === since.sql;

const toMinute = (now: Date): Date => new Date(Math.floor(now.getTime() / 60_000) * 60_000);

/** Sorting all that is due by what no index of it has takes as long as there is much of it. */
const walkOf = ({ from, walk }: Arm, { columns: [first] }: ArmSort): string => (first && walk[first]) || from;

export type ArmSort = Omit<Sort, "columns"> & { columns: readonly ArmColumn[] };

type PageQuery = {
  sort: ArmSort;
  where: readonly Part[];
  /** By the columns that the arm has an expression for. */
  stretch: KeyRange;
  limit: number;
  /** Whether any rows will do, in no order. */
  isAny?: boolean;
};

/** The part of a page that one arm has of a stretch, as a query. */
export function armPage(arm: Arm, { sort, where, stretch, limit, isAny = false }: PageQuery): Part {
  const all = [...where, ...stretch.where];
  const direction = sort.descending ? "DESC" : "ASC";
  const order = stretch.columns.map((column) => `${column} ${direction}`);
  const keys = sort.columns.map((column, index) => `${select(arm, column)} AS sort_${index}`);
  const shown = (["severity", "rule", "tie"] as const).map((column) => `${select(arm, column)} AS ${column}`);
  return {
    sql: `SELECT * FROM (
      SELECT '${arm.name}' AS arm, ${[...shown, ...keys].join(", ")}
      FROM ${arm.from}${conditions(all)}${isAny ? "" : ` ORDER BY ${order.join(", ")}`} LIMIT ?)`,
    values: [...valuesOf(all), limit],
  };
}

function select(arm: Arm, name: ArmColumn): string {
  const column = arm.columns[name];
  if ("sql" in column) return column.sql;
  return typeof column.same === "number" ? String(column.same) : `'${column.same.replaceAll("'", "''")}'`;
}

export const armWhole = (arm: Arm, { columns }: ArmSort): KeyRange => wholeOf(expressionsOf(arm, columns));

/**
 * What an arm has after the row of these values: nothing, where all of it comes before. What is the same for all of an arm is
 * compared here and not in SQL, so that the rest is read in the order of an index.
 */
function armKeyRanges(arm: Arm, sort: ArmSort, after: readonly Value[] | null): KeyRange[] {
  const all = armWhole(arm, sort).columns;
  if (after === null) return [wholeOf(all)];
  const isElsewhere = (name: ArmColumn, index: number): boolean => {
    const column = arm.columns[name];
    return "same" in column && column.same !== after[index];
  };
  const at = sort.columns.findIndex(isElsewhere);
  const before = at === -1 ? sort.columns : sort.columns.slice(0, at);
  const columns = expressionsOf(arm, before);
  const values = before.flatMap((name, index) => ("sql" in arm.columns[name] ? [after[index] ?? ""] : []));
  const beyond = keyRangesAfter(columns, values, sort).map((stretch) => ({
    ...stretch,
    columns: [...stretch.columns, ...all.slice(columns.length)],
  }));
  const name = sort.columns[at];
  if (name === undefined || !isBeyond(arm, name, { value: after[at] ?? "", sort })) return beyond;
  return [keyRangeOf(columns, values, all.slice(columns.length)), ...beyond];
}

const expressionsOf = (arm: Arm, names: readonly ArmColumn[]): string[] =>
  names.flatMap((name) => {
    const column = arm.columns[name];
    return "sql" in column ? [column.sql] : [];
  });

function isBeyond(arm: Arm, name: ArmColumn, { value, sort }: { value: Value; sort: ArmSort }): boolean {
  const column = arm.columns[name];
  return "same" in column && column.same > value !== sort.descending;
}

type RowsWanted = { after: readonly Value[] | null; limit: number };

/** What is to be read of an arm, in the order of the list. */
type ArmRows<Row> = { arm: Arm; read: (wanted: RowsWanted) => readonly Row[] };

type TurnsQuery = RowsWanted & { sort: ArmSort };

/** What is the same for all of an arm at the beginning of an order. */
type Start = { key: Key; count: number };

/** So many are asked for first of an arm of which it is not known where its rows begin; if it has more of the page, it is asked again. */
const FIRST_ROWS = 24;

/**
 * The rows of a page, of all arms. These are asked in the order in which their rows begin, as far as that is known: none whose
 * rows all come after `limit` others that have been read.
 */
export function readInTurn<Row extends Key>(
  arms: readonly ArmRows<Row>[],
  { sort, after, limit }: TurnsQuery,
): Row[] {
  const order = orderOf(sort);
  const rows: Row[] = [];
  let unfinished: { one: ArmRows<Row>; last: Row }[] = [];
  const starting = arms.map((one) => ({ one, start: startOf(one.arm, sort) }));
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

  function read(one: ArmRows<Row>, wanted: RowsWanted): void {
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

function startOf({ columns }: Arm, sort: ArmSort): Start {
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
  /** The part of the page that this arm has, of the rows that such a condition leaves. */
  read: (arm: Arm, where: readonly Part[]) => readonly Row[];
};

/**
 * An arm whose rows are first seen when their scan began, in that order: one scan after the other, of which an index has the
 * rows, until there are enough. Scans that began at once are one.
 */
function readByScan<Row extends Key>(
  lists: Lists,
  arm: Arm,
  { scans, order, limit, read }: ByScanQuery<Row>,
): Row[] {
  const rows: Row[] = [];
  for (const together of inOrder(lists.find<Scan>(scans, []), order)) {
    if (rows.length >= limit) break;
    rows.push(...mergeRows(together.map(readScan), limit, order));
  }
  return rows.slice(0, limit);

  function readScan({ id, startedAt }: Scan): readonly Row[] {
    const ofScan = { ...arm, columns: { ...arm.columns, first_seen: { same: startedAt } } };
    return read(ofScan, [{ sql: "first_scan = ?", values: [id] }]);
  }
}

function inOrder(scans: readonly Scan[], { descending }: Order): Scan[][] {
  const together = Map.groupBy(scans, ({ startedAt }) => startedAt);
  const starts = [...together.keys()].sort();
  return (descending ? starts.reverse() : starts).map((start) => together.get(start) ?? []);
}
