import type { Database } from "better-sqlite3";
import type { ChangeFilter } from "#shared/contract/changes.ts";
import { type ChangeCount, ChangeKind, type ChangeRow, type ChangeWhat } from "#shared/model/change.ts";
import { ScanId } from "#shared/model/scan.ts";
import { addTotals } from "#shared/model/total.ts";
import { readCursor } from "#store/lists/cursor.ts";
import { cut, type Listed, type Lists, orderOf, type Window } from "#store/lists/lists.ts";
import { mergeRows } from "#store/lists/order.ts";
import type { Part } from "#store/lists/part.ts";
import { eachWord } from "#store/lists/search.ts";
import { CHANGE_ARMS, type ChangeArm, textOf } from "./change-arms.ts";
import { type ChangeFound, changeReader } from "./change-reader.ts";
import { formatDifference, formatFacts, type VersionReader } from "./version-row.ts";

/** Two scans by their numbers, in either order; 0 is before every scan. */
export type Between = { from: number; to: number };

type Wanted = Between & ChangeFilter & Window;

type Row = ChangeFound & { host: string; at: string };

const SORT = { name: "at", columns: ["scan", "id"], descending: true };

/** What is seen from the later scan to the earlier one. */
const INVERSE: Record<ChangeWhat, ChangeWhat> = { appeared: "gone", changed: "changed", gone: "appeared" };

/** What is otherwise at one scan than at another, of all that spans tell of. */
export function changeTable(
  db: Database,
  { lists, readVersion }: { lists: Lists; readVersion: VersionReader },
) {
  const readArm = changeReader(lists);
  const hostOf = db.prepare<[number], string>("SELECT name FROM host_name WHERE id = ?").pluck();
  const startOf = db.prepare<[number], string>("SELECT started_at FROM scan WHERE id = ?").pluck();
  const nameId = db.prepare<[string], number>("SELECT id FROM host_name WHERE name = ?").pluck();

  return {
    list({ from, to, host, kind, what, search, after, limit }: Wanted): Listed<ChangeRow> {
      const isBack = from > to;
      const wanted = what && isBack ? INVERSE[what] : what;
      const arms = CHANGE_ARMS.filter(
        (arm) => (kind === null || arm.kind === kind) && (wanted === null || arm.what === wanted),
      );
      const named = order({ from, to });
      const start = after === null ? null : readCursor(SORT, after);
      const found = arms.map((arm) => {
        const where = [{ sql: arm.where, values: [] }, ...onHost(host), ...eachWord(search, textOf(arm))];
        const table = host === null ? arm.table : arm.tableOfHost;
        return readArm(
          { ...arm, table },
          { where, start, limit: limit + 1, named, isSought: search.trim() !== "" },
        );
      });
      const rows = mergeRows(
        found.map((arm) => arm.rows),
        limit + 1,
        orderOf(SORT),
      );
      const page = cut(rows, SORT, limit, (row) =>
        toChange(
          readVersion,
          { ...row, host: hostOf.get(row.name) ?? "", at: startOf.get(row.scan) ?? "" },
          { from: named.from, isBack },
        ),
      );
      return { ...page, total: addTotals(found.map(({ total }) => total)) };
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
    return lists.sum(
      host === null ? table : tableOfHost,
      [{ sql: where, values: [] }, ...onHost(host)],
      named,
    );
  }

  function onHost(host: string | null): Part[] {
    return host === null ? [] : [{ sql: "version.name = ?", values: [nameId.get(host) ?? 0] }];
  }
}

const order = ({ from, to }: Between): Between => ({ from: Math.min(from, to), to: Math.max(from, to) });

function toChange(
  readVersion: VersionReader,
  { id, before, what, kind, host, scan, at }: Row,
  { from, isBack }: { from: number; isBack: boolean },
): ChangeRow {
  const later = readVersion(id);
  const earlier = before === null ? null : readVersion(before);
  const shown = isBack && earlier ? earlier : later;
  const details = earlier
    ? formatDifference(...(isBack ? ([later, earlier] as const) : ([earlier, later] as const)))
    : formatFacts(shown);
  const { title, place, opens } = shown;
  return {
    id,
    what: isBack ? INVERSE[what] : what,
    kind,
    host,
    title,
    place,
    details,
    isFirstLook: what === "appeared" && !isBack && later.firstLook > from,
    scan: ScanId.parse(scan),
    at,
    opens,
  };
}
