import type { OpenSessions } from "#connect/host-sessions.ts";
import type { Prompts } from "#connect/prompts.ts";
import type { Wait } from "#domain/runs/step.ts";
import { watchedSince, watchOldKey } from "#domain/runs/watch-old-key.ts";
import type { lookAtHeldHalf } from "#net/local/look-at-held-half.ts";
import type { RetryPolicy } from "#net/retries.ts";
import { keyOfRun } from "#runs/kinds/access/confirm-key.ts";
import { pathsOfNewKey } from "#runs/kinds/access/grace.ts";
import { hearAll, type Waits } from "#runs/kinds/access/wait-for-login.ts";
import { formatByHand } from "#runs/kinds/by-hand.ts";
import type { HostKeys } from "#runs/kinds/host-key/host-keys.ts";
import type { Holders } from "#runs/kinds/private-keys/locations.ts";
import { openOrderBook } from "#runs/kinds/renewal/orders.ts";
import { areBrought, isRecheckDue } from "#runs/kinds/renewal/renewal.ts";
import type { RenewalTools } from "#runs/kinds/renewal/tools.ts";
import type { Announcement } from "#shared/contract/events.ts";
import { type HostPlan, isRenewal, type Plan } from "#shared/model/plan.ts";
import type { RunId, RunState, RunStep } from "#shared/model/run.ts";
import type { RunReason } from "#shared/model/run-reason.ts";
import { described } from "#shared/model/step-result.ts";
import type { TlsTarget } from "#shared/model/target.ts";
import type { Trace } from "#shared/text/trace.ts";
import type { Store } from "#store/store.ts";
import { type Execution, execute } from "./execute.ts";
import { isUnwritable, type Journal, openJournal } from "./journal.ts";
import { isRenewalRun, type RunContext } from "./run-context.ts";
import type { Ended } from "./run-loop.ts";

export type RunDeps = {
  store: Store;
  questions: Prompts;
  openSessions: OpenSessions;
  holders: Holders;
  hostKeys: HostKeys;
  /** `openSessions`: by a hand that knows servers and their files. */
  renewal: Omit<RenewalTools, "orders" | "hold" | "heldBy" | "now"> & {
    openSessions: OpenSessions;
    /** Greets endpoints again. */
    greet: (endpoints: readonly TlsTarget[]) => Promise<void>;
  };
  /** Who runs this, as hosts are told: `jo@desk`. */
  who: string;
  retryPolicy: RetryPolicy;
  waits: Waits;
  /** What stands at the path of a private half here. */
  lookAtHeldHalf: typeof lookAtHeldHalf;
  /** Reads hosts again, so that what is shown of them is what stands there now. False: none of the files logs in unasked. */
  rescan: (hosts: readonly HostPlan[], identityFiles: readonly string[]) => Promise<boolean>;
  announce: (announcement: Announcement) => void;
  inBackground: (work: (signal: AbortSignal) => Promise<void>) => void;
  log: (error: unknown) => void;
  trace: Trace;
  now: () => Date;
};

export type Means = {
  mayAsk: boolean;
  identityFiles: readonly string[];
  /** Whoever has asked does not want to wait for the rest of the days of grace. */
  endsGrace?: boolean;
  /** What they agree to that for. */
  consents?: readonly string[];
  /** The old private keys that the run has kept are to go, though the old key still counts somewhere. */
  removesOld?: boolean;
};

/** A run of this process that goes on, and what is wanted of it by now. */
export type OneRun = {
  id: RunId;
  plan: Plan;
  want: "on" | "pause" | "back";
  endsGrace: boolean;
  /** What whoever ends the days of grace agrees to. */
  consents: readonly string[];
  removesOld: boolean;
  /** Why it stands still, where that cannot be written down: the disk of the database itself is full. */
  waitsFor: RunReason | null;
};
export type Running = Map<RunId, OneRun>;

/**
 * Goes on with runs in the background, and writes down how they end. `takeBack`: begins the way back of one that had ended
 * by the time it was asked for.
 */
export function createLauncher(
  deps: RunDeps,
  running: Running,
  takeBack: (id: RunId, means: Means) => Promise<void>,
) {
  return (one: OneRun, means: Means): void => {
    let heard = one.want;
    const listen = () => {
      heard = one.want;
      return heard;
    };
    running.set(one.id, one);
    deps.inBackground(async (closing) => {
      const journal = openJournal(deps, one.id);
      const lasting = { ...journal, setState: writesInTheEnd(deps, one, journal, closing) };
      try {
        await settle(
          deps,
          { ...one, identityFiles: means.identityFiles },
          lasting,
          await carryOn(deps, { one, listen }, journal, { ...means, signal: closing }),
        );
      } catch (error) {
        await interrupt(deps, { journal: lasting, removesOld: one.removesOld }, error, closing);
      } finally {
        running.delete(one.id);
        deps.announce({ kind: "run-changed", runId: one.id });
      }
      if (one.want === "back" && heard !== "back" && !closing.aborted)
        await takeBack(one.id, means).catch(deps.log);
    });
  };
}

/** How a run has ended is written as soon as it can be: on a full disk, once there is room. Until then it goes on. */
const writesInTheEnd =
  (
    { retryPolicy, announce }: RunDeps,
    one: OneRun,
    journal: Journal,
    closing: AbortSignal,
  ): Journal["setState"] =>
  async (...said) => {
    for (;;) {
      try {
        return await journal.setState(...said);
      } catch (error) {
        if (closing.aborted || !isUnwritable(error)) throw error;
        one.waitsFor = { kind: "end-unwritten", cause: described(error.message) };
        announce({ kind: "run-changed", runId: one.id });
        await retryPolicy.wait(WRITE_AGAIN_MS, closing);
      }
    }
  };

const WRITE_AGAIN_MS = 5_000;

function carryOn(
  deps: RunDeps,
  { one, listen }: { one: OneRun; listen: () => OneRun["want"] },
  journal: Journal,
  { mayAsk, identityFiles, signal }: Means & { signal: AbortSignal },
): Promise<Ended> {
  const { runs, facts, confirmations } = deps.store.runbooks;
  const { id, plan } = one;
  const record = runs.find(id);
  if (!record) throw new Error(`there is no run ${id}`);
  return execute(
    {
      runId: id,
      plan,
      token: record.token,
      newKey: keyOfRun(record, plan),
      journal,
      planHash: record.planHash,
      confirmations: () => confirmations.of(id),
      identityFiles,
      mayAsk,
      signal,
      ask: deps.questions.askFor(mayAsk),
      holders: deps.holders,
      hostKeys: deps.hostKeys,
      retryPolicy: deps.retryPolicy,
      ...openFor(deps, one),
      removesOld: one.removesOld,
      trace: (...names) => deps.trace("run", id, ...names),
      who: `${deps.who}:${id}`,
      transportOf: ({ host, port }) => facts.hostAt(host, port)?.transport ?? "auto",
    },
    { want: listen, hasCome: (until, run) => hasCome(deps, one, until, run) },
  );
}

/** What only the kind of the plan needs. */
function openFor(deps: RunDeps, { id, plan }: OneRun): Pick<Execution, "openSessions" | "renewal"> {
  if (plan.kind !== "rotate-certificate") return { openSessions: deps.openSessions, renewal: null };
  const { openSessions, greet: _, ...tools } = deps.renewal;
  let held: string | null = null;
  const hold = (why: string): void => {
    held = why;
  };
  return {
    openSessions,
    renewal: { ...tools, hold, heldBy: () => held, orders: openOrderBook(deps, id), now: deps.now },
  };
}

async function hasCome(
  { waits, store, now }: RunDeps,
  { id, endsGrace, consents: agreed }: OneRun,
  until: Wait,
  run: RunContext<Plan>,
): Promise<boolean> {
  if (isRenewalRun(run)) return until === "certificate" ? areBrought(run) : isRecheckDue(run, endsGrace);
  const ofKeys = run as RunContext;
  const record = store.runbooks.runs.find(id);
  if (!record) throw new Error(`there is no run ${id}`);
  if (until === "log") return hearAll(ofKeys, waits, { begun: record.startedAt, now });
  const { consents } = record;
  const { isOver, dueAt, found } = await waits.judgeGrace({
    plan: ofKeys.plan,
    dueAt: record.dueAt,
    consents,
    since: watchedSince(ofKeys.plan, run.journal.steps()),
    clocks: run.journal.clocks(),
    ending: endsGrace ? agreed : null,
  });
  await run.journal.setDue(dueAt);
  for (const note of found) await run.journal.note(null, note);
  return isOver;
}

async function settle(
  deps: RunDeps,
  { id, plan, identityFiles }: OneRun & Pick<Means, "identityFiles">,
  journal: Journal,
  { state, reasons }: Ended,
): Promise<void> {
  const { runs, journal: journals } = deps.store.runbooks;
  const steps = journals.steps(id);
  const failures = listFailures(steps);
  const token = runs.find(id)?.token ?? "";
  const byHand = state === "needs-attention" ? formatByHand(plan, steps, journal.files(), token) : [];
  const own = IN_PLACE.has(state) ? pathsOfNewKey(plan) : [];
  await readAgain(deps, { id, plan }, steps, [...new Set([...identityFiles, ...own])]);
  const why = failures.length > 0 ? failures : [...reasons, ...findStillUsed(deps, { id, plan }, steps)];
  await journal.setState(state, why, byHand);
}

/** Of what waits: who has not got the new key. Its hosts were read just now. */
function findStillUsed(
  { store }: RunDeps,
  { id, plan }: Pick<OneRun, "id" | "plan">,
  steps: readonly RunStep[],
): RunReason[] {
  const since = watchedSince(plan, steps);
  const { ofRun, readOf } = store.runbooks.clocks;
  const clocks = { kept: ofRun(id), readOf };
  const uses =
    since === null || isRenewal(plan) ? [] : watchOldKey(plan, since, store.uses.known, clocks).uses;
  return uses.length === 0 ? [] : [{ kind: "still-used", uses }];
}

/** What was touched is read again before the run counts as over, so that what is shown of it is what stands there. */
async function readAgain(
  deps: RunDeps,
  { id, plan }: Pick<OneRun, "id" | "plan">,
  steps: readonly RunStep[],
  identityFiles: readonly string[],
): Promise<void> {
  const touched = plan.hosts.filter(({ host, port }) =>
    steps.some((step) => step.host === host && step.port === port && step.state !== "planned"),
  );
  if (touched.length === 0) return;
  await deps.rescan(touched, identityFiles).catch(deps.log);
  await handshakeAgain(deps, touched, id).catch(deps.log);
}

/** Wherever an old or a new certificate of these hosts was seen. */
async function handshakeAgain(
  { store, renewal }: RunDeps,
  hosts: readonly HostPlan[],
  run: RunId,
): Promise<void> {
  const { servers, certificates } = store.runbooks;
  const olds = hosts
    .flatMap((host) => ("certificates" in host ? host.certificates : []))
    .map(({ old }) => old);
  if (olds.length === 0) return;
  const all = [...olds, ...certificates.all(run).flatMap(({ sha256 }) => sha256 ?? [])];
  const endpoints = all.flatMap((sha256) => servers.endpointsOf(sha256));
  await renewal.greet([...new Map(endpoints.map((one) => [JSON.stringify(one), one])).values()]);
}

/** The states in which the new key is where the old one was. An agent that has both would offer the old one first. */
const IN_PLACE: ReadonlySet<RunState> = new Set<RunState>(["committed", "waiting"]);

/** What was under way is seen when the run is resumed. */
async function interrupt(
  deps: RunDeps,
  { journal, removesOld }: { journal: Journal; removesOld: boolean },
  error: unknown,
  closing: AbortSignal,
): Promise<void> {
  if (!closing.aborted) deps.log(error);
  const reason: RunReason = {
    kind: "interrupted",
    by: closing.aborted ? "closed" : "fault",
    remedy: removesOld ? "remove-old" : "resume",
  };
  await journal.setState("interrupted", [reason]).catch(deps.log);
}

function listFailures(all: readonly RunStep[]): RunReason[] {
  const steps = all
    .filter(({ state }) => state === "failed" || state === "needs-attention")
    .map(({ host, result }) => ({ host, result }));
  return steps.length === 0 ? [] : [{ kind: "steps", steps }];
}
