import type { Database } from "better-sqlite3";
import { ScanId } from "#shared/model/scan.ts";
import type { Lists } from "#store/lists/lists.ts";
import { approvalTable } from "./approval-table.ts";
import { baselineTable } from "./baseline-table.ts";
import { changeTable } from "./change-table.ts";
import { grantHistory } from "./grant-history.ts";
import { placeHistory } from "./place-history.ts";
import { versionReader } from "./version-row.ts";

/** What is otherwise than it was, what it is compared with, and what of it was approved. */
export function changeStore(db: Database, lists: Lists) {
  const readVersion = versionReader(db);
  const { list, counts } = changeTable(db, { lists, readVersion });
  const baseline = baselineTable(db);
  const approvals = approvalTable(db);
  const lastEnded = db
    .prepare<[number], number>("SELECT max(id) FROM scan WHERE id < ? AND state <> 'running'")
    .pluck();

  return {
    list,
    counts,
    history: grantHistory(db, readVersion),
    places: placeHistory(db),
    baseline: baseline.read,
    setBaseline: baseline.set,
    clearBaseline: baseline.clear,
    countRogue: baseline.countRogue,
    findLine: approvals.findLine,
    approve: approvals.approve,
    withdraw: approvals.withdraw,

    /** The last scan that has ended before this one, or of all; null when there is none. */
    lastEnded(before: number = Number.MAX_SAFE_INTEGER): ScanId | null {
      const id = lastEnded.get(before) ?? null;
      return id === null ? null : ScanId.parse(id);
    },
  };
}
