/**
 * Runs that scripts execute, on hosts that cannot be reached from here: what their scripts are, and what the results say that
 * people carry back. A kind of run gets them as a part: the code of a run that is executed from here uses none of this.
 */
import {
  findContradiction,
  isHeld,
  locateResult,
  readMadeKey,
  readResult,
  type ScriptResult,
} from "#domain/runs/offline/result.ts";
import { verifyHostSignature } from "#domain/signatures/ssh-signature.ts";
import type { inspectKeyFile } from "#net/local/inspect-key-file.ts";
import { isOffline } from "#runs/engine/runbook.ts";
import type { OfflineRuns } from "#runs/kind.ts";
import type { Announcement } from "#shared/contract/events.ts";
import type { BundleSignature } from "#shared/model/hosts/bundle.ts";
import { type Instant, MOST_AHEAD_SECONDS, toInstant } from "#shared/model/instant.ts";
import { Refusal } from "#shared/model/refusal.ts";
import type { ImportedResult, ResultInput } from "#shared/model/runs/offline-script.ts";
import { RESULT_NAMESPACE } from "#shared/model/runs/offline-script.ts";
import {
  type AccessHost,
  type AccessPlan,
  offlinePlan,
  type PlanHash,
  type PlanId,
} from "#shared/model/runs/plan.ts";
import type { ResultSignature } from "#shared/model/runs/result-claim.ts";
import type { RunClaim, RunId } from "#shared/model/runs/run.ts";
import { formatHost } from "#shared/text/hosts/target.ts";
import { formatClaimEvaluation, formatResultSignature } from "#shared/text/runs/result-claim.ts";
import type { OfflineScript, VerifiedBy } from "#store/runs/offline-table.ts";
import type { RunRecord } from "#store/runs/run-table.ts";
import type { Store } from "#store/store.ts";
import { createClaimConfirmer, evaluateClaimOf, listClaims } from "./claims.ts";
import { createScriptExport, type ExportDeps } from "./export-scripts.ts";
import { beginOffline, findOldHere, keepResult, noteClaim, settle, settleVerified } from "./settle-result.ts";

export type OfflineRunDeps = ExportDeps & ResultDeps;

export const createOfflineRuns = (deps: OfflineRunDeps): OfflineRuns => ({
  exportScripts: createScriptExport(deps),
  importResult: createResultTaker(deps),
  confirmClaims: createClaimConfirmer(deps),
  listClaims: (run) => listClaims(deps.store, run),
  refuseUnconfirmed: (run) => refuseUnconfirmed(run, listClaims(deps.store, run)),
});

/** Says why a run that is executed offline cannot go on from here. */
function refuseUnconfirmed(run: { id: number }, claims: readonly RunClaim[]): never {
  const said = claims.map(
    ({ host, port, evaluation }) => `${formatHost({ host, port })}: ${formatClaimEvaluation(evaluation)}`,
  );
  const why = said.length === 0 ? "" : `; of what was claimed, nothing is confirmed (${said.join("; ")})`;
  throw new Refusal(
    "conflict",
    `run ${run.id} is executed offline: run its scripts on their hosts once more, and import their results${why}`,
  );
}

type ResultDeps = VerifyDeps & {
  store: Store;
  /** What is at the path of a private key here. */
  inspectKeyFile: typeof inspectKeyFile;
  announce: (announcement: Announcement) => void;
  now: () => Date;
};

/**
 * Imports the result of an offline script into its run: one run a plan, which is over once every host has a result. A
 * result without a valid signature is a claim: it is stored, and changes no step and no key, until a reading of its
 * host confirms it.
 */
export function createResultTaker({ store, verifyResultSignature, announce, now, ...deps }: ResultDeps) {
  const { runs, files } = store.runbooks;
  const confirmClaims = createClaimConfirmer({ store, announce, now, ...deps });

  return async ({ base64, ...input }: ResultInput): Promise<ImportedResult> => {
    const bytes = Buffer.from(base64, "base64");
    const result = readResult(bytes);
    if (typeof result === "string") throw new Refusal("invalid-input", result);
    const { planId, plan, known } = findPlan(store, result.plan);
    const host = locateResult(result, { plan, hash: result.plan });
    if (typeof host === "string") throw new Refusal("invalid-input", host);
    const script = findScript(store, planId, result);
    const { by, signature } = verifyResult({ store, verifyResultSignature }, { result, host, input, bytes });
    const contradiction = findContradiction(result, { plan, host, files: known ? files.all(known.id) : [] });
    if (contradiction) throw new Refusal("invalid-input", contradiction);
    const newKey = takeKey(plan, result, { by, known: known?.newKey?.line ?? null });
    const endedAt = toInstant(new Date(result.ended * 1_000));
    const news = evaluateNews(store, { result, by, script, endedAt });
    const at = toInstant(now());
    if (news === "new") refuseFuture(result, at);
    const oldHere = await findOldHere(plan, deps.inspectKeyFile);
    const imported = { plan, host, result, signed: signature, at, oldHere };
    const isNews = news === "new" || (by !== null && known?.state === "needs-attention");
    const kept = { script: script.id, verifiedBy: by, newKey, body: bytes };
    const takeIn = () => {
      const id = known?.id ?? beginOffline(store, planId, imported);
      keepResult(store, id, imported, kept);
      if (by === null) noteClaim(store, id, imported);
      else if (news === "new") settleVerified(store, id, imported, newKey);
      else settle(store, id, imported);
      return id;
    };
    const runId = known && !isNews ? known.id : await store.queueWrite(takeIn);
    if (isNews) announce({ kind: "run-changed", runId });
    const confirmed = await confirmClaims(runId);
    const { digest, outcome } = result;
    const { state, message } = runs.find(runId) ?? { state: "stopped" as const, message: "" };
    const found = findImported(store, runId, digest);
    return {
      runId,
      state,
      host: host.host,
      port: host.port,
      outcome,
      message,
      newKey,
      verifiedBy: found?.verifiedBy ?? by,
      signature: formatResultSignature(found?.signature ?? signature),
      leftOut: result.leftOut.flatMap(({ index }) => host.files[index]?.path ?? []),
      evaluation: found?.evaluation ?? null,
      wasKnown: news === "same" && confirmed === 0,
    };
  };
}

/** The plan of a result, and its run, if there is one. */
function findPlan(
  { runbooks: { plans, runs } }: Store,
  hash: PlanHash,
): {
  planId: PlanId;
  plan: AccessPlan;
  known: RunRecord | null;
} {
  const found = plans.findByHash(hash);
  const plan = offlinePlan(found?.plan);
  if (!found || !plan)
    throw new Refusal(
      "not-found",
      "the plan of this result is not known here; take it in first, as it was exported",
    );
  const known = found.runId === null ? null : runs.find(found.runId);
  if (known && !isOffline(known))
    throw new Refusal(
      "conflict",
      `plan ${found.id} was run from here, as run ${known.id}: its result is there`,
    );
  return { planId: found.id, plan, known };
}

/** The script that has written it, which was exported here. */
function findScript({ runbooks: { offline } }: Store, planId: PlanId, result: ScriptResult): OfflineScript {
  const script = offline.findScript(result.nonce);
  const isOfIt =
    script?.planId === planId &&
    script.host === result.host &&
    script.port === result.port &&
    script.phases.join() === result.phases.join();
  if (script && isOfIt) return script;
  throw new Refusal(
    "invalid-input",
    `the result is of no script that was written here for ${formatHost(result)}: run one that was, and import its result`,
  );
}

type News = "new" | "same";

type EvaluatedResult = {
  result: ScriptResult;
  by: VerifiedBy | null;
  script: OfflineScript;
  endedAt: Instant;
};

/** The state of a result by now: as it was imported, or as a reading of its host has confirmed it since. */
function findImported(store: Store, runId: RunId, digest: string) {
  const row = store.runbooks.offline.findResult(digest);
  if (!row) return null;
  const run = row.verifiedBy === null ? store.runbooks.runs.find(runId) : null;
  return { ...row, evaluation: run && (evaluateClaimOf(store, run, digest) ?? null) };
}

/** A claim that comes again with a valid signature is news. */
function evaluateNews(
  { runbooks: { offline } }: Store,
  { result, by, script, endedAt }: EvaluatedResult,
): News {
  const before = offline.findResult(result.digest);
  if (before && (before.verifiedBy !== null || (by === null && before.hasBody))) return "same";
  if (offline.isOlder(script, endedAt))
    throw new Refusal(
      "conflict",
      `a result of ${formatHost(result)} that ended later, or of a script that was written later, was taken already`,
    );
  return "new";
}

/** If it were imported, the true results after it would look old. */
function refuseFuture(result: ScriptResult, at: Instant): void {
  if (result.ended <= Date.parse(at) / 1_000 + MOST_AHEAD_SECONDS) return;
  const ended = toInstant(new Date(result.ended * 1_000));
  throw new Refusal(
    "invalid-input",
    `the result is from the future: by the clock of ${formatHost(result)} its script ended at ${ended}, and by this computer's it is ${at}; set the clock that is wrong, and run the script there once more`,
  );
}

/**
 * The key that was created there: a verified result must show that the host has its private key, and that it is always
 * the same key. A key that is known by now does not show where its private key is: a result that says that something is
 * done shows that anew.
 */
function takeKey(
  plan: AccessPlan,
  result: ScriptResult,
  { by, known }: { by: VerifiedBy | null; known: string | null },
) {
  const made = readMadeKey(plan, result);
  if (typeof made === "string") throw new Refusal("invalid-input", made);
  if (made === null || by === null) return made;
  if (known !== null && known !== made.line)
    throw new Refusal("conflict", "the result has another new key than the one that was made first");
  if ((known === null || CLAIMS_DONE.has(result.outcome)) && !isHeld(made, result))
    throw new Refusal(
      "invalid-input",
      `the result does not show that ${formatHost(result)} holds the new key ${made.fingerprint}: its ssh-keygen cannot sign (that of OpenSSH 8.1 can), or the key was exchanged; make one elsewhere, and name it by --new-key`,
    );
  return made;
}

const CLAIMS_DONE: ReadonlySet<ScriptResult["outcome"]> = new Set(["committed", "done", "added"]);

type VerifyDeps = {
  verifyResultSignature: (input: Omit<ResultInput, "base64">, bytes: Uint8Array) => BundleSignature;
};

type OfflineHostResult = {
  result: ScriptResult;
  host: AccessHost;
  input: Omit<ResultInput, "base64">;
  bytes: Uint8Array;
};

/** `by`: null if no signature is valid for it. */
type Verified = { by: VerifiedBy | null; signature: ResultSignature };

/**
 * Which signature is valid for a result: that of the host's pinned key, or of a person who is known and not former. One
 * by another host's key is refused: the result was not written where it says. If no key of the host is known, no host
 * signature is valid.
 */
function verifyResult(
  { store, verifyResultSignature }: VerifyDeps & { store: Pick<Store, "pins"> },
  { result, host, input, bytes }: OfflineHostResult,
): Verified {
  const person = verifyResultSignature(input, bytes);
  const hostKey = verifyByHost(store, result, host);
  const by = hostKey !== null ? "host" : person.kind === "known" ? "person" : null;
  return { by, signature: { hostKey, person, confirmed: null } };
}

/** The host's key that has signed it; null: there is no signature of a host key that could be checked. */
function verifyByHost({ pins }: Pick<Store, "pins">, result: ScriptResult, host: AccessHost): string | null {
  if (result.hostSignature === null) return null;
  const pinned = host.hostKey;
  if (pinned === "") return null;
  const checked = verifyHostSignature(result.hostSignature, result.signed, {
    pinned,
    namespace: RESULT_NAMESPACE,
  });
  switch (checked.kind) {
    case "verified":
      break;
    case "other":
      throw new Refusal(
        "invalid-input",
        `the result of ${formatHost(host)} is signed by the host key ${checked.fingerprint}, and that host has ${pinned}: it was written elsewhere`,
      );
    case "bad":
      throw new Refusal(
        "invalid-input",
        `the signature of ${formatHost(host)} is not of this result: one of them was changed`,
      );
    case "unsupported":
      return null;
  }
  const now = pins.find(host.host, host.port)?.fingerprint ?? pinned;
  if (now !== pinned)
    throw new Refusal(
      "conflict",
      `the result of ${formatHost(host)} is signed by the host key ${pinned}, and ${now} is pinned by now: plan again`,
    );
  return pinned;
}
