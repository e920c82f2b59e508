import type { Database } from "better-sqlite3";
import type { Instant } from "#shared/model/instant.ts";
import { Scan, ScanId } from "#shared/model/scan.ts";
import type { Listed, Lists } from "#store/lists/lists.ts";

type Row = {
  id: number;
  state: string;
  started_at: string;
  finished_at: string | null;
  total: number;
  ok: number;
  failed: number;
  partial: number;
};

const COLUMNS = "id, state, started_at, finished_at, total, ok, failed, partial";

const NEWEST_FIRST = { name: "newest", columns: ["id"], descending: true };

export function scanTable(db: Database, lists: Lists) {
  const begin = db.prepare("INSERT INTO scan (total, started_at) VALUES (?, ?)");
  const finish = db.prepare("UPDATE scan SET state = ?, finished_at = ? WHERE id = ? AND state = 'running'");
  const interrupt = db.prepare(
    "UPDATE scan SET state = 'interrupted', finished_at = ? WHERE state = 'running'",
  );
  const find = db.prepare<[number], Row>(`SELECT ${COLUMNS} FROM scan WHERE id = ?`);
  const latest = db.prepare<[], Row>(`SELECT ${COLUMNS} FROM scan ORDER BY id DESC LIMIT 1`);

  return {
    begin: ({ total, at }: { total: number; at: Instant }): ScanId =>
      ScanId.parse(Number(begin.run(total, at).lastInsertRowid)),

    /** A scan that has ended already stays as it is. */
    finish: (id: ScanId, state: "finished" | "cancelled" | "interrupted", at: Instant): void =>
      void finish.run(state, at, id),

    /** Closes what a killed process left running, and says how many. Only for who has just taken the write lock. */
    interruptRunning: (at: Instant): number => interrupt.run(at).changes,

    find: (id: ScanId): Scan | null => fromRow(find.get(id)),
    latest: (): Scan | null => fromRow(latest.get()),

    /** The newest first. */
    list: (page: { after: string | null; limit: number }): Listed<Scan> =>
      lists.list({ select: COLUMNS, from: "scan", where: [], sort: NEWEST_FIRST, ...page }, toScan),
  };
}

const fromRow = (row: Row | undefined): Scan | null => (row ? toScan(row) : null);

const toScan = (row: Row): Scan =>
  Scan.parse({ ...row, startedAt: row.started_at, finishedAt: row.finished_at });
