import type { Database } from "better-sqlite3";
import { type Inventory, KeyGap } from "#shared/model/access/person.ts";
import type { Instant } from "#shared/model/instant.ts";

/** The date in first-rows.sql, before anybody has marked the inventory. */
const NEVER: Instant = "1970-01-01T00:00:00Z";

/** Hosts that a scan was to probe, or is to, and that no scan has come to yet. */
const NEVER_MET = `
  SELECT host, port FROM unprobed
  WHERE kind = 'ssh' AND NOT EXISTS (SELECT 1 FROM host WHERE host.host = unprobed.host AND host.port = unprobed.port)
  UNION
  SELECT host, port FROM target
  WHERE kind = 'ssh' AND NOT EXISTS (SELECT 1 FROM host WHERE host.host = target.host AND host.port = target.port)`;

/** Hosts that may have private keys which are not known, as of the last reading of each. */
const GAPS = `
  SELECT host, port, key_gap AS gap FROM host INDEXED BY host_with_key_gap WHERE key_gap IS NOT NULL
  UNION ALL
  SELECT host, port, 'never-read' FROM (${NEVER_MET})`;

/**
 * Whether what was not found counts as absent: the inventory is marked complete, and every host was read whole.
 * `evaluatesAbsence` has the same rule.
 */
export const ABSENCE_IS_EVALUATED = `EXISTS (SELECT 1 FROM inventory WHERE is_whole = 1) AND NOT EXISTS (${GAPS})`;

/** So many hosts with a gap are named. */
const MOST_GAPS = 5;

/** What the user has said of the inventory, and which of its hosts were not read whole. */
export function inventoryTable(db: Database) {
  const read = db.prepare<[], { is_whole: number; note: string; marked_at: string }>(
    "SELECT is_whole, note, marked_at FROM inventory",
  );
  const countGaps = db.prepare<[], number>(`SELECT count(*) FROM (${GAPS})`).pluck();
  const firstGaps = db.prepare<[], { host: string; port: number; gap: string }>(
    `SELECT host, port, gap FROM (${GAPS}) ORDER BY host, port LIMIT ${MOST_GAPS}`,
  );
  const declare = db.prepare(`
    UPDATE inventory
    SET note = @note, is_whole = @isWhole, marked_at = iif(is_whole = @isWhole AND marked_at <> @never, marked_at, @at)`);

  return {
    read(): Inventory {
      const row = read.get();
      const markedAt = row && row.marked_at !== NEVER ? row.marked_at : null;
      const first = firstGaps.all().map(({ host, port, gap }) => ({ host, port, gap: KeyGap.parse(gap) }));
      const total = first.length < MOST_GAPS ? first.length : (countGaps.get() ?? 0);
      return { isWhole: row?.is_whole === 1, note: row?.note ?? "", markedAt, gaps: { total, first } };
    },

    declare: (isWhole: boolean, note: string, at: Instant): void => {
      declare.run({ isWhole: Number(isWhole), note, at, never: NEVER });
    },
  };
}
