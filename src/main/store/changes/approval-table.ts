import type { Database } from "better-sqlite3";
import type { Approval } from "#shared/model/access/change.ts";
import type { Instant } from "#shared/model/instant.ts";
import { orphanClock } from "#store/access/grant-writer.ts";

/** A grant by the line that an approval is for. */
export type ApprovedLine = { host: string; account: string; file: string; fingerprint: string | null };

type Row = ApprovedLine & { id: number; approval: number | null; isGone: number };

/** Approvals of grants; triggers copy them to the grants. */
export function approvalTable(db: Database) {
  const find = db.prepare<[number], Row>(`
    SELECT id, host_name AS host, account, file, fingerprint, approval, gone_scan IS NOT NULL AS isGone
    FROM grant_line
    WHERE id = ?`);
  const approve = db.prepare(`
    INSERT INTO approval (host, account, file, text, owner, purpose, review_on, approved_at)
    SELECT host, account, file, text, @owner, @purpose, @reviewOn, @at FROM grant_line WHERE id = @grant`);
  const withdraw = db.prepare(
    "UPDATE approval SET withdrawn_at = @at WHERE id = @approval AND withdrawn_at IS NULL",
  );
  const of = db.prepare<[number], Approval>(`
    SELECT owner, purpose, review_on AS reviewOn, approved_at AS approvedAt FROM approval WHERE id = ?`);
  const dateOrphans = orphanClock(db);

  return {
    /** Null when there is no such grant. */
    findLine: (grant: number): Row | null => find.get(grant) ?? null,

    /** The approval that a grant's row names. */
    find: (approval: number): Approval | null => of.get(approval) ?? null,

    /** Where a line stands in its file twice, this approves both. */
    approve(grant: Row, { approvedAt: at, ...approval }: Approval): void {
      if (find.get(grant.id)?.approval !== grant.approval) return;
      if (grant.approval !== null) withdraw.run({ approval: grant.approval, at });
      approve.run({ ...approval, grant: grant.id, at });
      dateOrphans(at);
    },

    /** False where it was not approved. */
    withdraw(grant: Row, at: Instant): boolean {
      if (grant.approval === null) return false;
      withdraw.run({ approval: grant.approval, at });
      dateOrphans(at);
      return true;
    },
  };
}
