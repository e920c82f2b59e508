import { type CarriedResult, placeResult, readResult } from "#domain/rotation/script/read-result.ts";
import { isInParts, mainPhase, partsOf } from "#domain/rotation/script/script-phases.ts";
import { tokenOf } from "#domain/rotation/script/write-script.ts";
import { readKeyBlob } from "#domain/ssh/key-blob.ts";
import type { lookAtHeldHalf } from "#net/local/look-at-held-half.ts";
import type { Announcement } from "#shared/contract/events.ts";
import type { BundleSignature } from "#shared/model/bundle.ts";
import type { GivenResult, TakenResult } from "#shared/model/carried-result.ts";
import { type Instant, toInstant } from "#shared/model/instant.ts";
import type { HolderPlan, Plan, PlanHash, PlanId } from "#shared/model/plan.ts";
import { Refusal } from "#shared/model/refusal.ts";
import { Phase, type RunId, type RunState, type RunStep, type StepState } from "#shared/model/run.ts";
import { saySignature } from "#shared/text/bundle.ts";
import { sayCount } from "#shared/text/count.ts";
import { sayHost, sayPhase } from "#shared/text/plan.ts";
import type { Store } from "#store/store.ts";
import { countsOf } from "./approve.ts";
import { sayByHand } from "./by-hand.ts";
import { judgeTaken, sayTaken, tokenOfCarried } from "./carried.ts";
import { findOldHere, replaceByHand, sayOldHere } from "./old-halves-here.ts";
import { toSteps } from "./runs.ts";

export type ResultDeps = {
  store: Store;
  /** What stands at the path of a private half here. */
  lookAtHeldHalf: typeof lookAtHeldHalf;
  judgeSignature: (given: Omit<GivenResult, "base64">, bytes: Uint8Array) => BundleSignature;
  announce: (announcement: Announcement) => void;
  now: () => Date;
};

/** What a carried script has written is taken for its run: one run a plan, which is over once every host has told. */
export function createResultTaker({ store, judgeSignature, announce, now, ...deps }: ResultDeps) {
  const { plans, runs, journal } = store.runbooks;

  return async ({ base64, ...given }: GivenResult): Promise<TakenResult> => {
    const bytes = Buffer.from(base64, "base64");
    const result = readResult(bytes);
    if (typeof result === "string") throw new Refusal("invalid-input", result);
    const found = plans.findByHash(result.plan);
    if (!found?.plan)
      throw new Refusal(
        "not-found",
        "the plan of this result is not known here; take it in first, as it was exported",
      );
    const { plan } = found;
    const host = placeResult(result, { plan, hash: result.plan });
    if (typeof host === "string") throw new Refusal("invalid-input", host);
    const signed = saySignature(judgeSignature(given, bytes));
    const known = found.runId === null ? null : runs.find(found.runId);
    if (known && known.token !== tokenOfCarried(result.plan))
      throw new Refusal(
        "conflict",
        `plan ${found.id} was run from here, as run ${known.id}: its result is there`,
      );
    const key = readMadeKey(plan, result, known?.newKey?.line ?? null);
    const wasTaken = known ? judgeTaken(journal.all(known.id), result) : "new";
    if (wasTaken === "older")
      throw new Refusal("conflict", `a result of ${sayHost(host)} that ended later was taken already`);
    const at = toInstant(now());
    const told = { plan, result, signed, at, oldHere: await findOldHere(plan, deps.lookAtHeldHalf) };
    const isNews = wasTaken === "new" || known?.state === "needs-attention";
    const runId =
      known && !isNews
        ? known.id
        : await store.inTurn(() => {
            const id = known?.id ?? begin(store, { id: found.id, plan, result, at });
            if (key) runs.setKey(id, key);
            if (wasTaken === "new") note(store, id, told);
            settle(store, id, told);
            return id;
          });
    if (isNews) announce({ kind: "run-changed", runId });
    const { state, message } = runs.find(runId) ?? { state: "stopped" as const, message: "" };
    const wasKnown = wasTaken === "same";
    return { runId, state, host: host.host, port: host.port, outcome: result.outcome, message, wasKnown };
  };
}

/** The public half of a key that the script has made, if the plan has it made there. */
function readMadeKey({ newKey }: Plan, { newKey: line }: CarriedResult, known: string | null) {
  if (line === null || newKey?.kind !== "made-on-holder") return null;
  if (known !== null && known !== line)
    throw new Refusal("conflict", "the result tells of another new key than the one that was made first");
  const [type = "", base64 = ""] = line.split(" ");
  const key = readKeyBlob(Buffer.from(base64, "base64"));
  if (key?.keyType !== type)
    throw new Refusal("invalid-input", "the new key that the result tells of cannot be read");
  return { line, fingerprint: key.fingerprint };
}

type NewRun = { id: PlanId; plan: Plan; result: CarriedResult; at: Instant };

function begin({ runbooks, events }: Store, { id: planId, plan, result, at }: NewRun): RunId {
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

/** `oldHere`: private halves of this computer that are still to be replaced. */
type Told = {
  plan: Plan;
  result: CarriedResult;
  signed: string;
  at: Instant;
  oldHere: readonly HolderPlan[];
};

function note({ runbooks: { journal } }: Store, id: RunId, { result, signed, at }: Told): void {
  journal.append({ runId: id, ordinal: null, kind: "note", text: sayTaken(result), at });
  for (const { ordinal, host, port, phase, state: was } of journal.steps(id)) {
    if (host !== result.host || port !== result.port || !result.phases.includes(phase)) continue;
    const state = stateOf(result, phase);
    if (state === null || (result.outcome === "failed" && was === "proved")) continue;
    const kept = state === "needs-attention" && result.kept ? `what it kept is in ${result.kept}` : "";
    const why = state === "proved" ? "" : result.why;
    const message = [textOf(result, state), why, kept, signed].filter(Boolean).join("; ");
    journal.setStep({ runId: id, ordinal, state, message, at });
    journal.append({ runId: id, ordinal, kind: ENTRIES[state], text: message, at });
  }
}

/** How the run stands, or ends. What is here has no script: it is done when it is seen to be. */
function settle({ runbooks, events }: Store, id: RunId, { plan, result, at, oldHere }: Told): void {
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

/** What a result says of one phase that its script was for; null: nothing. */
function stateOf({ outcome, at, phases }: CarriedResult, phase: Phase): TakenState | null {
  const order = Phase.options;
  const place = order.indexOf(phase) - order.indexOf(at ?? phases[0] ?? phase);
  switch (outcome) {
    case "committed":
    case "done":
      return "proved";
    case "rolled-back":
      return "undone";
    case "failed":
      return "failed";
    case "added":
      return place < 0 || phase === "add" ? "proved" : "failed";
    case "needs-attention":
      if (place < 0) return "proved";
      return place === 0 ? "needs-attention" : null;
  }
}

/** Each host's script has its own token, by which what it kept is found. */
const sayStuck = (plan: Plan, steps: readonly RunStep[], hash: PlanHash): string[] =>
  plan.hosts.flatMap((host) => sayByHand({ ...plan, hosts: [host] }, steps, [], tokenOf(hash, host)));

type TakenState = Extract<StepState, "proved" | "undone" | "failed" | "needs-attention">;

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
  if (open.length === 0) return { state: "committed", message: "" };
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
