import type { Database } from "better-sqlite3";
import { Scan, ScanId, type ScanState } from "#shared/model/hosts/scan.ts";
import type { Instant } from "#shared/model/instant.ts";
import type { Listed, Lists, Window } from "#store/lists/lists.ts";
import type { Part } from "#store/lists/order.ts";
import { splitWords, toPattern } from "#store/lists/search.ts";
import { PROBE_TEXT, type RequestedTarget, unprobedTable } from "./probe-table.ts";

type Row = {
  id: number;
  state: string;
  started_at: string;
  finished_at: string | null;
  total: number;
  ok: number;
  failed: number;
  partial: number;
  imported_at: string | null;
  signature: string | null;
  standing: string | null;
};

const COLUMNS =
  "scan.id, scan.state, started_at, finished_at, total, ok, failed, partial, bundle.imported_at, bundle.signature, bundle.standing";

const SCANS = "scan LEFT JOIN bundle ON bundle.scan = scan.id";

type SortColumn = "startedAt" | "total" | "failed";

type ScanQuery = Window & {
  search: string;
  state: ScanState | null;
  sort: { by: SortColumn; descending: boolean };
};

const SORTED_BY: Record<SortColumn, readonly string[]> = {
  startedAt: ["started_at", "id"],
  total: ["total", "id"],
  failed: ["failed", "id"],
};

/** The scans with a probe whose line has the word. */
const PROBED = `EXISTS (SELECT 1 FROM probe WHERE probe.scan = scan.id AND (${PROBE_TEXT}) LIKE ? ESCAPE '\\')`;

export function scanTable(db: Database, lists: Lists) {
  const unprobed = unprobedTable(db);
  const begin = db.prepare("INSERT INTO scan (total, started_at) VALUES (?, ?)");
  const finish = db.prepare("UPDATE scan SET state = ?, finished_at = ? WHERE id = ? AND state = 'running'");
  const interrupt = db.prepare(
    "UPDATE scan SET state = 'interrupted', finished_at = ? WHERE state = 'running'",
  );
  const find = db.prepare<[number], Row>(`SELECT ${COLUMNS} FROM ${SCANS} WHERE scan.id = ?`);
  const latest = db.prepare<[], Row>(
    `SELECT ${COLUMNS} FROM ${SCANS} ORDER BY started_at DESC, scan.id DESC LIMIT 1`,
  );

  const add = (total: number, at: Instant) => ScanId.parse(Number(begin.run(total, at).lastInsertRowid));

  return {
    begin({ requested, at }: { requested: readonly RequestedTarget[]; at: Instant }): ScanId {
      const id = add(requested.length, at);
      unprobed.plan(id, requested);
      return id;
    },

    /** The scan of one host by an offline bundle: there is nothing to probe. */
    beginOffline: (at: Instant): ScanId => add(1, at),

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

    list({ search, state, sort: { by, descending }, ...page }: ScanQuery): Listed<Scan> {
      const where: Part[] = [
        ...(state ? [{ sql: "scan.state = ?", values: [state] }] : []),
        ...splitWords(search).map((word) => ({ sql: PROBED, values: [toPattern(word)] })),
      ];
      const sort = { name: by, columns: SORTED_BY[by], descending };
      return lists.list({ select: COLUMNS, from: SCANS, where, sort, ...page }, toScan);
    },
  };
}

const fromRow = (row: Row | undefined): Scan | null => (row ? toScan(row) : null);

const toScan = (row: Row): Scan =>
  Scan.parse({
    ...row,
    startedAt: row.started_at,
    finishedAt: row.finished_at,
    bundle:
      row.signature === null
        ? null
        : { importedAt: row.imported_at, signature: JSON.parse(row.signature), standing: row.standing },
  });
