import type { Database } from "better-sqlite3";
import type { Instant } from "#shared/model/instant.ts";

/**
 * Says of the grants that have just become orphans since when they are. To be called in the transaction of whatever tells
 * of owners or use: triggers judge anew by themselves, and know no clock.
 */
export function orphanClock(db: Database): (at: Instant) => void {
  const date = db.prepare(`
    UPDATE grant_line INDEXED BY grant_orphan_unsettled SET orphan_since = ?
    WHERE gone_scan IS NULL AND orphan IS NOT NULL AND orphan_since IS NULL`);
  return (at) => void date.run(at);
}
