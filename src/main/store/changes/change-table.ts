import type { Database } from "better-sqlite3";
import type { ChangeFilter } from "#shared/contract/changes.ts";
import { type ChangeCount, ChangeKind, type ChangeRow, type ChangeWhat } from "#shared/model/change.ts";
import { ScanId } from "#shared/model/scan.ts";
import { type Key, readCursor, type Value } from "#store/lists/cursor.ts";
import {
  conditions,
  cut,
  type Listed,
  type Lists,
  type Part,
  valuesOf,
  type Window,
} from "#store/lists/lists.ts";
import { eachWord } from "#store/lists/search.ts";
import { CHANGE_ARMS, type ChangeArm, columnsOf, textOf } from "./change-arms.ts";
import { sayDifference, sayFacts, type VersionReader } from "./version-row.ts";

/** Two scans by their numbers, in either order; 0 is before every scan. */
export type Between = { from: number; to: number };

type Wanted = Between & ChangeFilter & Window;

type Row = {
  id: number;
  what: ChangeWhat;
  kind: ChangeKind;
  host: string;
  scan: number;
  at: string;
  before: number | null;
};

const SELECT = `id, what, kind, scan, before, (SELECT host_name.name FROM host_name WHERE host_name.id = change.name) AS host,
  (SELECT started_at FROM scan WHERE scan.id = change.scan) AS at, sort_0, sort_1`;

const SORT = { name: "at", columns: ["scan", "id"], descending: true };

/** What is seen from the later scan to the earlier one. */
const INVERSE: Record<ChangeWhat, ChangeWhat> = { appeared: "gone", changed: "changed", gone: "appeared" };

/** What is otherwise at one scan than at another, of all that spans tell of. */
export function changeTable(
  db: Database,
  { lists, readVersion }: { lists: Lists; readVersion: VersionReader },
) {
  const nameId = db.prepare<[string], number>("SELECT id FROM host_name WHERE name = ?").pluck();

  return {
    list({ from, to, host, kind, what, search, after, limit }: Wanted): Listed<ChangeRow> {
      const isBack = from > to;
      const wanted = what && isBack ? INVERSE[what] : what;
      const arms = CHANGE_ARMS.filter(
        (arm) => (kind === null || arm.kind === kind) && (wanted === null || arm.what === wanted),
      );
      const named = order({ from, to });
      const asked = arms.flatMap((arm) => {
        const where = [{ sql: arm.where, values: [] }, ...onHost(host), ...eachWord(search, textOf(arm))];
        const table = host === null ? arm.table : arm.tableOfHost;
        const count = lists.count(table, where, named);
        return count === 0 ? [] : [{ arm: { ...arm, table }, where, count }];
      });
      const total = sum(asked.map(({ count }) => count));
      const start = after === null ? null : readCursor(SORT, after);
      const pages = asked.map(({ arm, where }) => armPage(arm, { where, start, limit: limit + 1 }));
      // Hosts and dates are looked up for the rows of the page alone, and not for all that it is chosen from.
      const sql = `SELECT ${SELECT} FROM (
        SELECT * FROM (${pages.map((page) => page.sql).join(" UNION ALL ")})
        ORDER BY sort_0 DESC, sort_1 DESC LIMIT ?) AS change
        ORDER BY sort_0 DESC, sort_1 DESC`;
      const rows =
        pages.length === 0 ? [] : lists.read<Row & Key>(sql, [...valuesOf(pages), limit + 1], named);
      return {
        ...cut(rows, SORT, limit, (row) => toChange(readVersion, row, { from: named.from, isBack })),
        total,
      };
    },

    /** How many of each kind, by what became of them; kinds that have none are left out. */
    counts({ from, to, host }: Between & Pick<ChangeFilter, "host">): ChangeCount[] {
      const named = order({ from, to });
      return ChangeKind.options.flatMap((kind) => {
        const counted = { appeared: 0, changed: 0, gone: 0 };
        for (const arm of CHANGE_ARMS)
          if (arm.kind === kind) counted[from > to ? INVERSE[arm.what] : arm.what] = count(arm, named, host);
        return counted.appeared + counted.changed + counted.gone === 0 ? [] : [{ kind, ...counted }];
      });
    },
  };

  function count({ table, tableOfHost, where }: ChangeArm, named: Between, host: string | null): number {
    return lists.count(
      host === null ? table : tableOfHost,
      [{ sql: where, values: [] }, ...onHost(host)],
      named,
    );
  }

  function onHost(host: string | null): Part[] {
    return host === null ? [] : [{ sql: "version.name = ?", values: [nameId.get(host) ?? 0] }];
  }
}

type Page = { where: readonly Part[]; start: readonly Value[] | null; limit: number };

/** The part of a page that one arm has, read in the order of its index. */
function armPage(arm: ChangeArm, { where, start, limit }: Page): Part {
  const keys = `${arm.scan}, version.id`;
  const all = [...where, ...(start === null ? [] : [{ sql: `(${keys}) < (?, ?)`, values: start }])];
  return {
    sql: `SELECT * FROM (
      SELECT ${columnsOf(arm)}, ${arm.scan} AS sort_0, version.id AS sort_1
      FROM ${arm.table}${conditions(all)} ORDER BY ${arm.scan} DESC, version.id DESC LIMIT ?)`,
    values: [...valuesOf(all), limit],
  };
}

const order = ({ from, to }: Between): Between => ({ from: Math.min(from, to), to: Math.max(from, to) });

const sum = (numbers: readonly number[]): number => numbers.reduce((total, number) => total + number, 0);

function toChange(
  readVersion: VersionReader,
  { id, before, what, kind, host, scan, at }: Row,
  { from, isBack }: { from: number; isBack: boolean },
): ChangeRow {
  const later = readVersion(id);
  const earlier = before === null ? null : readVersion(before);
  const shown = isBack && earlier ? earlier : later;
  const details = earlier
    ? sayDifference(...(isBack ? ([later, earlier] as const) : ([earlier, later] as const)))
    : sayFacts(shown);
  const { title, place, opens } = shown;
  return {
    id,
    what: isBack ? INVERSE[what] : what,
    ...{ kind, host, title, place, details },
    isFirstLook: what === "appeared" && !isBack && later.firstLook > from,
    scan: ScanId.parse(scan),
    at,
    opens,
  };
}
