import type { Database } from "better-sqlite3";
import type { FindingFilter } from "#shared/contract/findings.ts";
import { toInstant } from "#shared/model/instant.ts";
import type { Total } from "#shared/model/total.ts";
import { questionOf } from "#store/lists/answers.ts";
import type { Key } from "#store/lists/cursor.ts";
import { isWalkShorter, type Lists, orderOf } from "#store/lists/lists.ts";
import { mergeRows, rowsAfter } from "#store/lists/order.ts";
import { conditions, type Part } from "#store/lists/part.ts";
import { readKeyRanges } from "#store/lists/stretches.ts";
import type { Arm } from "./arm.ts";
import { readByScan } from "./arm-by-scan.ts";
import { type armLooker, type Looked, MOST_LOOKED } from "./arm-looker.ts";
import { type ArmSort, armKeyRanges, armPage, armWhole } from "./arm-page.ts";
import type { ArmRows, RowsWanted } from "./arm-turns.ts";
import { ARMS } from "./finding-arms.ts";
import type { ArmRow } from "./finding-row.ts";

type Wanted = FindingFilter & { sort: ArmSort; limit: number };

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

  function read({ sort, limit, ...filter }: Wanted, now: Date): Found[] {
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
  function seek({ sort, ...filter }: Wanted, now: Date): Found[] {
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
