/** Unsigned results, compared with readings of their hosts: the run goes on with what a reading confirms. */
import { type ClaimedPart, evaluateClaim, type HostReading } from "#domain/runs/offline/evaluate-claim.ts";
import { locateResult, readMadeKey, readResult, type ScriptResult } from "#domain/runs/offline/result.ts";
import { readPublicKeyLine } from "#domain/ssh/key-blob.ts";
import type { inspectKeyFile } from "#net/local/inspect-key-file.ts";
import type { Announcement } from "#shared/contract/events.ts";
import { type Instant, toInstant } from "#shared/model/instant.ts";
import {
  type AccessHost,
  type AccessPlan,
  newKeyOf,
  offlinePlan,
  type PrivateKeyPlan,
} from "#shared/model/runs/plan.ts";
import type { ClaimEvaluation } from "#shared/model/runs/result-claim.ts";
import type { RunClaim, RunId } from "#shared/model/runs/run.ts";
import { formatResultSignature } from "#shared/text/runs/result-claim.ts";
import type { OfflineClaim } from "#store/runs/offline-table.ts";
import type { RunRecord } from "#store/runs/run-table.ts";
import type { Store } from "#store/store.ts";
import { findKeptKey, findOldHere, keepResult, settleVerified } from "./settle-result.ts";

type Facts = Pick<Store, "runbooks" | "pins">;

type Unsigned = {
  plan: AccessPlan;
  host: AccessHost;
  result: ScriptResult;
  /** When the script of the result was written. */
  writtenAt: Instant;
  newKey: ClaimedPart["newKey"];
  files: ClaimedPart["files"];
};

/** Evaluates an unsigned result by the last reading of its host. */
export function evaluateResult(
  { runbooks: { readings }, pins }: Facts,
  { plan, host, result, writtenAt, newKey, files }: Unsigned,
): ClaimEvaluation {
  const made = readMadeKey(plan, result);
  if (typeof made === "string") return { kind: "open", why: "other-key", path: null };
  const pinned = pins.find(host.host, host.port)?.fingerprint ?? null;
  const row = readings.find(host.host, host.port);
  const reading: HostReading | null = row && {
    ...row,
    files: row.files.map(({ path, realPath, base64 }) => ({
      path,
      realPath,
      bytes: new Uint8Array(Buffer.from(base64, "base64")),
    })),
  };
  return evaluateClaim({ result, made, writtenAt }, { plan, host, newKey, pinned, files }, reading);
}

type Evaluated = {
  evaluation: ClaimEvaluation;
  /** The claim and its host; null if only its outcome was kept. */
  kept: { plan: AccessPlan; host: AccessHost; result: ScriptResult; body: Uint8Array } | null;
};

function evaluate(store: Facts, run: RunRecord, { body, script }: OfflineClaim): Evaluated {
  const nothing = { evaluation: { kind: "open", why: "no-result", path: null }, kept: null } as const;
  const plan = offlinePlan(store.runbooks.plans.find(run.planId)?.plan);
  const result = body === null ? "" : readResult(body);
  if (!plan || body === null || typeof result === "string") return nothing;
  const host = locateResult(result, { plan, hash: run.planHash });
  if (typeof host === "string") return nothing;
  const newKey = run.newKey ?? providedKey(plan);
  const files = store.runbooks.files.all(run.id);
  const { writtenAt } = script;
  const evaluation = evaluateResult(store, { plan, host, result, writtenAt, newKey, files });
  return { evaluation, kept: { plan, host, result, body } };
}

function providedKey(plan: AccessPlan): ClaimedPart["newKey"] {
  const newKey = newKeyOf(plan);
  if (newKey?.kind !== "provided") return null;
  return { line: newKey.line, fingerprint: readPublicKeyLine(newKey.line)?.key.fingerprint ?? "" };
}

/** The claims of a run, each evaluated by the last reading of its host. */
export const listClaims = (store: Facts, run: RunRecord): RunClaim[] =>
  store.runbooks.offline.claims(run.id).map((claim) => {
    const { script, outcome, why, newKey, signature, importedAt } = claim;
    const { evaluation, kept } = evaluate(store, run, claim);
    return {
      host: script.host,
      port: script.port,
      phases: script.phases,
      outcome,
      why,
      newKey,
      signature: formatResultSignature(signature),
      importedAt,
      evaluation,
      keptKey: kept && (findKeptKey(kept)?.kept ?? null),
    };
  });

/** Evaluates one claim, by its digest; null: the run has no such claim. */
export function evaluateClaimOf(store: Facts, run: RunRecord, digest: string): ClaimEvaluation | null {
  const claim = store.runbooks.offline.claims(run.id).find((one) => one.digest === digest);
  return claim ? evaluate(store, run, claim).evaluation : null;
}

export type ConfirmDeps = {
  store: Store;
  inspectKeyFile: typeof inspectKeyFile;
  announce: (announcement: Announcement) => void;
  now: () => Date;
};

/** Goes on with a run by the claims that readings of its hosts confirm. Returns how many claims that were. */
export const createClaimConfirmer =
  ({ store, announce, now, ...deps }: ConfirmDeps) =>
  async (id: RunId): Promise<number> => {
    const { runs, plans, offline } = store.runbooks;
    const run = runs.find(id);
    const plan = offlinePlan(run && plans.find(run.planId)?.plan);
    if (!plan || offline.claims(id).length === 0) return 0;
    const oldHere = await findOldHere(plan, deps.inspectKeyFile);
    const at = toInstant(now());
    const confirmed = await store.queueWrite(
      () => offline.claims(id).filter((claim) => confirmOne(store, { id, claim, at, oldHere })).length,
    );
    if (confirmed > 0) announce({ kind: "run-changed", runId: id });
    return confirmed;
  };

type One = { id: RunId; claim: OfflineClaim; at: Instant; oldHere: readonly PrivateKeyPlan[] };

/** Settles it like a signed result. One after the other: what the first confirms (a key) is compared with the next. */
function confirmOne(store: Store, { id, claim, at, oldHere }: One): boolean {
  const run = store.runbooks.runs.find(id);
  if (!run) return false;
  const { evaluation, kept } = evaluate(store, run, claim);
  if (evaluation.kind !== "confirmed" || !kept) return false;
  const { plan, host, result, body } = kept;
  const { hostKey, person } = claim.signature;
  const signed = { hostKey, person, confirmed: { by: evaluation.by, at: evaluation.at } };
  const imported = { plan, host, result, signed, at, oldHere };
  const { script, newKey } = claim;
  keepResult(store, id, imported, { script: script.id, verifiedBy: evaluation.by, newKey, body });
  settleVerified(store, id, imported, newKey);
  return true;
}
