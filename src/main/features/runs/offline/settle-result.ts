import { ACCESS_RULES } from "#domain/runs/access/rules.ts";
import { findRemainingOfRun } from "#domain/runs/left-out-files.ts";
import { type ImportedState, type ScriptResult, stateOf } from "#domain/runs/offline/result.ts";
import { isInParts, mainPhase, partsOf, phaseOfScript } from "#domain/runs/offline/script-parts.ts";
import { privateKeyOf, tokenOf } from "#domain/runs/offline/write-script.ts";
import type { inspectKeyFile } from "#net/local/inspect-key-file.ts";
import { nameKept } from "#net/local/private-keys/replace-private-key.ts";
import { quoteWord } from "#net/ssh/session/remote-session.ts";
import { toSteps } from "#runs/engine/journal.ts";
import { refusedAt } from "#runs/engine/runbook.ts";
import { leftOutReason } from "#runs/kinds/access/hold-folders.ts";
import { formatByHand } from "#runs/kinds/by-hand.ts";
import { countsOf } from "#runs/planning/plans.ts";
import { type Instant, toInstant } from "#shared/model/instant.ts";
import { isHostRefusal } from "#shared/model/runs/host-refusal.ts";
import {
  type AccessHost,
  type AccessPlan,
  newKeyOf,
  type PlanHash,
  type PlanId,
  type PrivateKeyPlan,
  privateKeysHere,
} from "#shared/model/runs/plan.ts";
import type { ResultSignature } from "#shared/model/runs/result-claim.ts";
import type { KeptKey, RunFile, RunId, RunState, RunStep } from "#shared/model/runs/run.ts";
import type { RunReason } from "#shared/model/runs/run-note.ts";
import type { Cause, PlainCause, StepResult } from "#shared/model/runs/step-result.ts";
import type { VerifiedBy } from "#store/runs/offline-table.ts";
import type { Store } from "#store/store.ts";

/** The token of the one run that all offline results of a plan belong to. */
const offlineToken = (plan: PlanHash): string => `offline${plan.slice(0, 24)}`;

/** A result, with its host and plan. `signed`: who has signed it. */
type ImportedResult = {
  plan: AccessPlan;
  host: AccessHost;
  result: ScriptResult;
  signed: ResultSignature;
  at: Instant;
  /** Private keys on this computer that are still to be replaced. */
  oldHere: readonly PrivateKeyPlan[];
};

/** Begins the one run that all offline results of a plan belong to. */
export function beginOffline(
  { runbooks, events }: Store,
  planId: PlanId,
  { plan, result, at }: ImportedResult,
): RunId {
  const { kind, title } = plan;
  const token = offlineToken(result.plan);
  const id = runbooks.runs.begin({
    planId,
    token,
    origin: "offline",
    kind,
    title,
    acknowledgements: [],
    at,
    counts: countsOf(plan),
  });
  runbooks.journal.addSteps(id, toSteps(ACCESS_RULES, plan));
  events.append({
    at,
    kind: "run-started",
    detail: { run: id, plan: planId, hash: result.plan, offline: true },
  });
  return id;
}

/** What is stored beside what a result says: its script, by what it is verified, and its bytes as they came. */
type KeptResult = { script: number; verifiedBy: VerifiedBy | null; newKey: MadeKey | null; body: Uint8Array };

type MadeKey = { line: string; fingerprint: string };

export function keepResult(
  { runbooks: { offline } }: Store,
  id: RunId,
  { result, signed: signature, at: importedAt }: ImportedResult,
  { script, verifiedBy, newKey, body }: KeptResult,
): void {
  const { digest, outcome, why, ended } = result;
  const endedAt = toInstant(new Date(ended * 1_000));
  offline.putResult({
    digest,
    script,
    run: id,
    verifiedBy,
    signature,
    outcome,
    why,
    endedAt,
    newKey,
    importedAt,
    body,
  });
}

/** Goes on with the run by what a signature or a reading of the host has verified. */
export function settleVerified(
  store: Store,
  id: RunId,
  imported: ImportedResult,
  newKey: MadeKey | null,
): void {
  if (newKey) store.runbooks.runs.setKey(id, newKey);
  noteLeftOut(store, id, imported);
  const kept = findKeptKey(imported);
  if (kept) store.runbooks.keptKeys.put(id, kept);
  note(store, id, imported);
  settle(store, id, imported);
}

/** The path in the plan of the old private key that a committed result says it has kept; null: it says so of none. */
export function findKeptKey({
  plan,
  host,
  result,
}: Pick<ImportedResult, "plan" | "host" | "result">): KeptKey | null {
  const keepsOldKey = result.keepsOldKey && result.outcome === "committed";
  const privateKey = keepsOldKey ? privateKeyOf(plan, host)?.privateKey : null;
  if (!privateKey || privateKey.before === null) return null;
  const { path, before } = privateKey;
  return { host: host.host, port: host.port, path, kept: nameKept(path, before) };
}

/** Writes which accounts a verified result leaves out; a result that got to its end leaves out no others. */
function noteLeftOut({ runbooks: { files } }: Store, id: RunId, { result, host }: ImportedResult): void {
  const { outcome, phases, leftOut } = result;
  const isOfFiles = phases.includes("grant") || phases.includes("revoke");
  if (isOfFiles && WITH_END.has(outcome)) files.include(id, host.host, host.port);
  const leftFromAdd = new Set(leftOut.flatMap(({ index, phase }) => (phase === "grant" ? [index] : [])));
  for (const { index, phase, reason } of leftOut)
    files.put(id, {
      host: host.host,
      port: host.port,
      path: pathOf(host, index),
      phase: leftFromAdd.has(index) ? "grant" : phase,
      fate: "left-out",
      cause: whyLeft(host, index, reason),
      takeOut: [],
      putBack: [],
      repair: null,
    });
}

const WITH_END: ReadonlySet<ScriptResult["outcome"]> = new Set(["committed", "done", "added"]);

const pathOf = ({ files }: AccessHost, index: number): string => files[index]?.path ?? "";

const whyLeft = (host: AccessHost, index: number, reason: string): PlainCause =>
  refusedAt({ why: isHostRefusal(reason) ? reason : "unknown", detail: "" }, pathOf(host, index));

/** Writes what a verified result says of the steps of its host. */
function note(
  { runbooks: { journal } }: Store,
  id: RunId,
  { result, host: of, signed, at }: ImportedResult,
): void {
  const endedAt = toInstant(new Date(result.ended * 1_000));
  const about = { kind: "result", host: of.host, port: of.port, endedAt, digest: result.digest } as const;
  journal.append({ runId: id, ordinal: null, kind: "note", note: about, at });
  for (const { ordinal, host, port, phase: ofRun, state: was } of journal.steps(id)) {
    const phase = phaseOfScript(ofRun);
    if (host !== result.host || port !== result.port || !result.phases.includes(phase)) continue;
    const state = stateOf(result, of, phase);
    if (state === null || (result.outcome === "failed" && was === "verified")) continue;
    const came: StepResult = {
      kind: "imported",
      end: endOfScript(result, state),
      why: state === "verified" ? "" : result.why,
      kept: state === "needs-attention" ? result.kept || null : null,
      unended: phase === result.phases.at(-1) ? whyUnended(result, of) : [],
      signature: signed,
    };
    journal.setStep({ runId: id, ordinal, state, result: came, at });
    journal.append({ runId: id, ordinal, kind: ENTRIES[state], result: came, at });
  }
}

/** Where an account keeps what a script has created there: nothing of it is needed any more. */
const whyUnended = ({ unended }: ScriptResult, host: AccessHost): Cause[] =>
  unended.map(({ index, reason }) => whyLeft(host, index, reason));

/** Writes that a result claims something: no step changes by it. */
export function noteClaim(
  { runbooks: { journal, runs, files } }: Store,
  id: RunId,
  { plan, host: { host, port }, result, signed: signature, at }: ImportedResult,
): void {
  const note = { kind: "claim", host, port, outcome: result.outcome, signature } as const;
  journal.append({ runId: id, ordinal: null, kind: "note", note, at });
  const end = endOf(plan, journal.steps(id), files.all(id));
  if (end.state === "waiting") runs.setState({ id, ...end, byHand: [], endedAt: null });
}

/**
 * The state of the run, or its end. The private keys here have no script: their step is done once they are seen
 * replaced.
 */
export function settle(
  { runbooks, events }: Store,
  id: RunId,
  { plan, result, at, oldHere }: ImportedResult,
): void {
  const { journal, runs } = runbooks;
  const ofHosts = endOf(plan, journal.steps(id), runbooks.files.all(id));
  const isLeft = ofHosts.state === "committed" && oldHere.length > 0;
  const paths = oldHere.map(({ path }) => path);
  const end: End = isLeft
    ? { state: "needs-attention", reasons: [{ kind: "old-key-here", paths }, ...ofHosts.reasons] }
    : ofHosts;
  const isInstalledHere: StepResult = {
    kind: "verified",
    evidence: [{ kind: "key-installed", isHere: true }],
  };
  for (const { ordinal, host } of journal.steps(id))
    if (host === null && end.state === "committed")
      journal.setStep({ runId: id, ordinal, state: "verified", result: isInstalledHere, at });
  const byHand =
    end.state !== "needs-attention"
      ? []
      : isLeft
        ? replaceByHand(plan, oldHere)
        : formatStuck(plan, journal.steps(id), result.plan);
  runs.setState({ id, ...end, byHand, endedAt: end.state === "waiting" ? null : at });
  events.append({ at, kind: "run-ended", detail: { run: id, state: end.state, host: result.host } });
}

/** Each host's script has its own token, by which what it kept is found. */
const formatStuck = (plan: AccessPlan, steps: readonly RunStep[], hash: PlanHash): string[] =>
  plan.hosts.flatMap((host) => formatByHand({ ...plan, hosts: [host] }, steps, [], tokenOf(hash, host)));

type ScriptEnd = Extract<StepResult, { kind: "imported" }>["end"];

function endOfScript({ outcome }: ScriptResult, state: ImportedState): ScriptEnd {
  if (state !== "failed") return ENDS[state];
  return outcome === "failed" ? "nothing-changed" : "no-further";
}

const ENDS: Record<Exclude<ImportedState, "failed">, ScriptEnd> = {
  verified: "done",
  "rolled-back": "rolled-back",
  "needs-attention": "stuck",
};

const ENTRIES: Record<ImportedState, "verified" | "rolled-back" | "failed"> = {
  verified: "verified",
  "rolled-back": "rolled-back",
  failed: "failed",
  "needs-attention": "failed",
};

type End = { state: RunState; reasons: RunReason[] };

function endOf(plan: AccessPlan, steps: readonly RunStep[], files: readonly RunFile[]): End {
  const { state, reasons } = endOfSteps(plan, steps, files);
  return state === "rolled-back"
    ? { state, reasons }
    : { state, reasons: [...reasons, ...leftOutReason(files, true)] };
}

function endOfSteps(plan: AccessPlan, steps: readonly RunStep[], files: readonly RunFile[]): End {
  const ofHosts = steps.filter(({ host }) => host !== null);
  if (ofHosts.some(({ state }) => state === "needs-attention"))
    return { state: "needs-attention", reasons: [whatCame(ofHosts)] };
  const open = partsOf(plan, steps);
  if (open.length === 0) {
    const accounts = findRemainingOfRun(plan, files);
    const remaining: RunReason = { kind: "remaining", planKind: plan.kind, accounts };
    return { state: "committed", reasons: accounts.length === 0 ? [] : [remaining] };
  }
  const awaited = open.filter(({ host, phases }) =>
    ofHosts.some(
      (step) =>
        step.host === host.host &&
        step.port === host.port &&
        phases.includes(phaseOfScript(step.phase)) &&
        isOpen(step),
    ),
  );
  if (awaited.length > 0) return { state: "waiting", reasons: [resultsAwaited(plan, awaited)] };
  if (ofHosts.every(({ state }) => state === "rolled-back" || state === "planned"))
    return { state: "rolled-back", reasons: [] };
  return { state: "stopped", reasons: [whatCame(ofHosts)] };
}

const isOpen = ({ state }: RunStep): boolean => state === "planned";

function resultsAwaited(plan: AccessPlan, awaited: ReturnType<typeof partsOf>): RunReason {
  const [first] = awaited;
  const phase = first && isInParts(plan) ? mainPhase(first.phases) : null;
  return { kind: "results-awaited", hosts: awaited.length, phase, planKind: plan.kind };
}

const whatCame = (steps: readonly RunStep[]): RunReason => ({
  kind: "steps",
  steps: steps
    .filter(({ state }) => state !== "verified" && state !== "planned")
    .map(({ host, result }) => ({ host, result })),
});

/** Private keys on this computer that the new one has not replaced yet: no offline script replaces them. */
export async function findOldHere(
  plan: AccessPlan,
  inspect: typeof inspectKeyFile,
): Promise<PrivateKeyPlan[]> {
  const newKey = newKeyOf(plan);
  const files =
    newKey?.kind === "provided" ? privateKeysHere(plan).filter(({ kind }) => kind === "file") : [];
  const inspected = await Promise.all(
    files.map(async (privateKey) => ({ privateKey, found: await inspect(privateKey.path) })),
  );
  return inspected.flatMap(({ privateKey, found }) =>
    newKey?.kind === "provided" && found?.line !== newKey.line ? [privateKey] : [],
  );
}

/** The old private key is kept beside the new one, as a run from here does. */
function replaceByHand(plan: AccessPlan, old: readonly PrivateKeyPlan[]): string[] {
  const newKey = newKeyOf(plan);
  const made = newKey?.kind === "provided" ? newKey.path : null;
  return old.flatMap(({ path, hasPublicFile }) =>
    ["", ...(hasPublicFile ? [".pub"] : [])].flatMap((end) => {
      const location = quoteWord(`${path}${end}`);
      const from = made === null ? [] : [`cp -p ${quoteWord(`${made}${end}`)} ${location}`];
      return [`mv ${location} ${quoteWord(`${path}.latchkey-old${end}`)}`, ...from];
    }),
  );
}
