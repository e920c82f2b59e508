import type { Database } from "better-sqlite3";
import { Baseline } from "#shared/model/change.ts";
import type { Instant } from "#shared/model/instant.ts";
import type { ScanId } from "#shared/model/scan.ts";
import { ROGUE_AGAIN } from "./rogue.ts";

/** The baseline, and what is not in it. */
export function baselineTable(db: Database) {
  const read = db.prepare<[], { scan: number; scannedAt: string; setAt: string }>(`
    SELECT scan, started_at AS scannedAt, set_at AS setAt FROM baseline JOIN scan ON scan.id = baseline.scan`);
  const set = db.prepare(`
    INSERT INTO baseline (id, scan, set_at) VALUES (1, @scan, @at) ON CONFLICT DO UPDATE SET scan = @scan, set_at = @at`);
  const clear = db.prepare("DELETE FROM baseline");
  // A tally is of the grants that are new as of one scan; `~` comes after every number.
  const first = db
    .prepare<[], number>(`
      SELECT ifnull(sum(count), 0) FROM tally
      WHERE what > (SELECT 'new grant ' || printf('%010d', scan) FROM baseline) AND what < 'new grant ~'`)
    .pluck();
  const again = db.prepare<[], number>(ROGUE_AGAIN).pluck();

  return {
    read(): Baseline | null {
      const row = read.get();
      return row ? Baseline.parse(row) : null;
    },
    set: (scan: ScanId, at: Instant): void => void set.run({ scan, at }),

    /** Whether there was one. */
    clear: (): boolean => clear.run().changes > 0,

    /** None without a baseline. */
    countRogue: (): number => (first.get() ?? 0) + (again.get() ?? 0),
  };
}
