import type { Database } from "better-sqlite3";
import { Baseline } from "#shared/model/access/change.ts";
import type { ScanId } from "#shared/model/hosts/scan.ts";
import type { Instant } from "#shared/model/instant.ts";

/** The baseline, and the grants that are not in it. */
export function baselineTable(db: Database) {
  const read = db.prepare<[], { scan: number; scannedAt: string; setAt: string }>(`
    SELECT scan, started_at AS scannedAt, set_at AS setAt FROM baseline JOIN scan ON scan.id = baseline.scan`);
  const set = db.prepare(`
    INSERT INTO baseline (id, scan, set_at) VALUES (1, @scan, @at) ON CONFLICT DO UPDATE SET scan = @scan, set_at = @at`);
  const clear = db.prepare("DELETE FROM baseline");
  const countUnapproved = db.prepare<[], number>(`SELECT ${UNAPPROVED_COUNT}`).pluck();

  return {
    read(): Baseline | null {
      const row = read.get();
      return row ? Baseline.parse(row) : null;
    },
    set: (scan: ScanId, at: Instant): void => void set.run({ scan, at }),

    /** False where there was none. */
    clear: (): boolean => clear.run().changes > 0,

    /** Zero without a baseline. */
    countUnapproved: (): number => countUnapproved.get() ?? 0,
  };
}

/**
 * The condition for a grant to be unapproved: it may let somebody in, nobody has approved it, and its exact line was
 * not there at the baseline. Without a baseline no grant is unapproved.
 */
export const IS_UNAPPROVED = `gone_scan IS NULL AND approval IS NULL AND first_scan > (SELECT scan FROM baseline)
  AND (effective <> 'no' OR is_dormant = 1)
  AND (is_again = 0 OR NOT EXISTS (
    SELECT 1 FROM grant_line AS earlier INDEXED BY grant_gone
    WHERE earlier.host = grant_line.host AND earlier.account = grant_line.account AND earlier.file = grant_line.file
      AND earlier.fingerprint = grant_line.fingerprint AND earlier.text = grant_line.text
      AND earlier.gone_scan IS NOT NULL
      AND earlier.first_scan <= (SELECT scan FROM baseline) AND earlier.gone_scan > (SELECT scan FROM baseline)))`;

/** Of these, the grants that were in their file before: only they are compared with what was there at the baseline. */
const UNAPPROVED_AGAIN = `SELECT count(*) FROM grant_line INDEXED BY grant_there_again
  WHERE is_again = 1 AND ${IS_UNAPPROVED}`;

/**
 * The number of unapproved grants. The triggers count those that are new as of each scan; `~` comes after every number.
 */
export const UNAPPROVED_COUNT = `((SELECT ifnull(sum(count), 0) FROM cached_count
  WHERE what > (SELECT 'new grant ' || printf('%010d', scan) FROM baseline) AND what < 'new grant ~') + (${UNAPPROVED_AGAIN}))`;

/** The scans since the baseline that have begun a grant which nobody has approved: one seek in the index each. */
const newAfter = (scan: string): string => `SELECT min(first_scan) FROM grant_line INDEXED BY grant_unapproved
  WHERE gone_scan IS NULL AND approval IS NULL AND first_scan > ${scan}`;
export const UNAPPROVED_SCANS = `
  WITH RECURSIVE begun (scan) AS (
    ${newAfter("(SELECT scan FROM baseline)")}
    UNION ALL SELECT (${newAfter("begun.scan")}) FROM begun WHERE begun.scan IS NOT NULL)
  SELECT id, started_at AS startedAt FROM scan WHERE id IN (SELECT scan FROM begun)`;

/** The table of grants, read by how long they have been there. */
export const BY_FIRST_SCAN = "grant_line INDEXED BY grant_unapproved";
