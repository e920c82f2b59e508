import type { Database } from "better-sqlite3";
import type { Overview } from "#shared/contract/overview.ts";
import type { CertificateRow } from "#shared/model/certificate.ts";
import { addDays } from "#shared/model/days.ts";
import { toInstant } from "#shared/model/instant.ts";
import { COLUMNS, type certificateRows, type Row } from "#store/certificates/certificate-row.ts";
import { DATE_COLUMNS } from "#store/certificates/date-rules.ts";
import type { findingTable } from "#store/findings/finding-table.ts";
import type { inventoryTable } from "#store/people/scope-table.ts";
import type { scanTable } from "#store/scans/scan-table.ts";
import { overviewCounts } from "./overview-counts.ts";

type Deps = {
  rows: ReturnType<typeof certificateRows>;
  findings: ReturnType<typeof findingTable>;
  scans: ReturnType<typeof scanTable>;
  scope: ReturnType<typeof inventoryTable>;
};

const WEEKS = 12;

/** As many of the next to expire, and half as many of the last that have. */
const MOST_NEXT = 8;
const MOST_EXPIRED = 4;

/** Places that a row of the overview names. */
const PLACES = 3;

/** What the first page shows. */
export function overview(db: Database, { rows, findings, scans, scope }: Deps) {
  const counts = overviewCounts(db, { scope });
  const next = db.prepare<{ now: string; limit: number }, Row>(`
    SELECT ${COLUMNS}, ${DATE_COLUMNS} FROM certificate
    WHERE is_seen = 1 AND not_after >= @now AND not_after < 'u'
    ORDER BY not_after, id
    LIMIT @limit`);
  const expired = db.prepare<{ now: string; limit: number }, Row>(`
    SELECT ${COLUMNS}, ${DATE_COLUMNS} FROM certificate
    WHERE is_seen = 1 AND not_after < @now
    ORDER BY not_after DESC, id DESC
    LIMIT @limit`);

  return {
    read(now: Date): Overview {
      const lastScan = scans.latest();
      return {
        isEmpty: lastScan === null,
        ...counts.read(now),
        findings: findings.counts(now),
        expiryByWeek: Array.from({ length: WEEKS }, (_, week) => ({
          from: toInstant(addDays(now, week * 7)),
          count: counts.expiring(addDays(now, week * 7), addDays(now, week * 7 + 7)),
        })),
        nextToExpire: nextToExpire(now),
        lastScan,
      };
    },
  };

  function nextToExpire(now: Date): CertificateRow[] {
    const at = toInstant(now);
    const found = [
      ...expired.all({ now: at, limit: MOST_EXPIRED }).reverse(),
      ...next.all({ now: at, limit: MOST_NEXT }),
    ];
    return found.map((row) => rows.toRow(row, PLACES, now));
  }
}
