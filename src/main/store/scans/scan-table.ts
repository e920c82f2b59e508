import type { Database } from "better-sqlite3";
import { Scan, ScanId, type ScanOrigin, type ScanState } from "#shared/model/hosts/scan.ts";
import type { Instant } from "#shared/model/instant.ts";
import { formatTarget } from "#shared/text/hosts/target.ts";
import type { Listed, Lists, Window } from "#store/lists/lists.ts";
import type { Part } from "#store/lists/order.ts";
import { eachWordOfHost, splitWords, toNumber } from "#store/lists/search.ts";
import { PROBE_TEXT, PROBED_HOST, type RequestedTarget, unprobedTable } from "./probe-table.ts";

type Row = {
  id: number;
  state: string;
  started_at: string;
  finished_at: string | null;
  total: number;
  ok: number;
  failed: number;
  partial: number;
  first_target: string | null;
  first_host: string | null;
  origin: string;
  imported_at: string | null;
  signature: string | null;
  standing: string | null;
};

const COLUMNS =
  "scan.id, scan.state, started_at, finished_at, total, ok, failed, partial, first_target, first_host, scan_origin AS origin, bundle.imported_at, bundle.signature, bundle.standing";

const SCANS = "scan LEFT JOIN bundle ON bundle.scan = scan.id";

type SortColumn = "startedAt" | "total" | "failed";

type ScanQuery = Window & {
  search: string;
  state: ScanState | null;
  withPlans: boolean;
  sort: { by: SortColumn; descending: boolean };
};

const SORTED_BY: Record<SortColumn, readonly string[]> = {
  startedAt: ["started_at", "id"],
  total: ["total", "id"],
  failed: ["failed", "id"],
};

/** The scan of this number, and those with a probe whose line has the word, or whose host calls itself so. */
function findWord(lists: Lists, word: string): Part {
  const [line = NO_PROBE] = eachWordOfHost(word, PROBE_TEXT, { ...lists, column: PROBED_HOST });
  return {
    sql: `(scan.id = ? OR EXISTS (SELECT 1 FROM probe WHERE probe.scan = scan.id AND ${line.sql}))`,
    values: [toNumber(word), ...line.values],
  };
}

const NO_PROBE: Part = { sql: "0", values: [] };

export function scanTable(db: Database, lists: Lists) {
  const unprobed = unprobedTable(db);
  const begin = db.prepare(
    "INSERT INTO scan (total, first_target, first_host, scan_origin, started_at) VALUES (?, ?, ?, ?, ?)",
  );
  const finish = db.prepare("UPDATE scan SET state = ?, finished_at = ? WHERE id = ? AND state = 'running'");
  const interrupt = db.prepare(
    "UPDATE scan SET state = 'interrupted', finished_at = ? WHERE state = 'running'",
  );
  const find = db.prepare<[number], Row>(`SELECT ${COLUMNS} FROM ${SCANS} WHERE scan.id = ?`);
  const latest = db.prepare<[], Row>(
    `SELECT ${COLUMNS} FROM ${SCANS} ORDER BY started_at DESC, scan.id DESC LIMIT 1`,
  );

  const add = ({ total, first, host, origin, at }: NewScan) =>
    ScanId.parse(Number(begin.run(total, first, host, origin, at).lastInsertRowid));

  return {
    begin({ requested, at, origin = "request" }: ScanRequest): ScanId {
      const target = requested[0]?.target ?? null;
      const first = target && formatTarget(target);
      const id = add({ total: requested.length, first, host: target?.host ?? null, origin, at });
      unprobed.plan(id, requested);
      return id;
    },

    /** The scan of one host by an offline bundle: there is nothing to probe. */
    beginOffline: (host: string, at: Instant): ScanId =>
      add({ total: 1, first: host, host, origin: "request", at }),

    listUnfinished: unprobed.listUnfinished,

    /** A scan that has ended already stays as it is. */
    finish: (id: ScanId, state: "finished" | "cancelled" | "interrupted", at: Instant): void =>
      void finish.run(state, at, id),

    /**
     * Closes the scans that a killed process left running, and returns how many. Call it only after this process has
     * taken the write lock.
     */
    interruptRunning: (at: Instant): number => interrupt.run(at).changes,

    find: (id: ScanId): Scan | null => fromRow(find.get(id)),
    latest: (): Scan | null => fromRow(latest.get()),

    list({ search, state, withPlans, sort: { by, descending }, ...page }: ScanQuery): Listed<Scan> {
      const where: Part[] = [
        ...(state ? [{ sql: "scan.state = ?", values: [state] }] : []),
        ...(withPlans ? [] : [{ sql: "scan_origin = 'request'", values: [] }]),
        ...splitWords(search).map((word) => findWord(lists, word)),
      ];
      const sort = { name: by, columns: SORTED_BY[by], descending };
      return lists.list({ select: COLUMNS, from: SCANS, where, sort, ...page }, toScan);
    },
  };
}

type ScanRequest = { requested: readonly RequestedTarget[]; at: Instant; origin?: ScanOrigin };
type NewScan = {
  total: number;
  first: string | null;
  host: string | null;
  origin: ScanOrigin;
  at: Instant;
};

const fromRow = (row: Row | undefined): Scan | null => (row ? toScan(row) : null);

const toScan = (row: Row): Scan =>
  Scan.parse({
    ...row,
    startedAt: row.started_at,
    finishedAt: row.finished_at,
    firstTarget: row.first_target,
    firstHost: row.first_host,
    bundle:
      row.signature === null
        ? null
        : { importedAt: row.imported_at, signature: JSON.parse(row.signature), standing: row.standing },
  });
