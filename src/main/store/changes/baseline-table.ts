import type { Database } from "better-sqlite3";
import { Baseline } from "#shared/model/change.ts";
import type { Instant } from "#shared/model/instant.ts";
import type { ScanId } from "#shared/model/scan.ts";
import { UNAPPROVED_COUNT } from "./rogue.ts";

/** The baseline, and what is not in it. */
export function baselineTable(db: Database) {
  const read = db.prepare<[], { scan: number; scannedAt: string; setAt: string }>(`
    SELECT scan, started_at AS scannedAt, set_at AS setAt FROM baseline JOIN scan ON scan.id = baseline.scan`);
  const set = db.prepare(`
    INSERT INTO baseline (id, scan, set_at) VALUES (1, @scan, @at) ON CONFLICT DO UPDATE SET scan = @scan, set_at = @at`);
  const clear = db.prepare("DELETE FROM baseline");
  const countRogue = db.prepare<[], number>(`SELECT ${UNAPPROVED_COUNT}`).pluck();

  return {
    read(): Baseline | null {
      const row = read.get();
      return row ? Baseline.parse(row) : null;
    },
    set: (scan: ScanId, at: Instant): void => void set.run({ scan, at }),

    /** Whether there was one. */
    clear: (): boolean => clear.run().changes > 0,

    /** None without a baseline. */
    countRogue: (): number => countRogue.get() ?? 0,
  };
}
