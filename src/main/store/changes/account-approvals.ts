import type { Database } from "better-sqlite3";
import type { Approval } from "#shared/model/access/change.ts";
import type { Instant } from "#shared/model/instant.ts";

/** An account by what its approval is for: its name and its number. */
export type ApprovedAccount = { host: string; port: number; account: string; uid: number };

type Row = ApprovedAccount & { id: number; approval: number | null; isGone: number };

/**
 * The condition for an account to be a request that nobody has approved: it was not there at the baseline. Without a
 * baseline none is. One that has returned is found as that.
 */
export const IS_UNAPPROVED_ACCOUNT = `gone_scan IS NULL AND approval IS NULL AND returned_at IS NULL AND kind <> 'system'
  AND first_scan > (SELECT scan FROM baseline)`;

/** Whether somebody gets in, or may. */
export const MAY_BE_ENTERED = "(grant_count > 0 OR password_state <> 'locked')";

/** The number of unapproved accounts that somebody gets into, or that nobody does; the triggers count them by scan. */
export const unapprovedAccountCount = (
  entry: "entered" | "shut",
): string => `(SELECT ifnull(sum(count), 0) FROM cached_count
  WHERE what > (SELECT 'new account ${entry} ' || printf('%010d', scan) FROM baseline) AND what < 'new account ${entry} ~')`;

/** The table of accounts, read by how long they have been there. */
export const ACCOUNTS_BY_FIRST_SCAN = "account INDEXED BY account_unapproved";

/** The scans since the baseline that have begun such an account: one seek in the index each. */
const newAfter = (scan: string): string => `SELECT min(first_scan) FROM ${ACCOUNTS_BY_FIRST_SCAN}
  WHERE gone_scan IS NULL AND approval IS NULL AND returned_at IS NULL AND kind <> 'system' AND first_scan > ${scan}`;
export const UNAPPROVED_ACCOUNT_SCANS = `
  WITH RECURSIVE begun (scan) AS (
    ${newAfter("(SELECT scan FROM baseline)")}
    UNION ALL SELECT (${newAfter("begun.scan")}) FROM begun WHERE begun.scan IS NOT NULL)
  SELECT id, started_at AS startedAt FROM scan WHERE id IN (SELECT scan FROM begun)`;

/** Approvals of accounts; triggers copy them to the accounts. */
export function accountApprovals(db: Database) {
  const find = db.prepare<[number], Row>(`
    SELECT id, host_name AS host, port, name AS account, uid, approval, gone_scan IS NOT NULL AS isGone
    FROM account
    WHERE id = ?`);
  const approve = db.prepare(`
    INSERT INTO account_approval (host, account, uid, owner, purpose, review_on, approved_at)
    SELECT host, name, uid, @owner, @purpose, @reviewOn, @at FROM account WHERE id = @id`);
  const withdraw = db.prepare(
    "UPDATE account_approval SET withdrawn_at = @at WHERE id = @approval AND withdrawn_at IS NULL",
  );

  return {
    /** Null when there is no such account. */
    find: (id: number): Row | null => find.get(id) ?? null,

    approve({ id }: Row, { approvedAt: at, ...approval }: Approval): void {
      const before = find.get(id)?.approval ?? null;
      if (before !== null) withdraw.run({ approval: before, at });
      approve.run({ ...approval, id, at });
    },

    /** False where it was not approved. */
    withdraw({ approval }: Row, at: Instant): boolean {
      if (approval === null) return false;
      return withdraw.run({ approval, at }).changes > 0;
    },
  };
}
