import { placeResult, readResult } from "#domain/rotation/script/read-result.ts";
import type { Announcement } from "#shared/contract/events.ts";
import type { GivenResult, TakenResult } from "#shared/contract/runbooks.ts";
import type { BundleSignature } from "#shared/model/bundle.ts";
import { type Instant, toInstant } from "#shared/model/instant.ts";
import type { Plan, PlanId } from "#shared/model/plan.ts";
import { Refusal } from "#shared/model/refusal.ts";
import type { RunId, RunState, RunStep, StepState } from "#shared/model/run.ts";
import { saySignature } from "#shared/text/bundle.ts";
import { sayCount } from "#shared/text/count.ts";
import { sayPlace } from "#shared/text/target.ts";
import type { Store } from "#store/store.ts";
import { countsOf } from "./approve.ts";
import { toSteps } from "./runs.ts";

export type ResultDeps = {
  store: Store;
  judgeSignature: (given: Omit<GivenResult, "base64">, bytes: Uint8Array) => BundleSignature;
  announce: (announcement: Announcement) => void;
  now: () => Date;
};

type Carried = Exclude<ReturnType<typeof readResult>, string>;

/** What a carried script has written is taken for its run: one run a plan, which is over once every host has told. */
export function createResultTaker({ store, judgeSignature, announce, now }: ResultDeps) {
  const { plans, runs } = store.runbooks;

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
    const host = placeResult(result, { plan: found.plan, hash: result.plan });
    if (typeof host === "string") throw new Refusal("invalid-input", host);
    const signed = saySignature(judgeSignature(given, bytes));
    const token = tokenOf(result);
    const known = found.runId === null ? null : runs.find(found.runId);
    if (known && known.token !== token)
      throw new Refusal(
        "conflict",
        `plan ${found.id} was run from here, as run ${known.id}: its result is there`,
      );
    const at = toInstant(now());
    const runId = await store.inTurn(() => {
      const id = known?.id ?? begin(store, { ...found, plan: found.plan as Plan, token, at });
      note(store, id, { result, signed, at });
      return id;
    });
    announce({ kind: "run-changed", runId });
    const { state, message } = runs.find(runId) ?? { state: "stopped" as const, message: "" };
    return { runId, state, host: host.host, port: host.port, outcome: result.outcome, message };
  };
}

type NewRun = { id: PlanId; plan: Plan; hash: string | null; token: string; at: Instant };

function begin({ runbooks, events }: Store, { id: planId, plan, hash, token, at }: NewRun): RunId {
  const { kind, title } = plan;
  const id = runbooks.runs.begin({ planId, token, kind, title, consents: [], at, counts: countsOf(plan) });
  runbooks.journal.addSteps(id, toSteps(plan));
  events.append({ at, kind: "run-started", detail: { run: id, plan: planId, hash, carried: true } });
  return id;
}

/** The same result again says the same. */
function note(
  { runbooks: { journal, runs }, events }: Store,
  id: RunId,
  { result, signed, at }: { result: Carried; signed: string; at: Instant },
): void {
  for (const { ordinal, host, port, phase } of journal.steps(id)) {
    if (host !== result.host || port !== result.port) continue;
    const isProved = result.outcome === "added" && phase === "add";
    const { state, text } = isProved ? ADDED : OUTCOMES[result.outcome];
    const message = [text, isProved ? "" : result.why, signed].filter(Boolean).join("; ");
    journal.setStep({ runId: id, ordinal, state, message, at });
    journal.append({ runId: id, ordinal, kind: ENTRIES[state], text: message, at });
  }
  const end = endOf(journal.steps(id));
  // What is here has no script: it is as far as all hosts are.
  for (const { ordinal, host } of journal.steps(id))
    if (host === null && end.state === "committed")
      journal.setStep({ runId: id, ordinal, state: "proved", message: "all hosts are done", at });
  runs.setState({ id, ...end, byHand: [], endedAt: end.state === "waiting" ? null : at });
  events.append({ at, kind: "run-ended", detail: { run: id, state: end.state, host: result.host } });
}

/** Of all carried parts of one plan. */
const tokenOf = ({ plan }: Carried): string => `carried${plan.slice(0, 24)}`;

const ADDED = {
  state: "proved",
  text: "its carried script has added the new lines, and they stand",
} as const;

const OUTCOMES: Record<Carried["outcome"], { state: StepState; text: string }> = {
  committed: { state: "proved", text: "its carried script has done all of it" },
  added: { state: "failed", text: "its carried script has put back what it removed; what it added stands" },
  "rolled-back": { state: "undone", text: "its carried script has taken it back" },
  failed: { state: "failed", text: "its carried script changed nothing" },
  "needs-attention": { state: "needs-attention", text: "its carried script could neither go on nor back" },
};

const ENTRIES: Record<StepState, "proved" | "undone" | "failed"> = {
  ...{ planned: "failed", intended: "failed", acted: "failed", "needs-attention": "failed" },
  ...{ proved: "proved", undone: "undone", failed: "failed" },
};

function endOf(steps: readonly RunStep[]): { state: RunState; message: string } {
  const hosts = Map.groupBy(
    steps.filter(({ host }) => host !== null),
    ({ host, port }) => sayPlace({ host: host ?? "", port: port ?? 0 }),
  );
  const states = [...hosts.values()].map(
    (own) => own.find(({ state }) => state !== "proved")?.state ?? "proved",
  );
  const left = states.filter((state) => state === "planned").length;
  if (states.includes("needs-attention")) return { state: "needs-attention", message: sayWhy(steps) };
  if (left > 0)
    return { state: "waiting", message: `the results of ${sayCount(left, "host")} are still to be imported` };
  if (states.every((state) => state === "proved")) return { state: "committed", message: "" };
  if (states.every((state) => state === "undone")) return { state: "rolled-back", message: "" };
  return { state: "stopped", message: sayWhy(steps) };
}

const sayWhy = (steps: readonly RunStep[]): string =>
  [
    ...new Set(
      steps
        .filter(({ state }) => state !== "proved")
        .map(({ host, message }) => `${host ?? "here"}: ${message}`),
    ),
  ].join("; ");
