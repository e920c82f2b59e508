import { stateOf, type TakenState } from "#domain/rotation/script/judge-result.ts";
import type { CarriedResult } from "#domain/rotation/script/read-result.ts";
import { isInParts, mainPhase, partsOf } from "#domain/rotation/script/script-phases.ts";
import { tokenOf } from "#domain/rotation/script/write-script.ts";
import { type Instant, toInstant } from "#shared/model/instant.ts";
import type { HolderPlan, HostPlan, Plan, PlanHash, PlanId } from "#shared/model/plan.ts";
import type { RunId, RunState, RunStep } from "#shared/model/run.ts";
import { sayCount } from "#shared/text/count.ts";
import { sayHost, sayPhase } from "#shared/text/plan.ts";
import { formatAllRemaining } from "#shared/text/remaining-access.ts";
import type { VerifiedBy } from "#store/runbooks/offline-table.ts";
import type { Store } from "#store/store.ts";
import { countsOf } from "./approve.ts";
import { sayByHand } from "./by-hand.ts";
import { sayTaken, tokenOfCarried } from "./carried.ts";
import { replaceByHand, sayOldHere } from "./old-halves-here.ts";
import { toSteps } from "./planned-steps.ts";

/** What a result tells, of which host of which plan. `signed`: who has signed it, as a sentence. */
export type TakenIn = {
  plan: Plan;
  host: HostPlan;
  result: CarriedResult;
  signed: string;
  at: Instant;
  /** Private halves of this computer that are still to be replaced. */
  oldHere: readonly HolderPlan[];
};

/** The run that all results of one plan are. */
export function beginCarried(
  { runbooks, events }: Store,
  planId: PlanId,
  { plan, result, at }: TakenIn,
): RunId {
  const { kind, title } = plan;
  const token = tokenOfCarried(result.plan);
  const id = runbooks.runs.begin({ planId, token, kind, title, consents: [], at, counts: countsOf(plan) });
  runbooks.journal.addSteps(id, toSteps(plan));
  events.append({
    at,
    kind: "run-started",
    detail: { run: id, plan: planId, hash: result.plan, carried: true },
  });
  return id;
}

/** What is kept of a result beside what it tells: of which script, by what it is verified, and its bytes as they came. */
type KeptResult = { script: number; verifiedBy: VerifiedBy | null; newKey: MadeKey | null; body: Uint8Array };

type MadeKey = { line: string; fingerprint: string };

export function keepResult(
  { runbooks: { offline } }: Store,
  id: RunId,
  { result, signed: signature, at: takenAt }: TakenIn,
  { script, verifiedBy, newKey, body }: KeptResult,
): void {
  const { digest, outcome, why, ended } = result;
  const endedAt = toInstant(new Date(ended * 1_000));
  offline.putResult({
    ...{ digest, script, run: id, verifiedBy, signature, outcome, why, endedAt, newKey, takenAt, body },
  });
}

/** What a signature or a reading of the host shows to be so: the run goes on with it. */
export function settleVerified(store: Store, id: RunId, told: TakenIn, newKey: MadeKey | null): void {
  if (newKey) store.runbooks.runs.setKey(id, newKey);
  note(store, id, told);
  settle(store, id, told);
}

/** Writes down what a verified result tells of the steps of its host. */
function note({ runbooks: { journal } }: Store, id: RunId, { result, host: of, signed, at }: TakenIn): void {
  journal.append({ runId: id, ordinal: null, kind: "note", text: sayTaken(result), at });
  for (const { ordinal, host, port, phase, state: was } of journal.steps(id)) {
    if (host !== result.host || port !== result.port || !result.phases.includes(phase)) continue;
    const state = stateOf(result, of, phase);
    if (state === null || (result.outcome === "failed" && was === "proved")) continue;
    const kept = state === "needs-attention" && result.kept ? `what it kept is in ${result.kept}` : "";
    const why = state === "proved" ? "" : result.why;
    const message = [textOf(result, state), why, kept, signed].filter(Boolean).join("; ");
    journal.setStep({ runId: id, ordinal, state, message, at });
    journal.append({ runId: id, ordinal, kind: ENTRIES[state], text: message, at });
  }
}

/** Writes down that a result claims something: no step is what it says. */
export function noteClaim(
  { runbooks: { journal, runs } }: Store,
  id: RunId,
  { plan, result, signed, at }: TakenIn,
): void {
  const { host, port, outcome } = result;
  const text = `${sayHost({ host, port })} says "${outcome}" in a result that is not verified (${signed}): nothing follows from it`;
  journal.append({ runId: id, ordinal: null, kind: "note", text, at });
  const end = endOf(plan, journal.steps(id));
  if (end.state === "waiting") runs.setState({ id, ...end, byHand: [], endedAt: null });
}

/** How the run stands, or ends. What is here has no script: it is done when it is seen to be. */
export function settle({ runbooks, events }: Store, id: RunId, { plan, result, at, oldHere }: TakenIn): void {
  const { journal, runs } = runbooks;
  const ofHosts = endOf(plan, journal.steps(id));
  const isLeft = ofHosts.state === "committed" && oldHere.length > 0;
  const end = isLeft ? { state: "needs-attention" as const, message: sayOldHere(oldHere) } : ofHosts;
  const message = "the new private half is in its place";
  for (const { ordinal, host } of journal.steps(id))
    if (host === null && end.state === "committed")
      journal.setStep({ runId: id, ordinal, state: "proved", message, at });
  const byHand =
    end.state !== "needs-attention"
      ? []
      : isLeft
        ? replaceByHand(plan, oldHere)
        : sayStuck(plan, journal.steps(id), result.plan);
  runs.setState({ id, ...end, byHand, endedAt: end.state === "waiting" ? null : at });
  events.append({ at, kind: "run-ended", detail: { run: id, state: end.state, host: result.host } });
}

/** Each host's script has its own token, by which what it kept is found. */
const sayStuck = (plan: Plan, steps: readonly RunStep[], hash: PlanHash): string[] =>
  plan.hosts.flatMap((host) => sayByHand({ ...plan, hosts: [host] }, steps, [], tokenOf(hash, host)));

function textOf({ outcome }: CarriedResult, state: TakenState): string {
  if (state !== "failed") return TEXTS[state];
  return outcome === "failed"
    ? "its carried script changed nothing"
    : "its carried script got no further, and what it added stands";
}

const TEXTS: Record<Exclude<TakenState, "failed">, string> = {
  proved: "its carried script has done it",
  undone: "its carried script has taken it back",
  "needs-attention": "its carried script could neither go on nor back",
};

const ENTRIES: Record<TakenState, "proved" | "undone" | "failed"> = {
  ...{ proved: "proved", undone: "undone", failed: "failed", "needs-attention": "failed" },
};

function endOf(plan: Plan, steps: readonly RunStep[]): { state: RunState; message: string } {
  const ofHosts = steps.filter(({ host }) => host !== null);
  if (ofHosts.some(({ state }) => state === "needs-attention"))
    return { state: "needs-attention", message: sayWhy(ofHosts) };
  const open = partsOf(plan, steps);
  if (open.length === 0)
    return { state: "committed", message: formatAllRemaining(plan.remaining ?? [], plan.kind) };
  const awaited = open.filter(({ host, phases }) =>
    ofHosts.some(
      (step) =>
        step.host === host.host && step.port === host.port && phases.includes(step.phase) && isOpen(step),
    ),
  );
  if (awaited.length > 0) return { state: "waiting", message: sayAwaited(plan, awaited) };
  if (ofHosts.every(({ state }) => state === "undone" || state === "planned"))
    return { state: "rolled-back", message: "" };
  return { state: "stopped", message: sayWhy(ofHosts) };
}

const isOpen = ({ state }: RunStep): boolean => state === "planned";

function sayAwaited(plan: Plan, awaited: ReturnType<typeof partsOf>): string {
  const [first] = awaited;
  const what = first && isInParts(plan) ? ` (${sayPhase(mainPhase(first.phases), plan.kind)})` : "";
  return `the results of ${sayCount(awaited.length, "host")} are still to be imported${what}`;
}

const sayWhy = (steps: readonly RunStep[]): string =>
  [
    ...new Set(
      steps
        .filter(({ state }) => state !== "proved" && state !== "planned")
        .map(({ host, message }) => `${host ?? "here"}: ${message}`),
    ),
  ].join("; ");
