import type { Database } from "better-sqlite3";
import type { Instant } from "#shared/model/instant.ts";

/**
 * The condition for a grant to have returned: no line let its key in there any more, as a scan found, and it is there
 * again. What nobody removed by a run counts as agreed on while its approval stands, and anything that was approved
 * since.
 */
export const IS_RETURNED_GRANT = `gone_scan IS NULL AND returned_at IS NOT NULL AND (effective <> 'no' OR is_dormant = 1)
  AND NOT EXISTS (
    SELECT 1 FROM approval AS given
    WHERE given.id = grant_line.approval AND (grant_line.removed_by IS NULL OR given.approved_at >= grant_line.returned_at))`;

/** The condition for an account to have returned that somebody gets into, or may, and that nobody has approved since. */
export const IS_RETURNED_ACCOUNT = `gone_scan IS NULL AND returned_at IS NOT NULL AND kind <> 'system'
  AND (grant_count > 0 OR password_state <> 'locked')
  AND NOT EXISTS (
    SELECT 1 FROM account_approval AS given
    WHERE given.id = account.approval AND given.approved_at >= account.returned_at)`;

/** What a grant came back from: the scan that had found it gone, and the run that had removed it, if one had. */
export type GrantReturn = {
  wasGoneScan: number | null;
  returnedAt: Instant | null;
  removedBy: number | null;
};

const NOT_RETURNED: GrantReturn = { wasGoneScan: null, returnedAt: null, removedBy: null };

type NewGrant = {
  host: number;
  hostName: string;
  port: number;
  account: string;
  fingerprint: string | null;
  text: string;
};

type GoneRow = {
  goneScan: number;
  goneAt: Instant;
  wasGoneScan: number | null;
  returnedAt: Instant | null;
  removedBy: number | null;
};

/**
 * Finds what a new line comes back from. It is as returned as the lines of its key that let into the account, and as
 * those that went in the same scan (it has moved or changed): of them all, as the one that has returned, so that nobody
 * gets rid of a return by writing the line twice. Nothing comes back where an older bundle is imported late, and where a
 * run of ours has rolled back. No bare parameter where SQLite would plan anew for each row (decision 0044).
 */
export function returnFinder(db: Database) {
  const findStanding = db.prepare<[string, number, string], GrantReturn>(`
    SELECT was_gone_scan AS wasGoneScan, returned_at AS returnedAt, removed_by AS removedBy
    FROM grant_line INDEXED BY grant_usable
    WHERE fingerprint = CAST(? AS TEXT) AND host = CAST(? AS INTEGER) AND account = CAST(? AS TEXT)
      AND gone_scan IS NULL AND effective <> 'no'
    ORDER BY returned_at DESC
    LIMIT 1`);
  const findGone = db.prepare<[string, number, string], GoneRow>(`
    SELECT gone_scan AS goneScan, (SELECT started_at FROM scan WHERE scan.id = gone_scan) AS goneAt,
      was_gone_scan AS wasGoneScan, returned_at AS returnedAt, removed_by AS removedBy
    FROM grant_line INDEXED BY grant_gone_by_key
    WHERE fingerprint = CAST(? AS TEXT) AND host = CAST(? AS INTEGER) AND account = CAST(? AS TEXT)
      AND gone_scan IS NOT NULL AND fingerprint IS NOT NULL
    ORDER BY gone_scan DESC, returned_at DESC
    LIMIT 1`);
  const startOf = db.prepare<[number], Instant>("SELECT started_at FROM scan WHERE id = ?").pluck();
  const removedBy = db
    .prepare<[string, string, number, string, string], number>(`
      SELECT run FROM run_access_check INDEXED BY access_check_of_key
      WHERE fingerprint = CAST(? AS TEXT) AND host = CAST(? AS TEXT) AND port = CAST(? AS INTEGER)
        AND account = CAST(? AS TEXT) AND at <= CAST(? AS TEXT)
      ORDER BY at DESC, run DESC
      LIMIT 1`)
    .pluck();
  const isRolledBack = db
    .prepare<object, number>(`
      SELECT 1 FROM run JOIN plan ON plan.id = run.plan
      WHERE run.direction = 'back' AND ifnull(run.ended_at, '~') >= @goneAt
        AND EXISTS (
          SELECT 1 FROM plan_host
          WHERE plan_host.plan = plan.id AND plan_host.host = @hostName AND plan_host.port = @port)
        AND (instr(plan.body, @fingerprint) > 0 OR instr(plan.body, trim(json_quote(@text), '"')) > 0)
      LIMIT 1`)
    .pluck();

  return (grant: NewGrant, scanId: number): GrantReturn => {
    const { fingerprint, host, hostName, port, account, text } = grant;
    if (fingerprint === null) return NOT_RETURNED;
    const standing = findStanding.get(fingerprint, host, account);
    if (standing && standing.returnedAt !== null) return standing;
    const gone = findGone.get(fingerprint, host, account);
    if (!gone) return NOT_RETURNED;
    const { goneScan, goneAt, ...before } = gone;
    if (goneScan === scanId) return before;
    const at = startOf.get(scanId) ?? "";
    const isLater = at === goneAt ? scanId > goneScan : at > goneAt;
    if (!isLater || standing) return NOT_RETURNED;
    if (isRolledBack.get({ goneAt, hostName, port, fingerprint, text }) !== undefined) return NOT_RETURNED;
    return {
      wasGoneScan: goneScan,
      returnedAt: at,
      removedBy: removedBy.get(fingerprint, hostName, port, account, at) ?? null,
    };
  };
}
