import type { Database } from "better-sqlite3";
import type { Instant } from "#shared/model/instant.ts";
import type { PlanId } from "#shared/model/runs/plan.ts";
import { ResultSignature } from "#shared/model/runs/result-claim.ts";
import { Phase, type RunId, ScriptOutcome } from "#shared/model/runs/run.ts";
import { fromStored, toStored } from "./stored-json.ts";

/** A script that was written. `id`: a higher one was written later. */
export type OfflineScript = {
  id: number;
  planId: number;
  host: string;
  port: number;
  phases: Phase[];
  writtenAt: Instant;
};

/** Whose signature verifies a result, or which reading of the host has confirmed it. */
export type VerifiedBy = "host" | "person" | "scan" | "bundle";

/** A result that was imported. */
export type OfflineResult = {
  digest: string;
  script: number;
  run: RunId;
  /** Null: it is a claim, and nothing follows from it. */
  verifiedBy: VerifiedBy | null;
  signature: ResultSignature;
  outcome: ScriptOutcome;
  why: string;
  endedAt: Instant;
  newKey: { line: string; fingerprint: string } | null;
  importedAt: Instant;
  /** The result as it came. */
  body: Uint8Array;
};

/** A result from which nothing follows so far. `body`: null where it was imported before bodies were stored. */
export type OfflineClaim = Pick<
  OfflineResult,
  "digest" | "signature" | "outcome" | "why" | "newKey" | "importedAt"
> & {
  script: OfflineScript;
  body: Uint8Array | null;
};

type NewScript = {
  nonce: string;
  planId: PlanId;
  host: string;
  port: number;
  phases: readonly Phase[];
  at: Instant;
};

type ScriptRow = {
  id: number;
  plan: number;
  host: string;
  port: number;
  phases: string;
  written_at: Instant;
};

type ClaimRow = ScriptRow & {
  digest: string;
  outcome: string;
  why: string;
  key_line: string | null;
  fingerprint: string | null;
  signature: string;
  imported_at: Instant;
  body: Uint8Array | null;
};

/** Scripts that were written to be run by a person, and the results that came back from them. */
export function offlineTable(db: Database) {
  const addScript = db.prepare(`
    INSERT INTO offline_script (nonce, plan, host, port, phases, written_at)
    VALUES (@nonce, @planId, @host, @port, @phases, @at)`);
  const find = db.prepare<[string], ScriptRow>(
    "SELECT id, plan, host, port, phases, written_at FROM offline_script WHERE nonce = ?",
  );
  const put = db.prepare(`
    INSERT INTO offline_result
      (digest, script, run, verified_by, signature, outcome, why, ended_at, key_line, fingerprint, imported_at,
        body)
    VALUES (@digest, @script, @run, @verifiedBy, @signature, @outcome, @why, @endedAt, @line, @fingerprint, @importedAt,
      @body)
    ON CONFLICT (digest) DO UPDATE SET
      verified_by = excluded.verified_by, signature = excluded.signature, imported_at = excluded.imported_at,
      body = excluded.body`);
  const dropClaims = db.prepare("DELETE FROM offline_result WHERE script = ? AND verified_by IS NULL");
  const findResult = db.prepare<
    [string],
    { verified_by: VerifiedBy | null; signature: string; has_body: number }
  >("SELECT verified_by, signature, body IS NOT NULL AS has_body FROM offline_result WHERE digest = ?");
  const isOlder = db
    .prepare<{ plan: number; host: string; port: number; script: number; endedAt: string }, number>(`
      SELECT count(*)
      FROM offline_result AS result
      JOIN offline_script AS script ON script.id = result.script
      WHERE script.plan = @plan AND script.host = @host AND script.port = @port AND result.verified_by IS NOT NULL
        AND (script.id > @script OR (script.id = @script AND result.ended_at > @endedAt))`)
    .pluck();
  const claims = db.prepare<[number], ClaimRow>(`
    SELECT script.id, script.plan, script.host, script.port, script.phases, script.written_at, result.digest,
      result.outcome, result.why, result.key_line, result.fingerprint, result.signature, result.imported_at, result.body
    FROM offline_result AS result
    JOIN offline_script AS script ON script.id = result.script
    WHERE result.run = ? AND result.verified_by IS NULL AND NOT EXISTS (
      SELECT 1
      FROM offline_script AS later
      JOIN offline_result AS verified ON verified.script = later.id AND verified.verified_by IS NOT NULL
      WHERE later.plan = script.plan AND later.host = script.host AND later.port = script.port
        AND later.id >= script.id)
    ORDER BY script.id`);

  return {
    addScript: ({ phases, ...script }: NewScript): void =>
      void addScript.run({ ...script, phases: toStored(Phase.array(), [...phases]) }),

    /** The script that has this nonce. */
    findScript(nonce: string): OfflineScript | null {
      const row = find.get(nonce);
      return row ? toScript(row) : null;
    },

    /**
     * Stores a result, in place of earlier claims of its script: a result that comes again, with a good signature, is
     * no longer a claim. Call it within a transaction.
     */
    putResult({ newKey, body, signature, ...result }: OfflineResult): void {
      dropClaims.run(result.script);
      put.run({
        ...result,
        signature: toStored(ResultSignature, signature),
        body: Buffer.from(body),
        line: newKey?.line ?? null,
        fingerprint: newKey?.fingerprint ?? null,
      });
    },

    /**
     * Whether this very result was imported, and what has verified it; `verifiedBy` null for a claim; null where it was
     * not imported.
     */
    findResult(
      digest: string,
    ): { verifiedBy: VerifiedBy | null; signature: ResultSignature; hasBody: boolean } | null {
      const row = findResult.get(digest);
      return row
        ? {
            verifiedBy: row.verified_by,
            signature: readSignature(row.signature),
            hasBody: row.has_body === 1,
          }
        : null;
    },

    /** Whether there is a verified result of that host from a script that was written later, or that ended later. */
    isOlder: ({ id, planId, host, port }: OfflineScript, endedAt: Instant): boolean =>
      (isOlder.get({ plan: planId, host, port, script: id, endedAt }) ?? 0) > 0,

    /** The claims of a run: results that no verified one of the same host has replaced. */
    claims: (run: RunId): OfflineClaim[] => claims.all(run).map(toClaim),
  };
}

/** A signature that cannot be read counts as none. */
const readSignature = (text: string): ResultSignature =>
  fromStored(ResultSignature, text) ?? { hostKey: null, person: { kind: "none" }, confirmed: null };

const toScript = ({
  id,
  plan: planId,
  host,
  port,
  phases,
  written_at: writtenAt,
}: ScriptRow): OfflineScript => ({
  id,
  planId,
  host,
  port,
  writtenAt,
  phases: fromStored(Phase.array(), phases) ?? [],
});

const toClaim = (row: ClaimRow): OfflineClaim => {
  const { digest, outcome, why, signature, key_line: line, fingerprint, imported_at: importedAt, body } = row;
  return {
    digest,
    why,
    signature: readSignature(signature),
    importedAt,
    script: toScript(row),
    outcome: ScriptOutcome.parse(outcome),
    newKey: line !== null && fingerprint !== null ? { line, fingerprint } : null,
    body: body && new Uint8Array(body),
  };
};
