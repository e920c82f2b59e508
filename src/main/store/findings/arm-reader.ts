import type { Database } from "better-sqlite3";
import type { FindingFilter } from "#shared/contract/findings.ts";
import { toInstant } from "#shared/model/instant.ts";
import type { Key, Value } from "#store/lists/cursor.ts";
import { isWalkShorter, type Lists, orderOf } from "#store/lists/lists.ts";
import { rowsAfter } from "#store/lists/order.ts";
import type { Arm } from "./arm.ts";
import type { armLooker } from "./arm-looker.ts";
import { type ArmSort, armPage } from "./arm-page.ts";
import { ARMS } from "./finding-arms.ts";
import type { ArmRow } from "./finding-row.ts";

type Wanted = FindingFilter & { sort: ArmSort; after: Value[] | null; limit: number };

/** What one arm has of a page. */
type Found = { total: number; rows: Row[] };

type Row = ArmRow & Key;

/** So much of an arm is kept when words are sought: of more of them a page is soon full. */
const MOST_SOUGHT = 30_000;

/** Reads what each arm has of a page. */
export function armReader(db: Database, lists: Lists, looker: ReturnType<typeof armLooker>) {
  const certificates = db.prepare<[], number>("SELECT count FROM tally WHERE what = 'certificate'").pluck();
  return { read, seek };

  function read({ sort, after, limit, ...filter }: Wanted, now: Date): Found[] {
    const named = { now: toInstant(now) };
    return ARMS.flatMap((arm) => {
      const looked = looker.look(arm, filter, named);
      if (!looked || looked.total === 0) return [];
      const { total, where } = looked;
      const isAll = !filter.accepted && filter.host === null;
      const isWalk = isAll && isWalkShorter(total, limit, certificates.get() ?? 0);
      const from = isWalk ? walkOf(arm, sort) : looked.from;
      const page = armPage({ ...arm, from }, { sort, where, after, limit });
      return [{ total, rows: page ? lists.read<Row>(page.sql, page.values, named) : [] }];
    });
  }

  /** What words find, by the minute: no index has what findings say, so each is looked at once for all pages. */
  function seek({ sort, after, limit, ...filter }: Wanted, now: Date): Found[] {
    const named = { now: toInstant(toMinute(now)) };
    return ARMS.flatMap((arm) => {
      const sought = looker.seek(arm, filter, named);
      if (!sought) return [];
      const pageFrom = (from: Value[] | null, most: number) =>
        armPage({ ...arm, from: sought.from }, { sort, where: sought.where, after: from, limit: most });
      const whole = pageFrom(null, MOST_SOUGHT + 1);
      const all = whole ? lists.find<Row>(whole.sql, whole.values, named) : [];
      if (all.length <= MOST_SOUGHT)
        return [{ total: all.length, rows: rowsAfter(all, after, limit, orderOf(sort)) }];
      const page = pageFrom(after, limit);
      const total = lists.count(sought.from, sought.where, named);
      return [{ total, rows: page ? lists.read<Row>(page.sql, page.values, named) : [] }];
    });
  }
}

const toMinute = (now: Date): Date => new Date(Math.floor(now.getTime() / 60_000) * 60_000);

/** Sorting all that is due by what no index of it has takes as long as there is much of it. */
const walkOf = ({ from, walk }: Arm, { columns: [first] }: ArmSort): string => (first && walk[first]) || from;
