import type { Database } from "better-sqlite3";
import type { Instant } from "#shared/model/instant.ts";
import type { RunId } from "#shared/model/run.ts";

/** An account of a host, for which somebody has approved a run's new key. */
export type ApprovedAccount = { host: string; port: number; account: string; at: Instant; who: string };

export type Confirmations = {
  /** The signature of the run's challenge, armored; null where none was brought. */
  signature: string | null;
  approvals: ApprovedAccount[];
};

type Row = ApprovedAccount & { kind: "signature" | "approval"; evidence: string };
type Said = { run: RunId; at: Instant; who: string };

/** What people have said of the new keys of runs; a signature is checked by whoever acts on it. */
export function confirmationTable(db: Database) {
  const all = db.prepare<[number], Row>(
    "SELECT kind, host, port, account, at, who, evidence FROM run_confirmation WHERE run = ? ORDER BY kind, host, port, account",
  );
  const put = db.prepare(`
    INSERT INTO run_confirmation (run, kind, host, port, account, at, who, evidence)
    VALUES (@run, @kind, @host, @port, @account, @at, @who, @evidence)
    ON CONFLICT DO UPDATE SET at = @at, who = @who, evidence = @evidence`);

  return {
    of(run: RunId): Confirmations {
      const rows = all.all(run);
      const signature = rows.find(({ kind }) => kind === "signature")?.evidence ?? null;
      const approvals = rows.filter(({ kind }) => kind === "approval");
      return {
        signature,
        approvals: approvals.map(({ host, port, account, at, who }) => ({ host, port, account, at, who })),
      };
    },

    sign: (said: Said, signature: string): void =>
      void put.run({ ...said, kind: "signature", host: "", port: 0, account: "", evidence: signature }),

    approve: (said: Said, { host, port, account }: { host: string; port: number; account: string }): void =>
      void put.run({ ...said, kind: "approval", host, port, account, evidence: "" }),
  };
}
