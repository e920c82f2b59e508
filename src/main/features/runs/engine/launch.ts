import type { HostRequest } from "#connect/host-sessions.ts";
import type { Prompts } from "#connect/prompts.ts";
import { findUndoEnd } from "#domain/runs/runbook.ts";
import type { RetryPolicy } from "#net/tasks.ts";
import type { Announcement } from "#shared/contract/events.ts";
import { toInstant } from "#shared/model/instant.ts";
import { Refusal } from "#shared/model/refusal.ts";
import type { HostPlan, Plan } from "#shared/model/runs/plan.ts";
import type { RunId, RunState, RunStep } from "#shared/model/runs/run.ts";
import type { RunReason } from "#shared/model/runs/run-note.ts";
import { described } from "#shared/model/runs/step-result.ts";
import type { Trace } from "#shared/text/fault.ts";
import { formatHostAddress } from "#shared/text/hosts/target.ts";
import type { Store } from "#store/store.ts";
import { isUnwritable, type Journal, openJournal } from "./journal.ts";
import { execute } from "./run-loop.ts";
import { type Ended, type Runbook, unreadablePlan } from "./runbook.ts";

export type RunDeps = {
  store: Store;
  prompts: Prompts;
  /** What runs of the kind of a plan do. */
  runbookOf: (plan: Plan) => Runbook;
  /** Who runs this, as hosts see it: `jo@desk`. */
  who: string;
  retryPolicy: RetryPolicy;
  /**
   * Reads hosts again, so that what is shown of them is up to date. False: none of the files logs in without a prompt.
   */
  rescan: (hosts: readonly HostPlan[], identityFiles: readonly string[]) => Promise<boolean>;
  announce: (announcement: Announcement) => void;
  inBackground: (work: (signal: AbortSignal) => Promise<void>) => void;
  log: (error: unknown) => void;
  trace: Trace;
  now: () => Date;
};

export type RunOptions = {
  mayPrompt: boolean;
  identityFiles: readonly string[];
  /** The user does not want to wait for the rest of the grace period. */
  endsGrace?: boolean;
  /** What the user acknowledges for that. */
  acknowledgements?: readonly string[];
  /** Deletes the old private keys that the run has kept, even if the old key still logs in somewhere. */
  removesOld?: boolean;
  /** Undoes a run that has finished. */
  undoes?: boolean;
};

/** A run of this process that goes on, and what the user wants of it now. */
export type OneRun = {
  id: RunId;
  plan: Plan;
  want: "on" | "pause" | "back";
  endsGrace: boolean;
  /** What the user who ends the grace period acknowledges. */
  acknowledgements: readonly string[];
  removesOld: boolean;
  undoes: boolean;
  /** Why it stands still, if that cannot be written: the disk of the database itself is full. */
  waitsFor: RunReason | null;
};
export type Running = Map<RunId, OneRun>;

/**
 * Goes on with runs in the background, and writes how they end. `rollBackLater`: rolls a run back that had already
 * ended when the roll-back was requested.
 */
export function createLauncher(
  deps: RunDeps,
  running: Running,
  rollBackLater: (id: RunId, means: RunOptions) => Promise<void>,
) {
  return (one: OneRun, means: RunOptions): void => {
    let known = one.want;
    const listen = () => {
      known = one.want;
      return known;
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
          await executeRun(deps, { one, listen }, journal, { ...means, signal: closing }),
        );
      } catch (error) {
        await interrupt(deps, { journal: lasting, removesOld: one.removesOld }, error, closing);
      } finally {
        running.delete(one.id);
        deps.announce({ kind: "run-changed", runId: one.id });
      }
      if (one.want === "back" && known !== "back" && !closing.aborted)
        await rollBackLater(one.id, means).catch(deps.log);
    });
  };
}

/**
 * Writes how a run has ended as soon as that is possible: on a full disk, once there is space. Until then the run goes
 * on.
 */
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

function executeRun(
  deps: RunDeps,
  { one, listen }: { one: OneRun; listen: () => OneRun["want"] },
  journal: Journal,
  { mayPrompt, identityFiles, signal }: RunOptions & { signal: AbortSignal },
): Promise<Ended> {
  const { runs, facts } = deps.store.runbooks;
  const { id, plan, endsGrace, acknowledgements, removesOld, undoes } = one;
  const record = runs.find(id);
  if (!record) throw new Error(`there is no run ${id}`);
  const transportOf = ({ host, port }: HostPlan): HostRequest["transport"] =>
    facts.hostAt(host, port)?.transport ?? "auto";
  return execute(
    {
      runbook: deps.runbookOf(plan),
      request: { record, endsGrace, acknowledgements, removesOld, undoes },
      runId: id,
      plan,
      token: record.token,
      planHash: record.planHash,
      who: `${deps.who}:${id}`,
      journal,
      identityFiles,
      mayPrompt,
      transportOf,
      promptUser: deps.prompts.promptUserFor(mayPrompt, { runId: id }),
      retryPolicy: deps.retryPolicy,
      trace: (...names) => deps.trace("run", id, ...names),
      signal,
    },
    {
      want: listen,
      async turnBack() {
        await journal.setDirection("back");
        one.want = "back";
      },
    },
  );
}

async function settle(
  deps: RunDeps,
  { id, plan, identityFiles }: OneRun & { identityFiles: readonly string[] },
  journal: Journal,
  { state, reasons }: Ended,
): Promise<void> {
  const { runs, journal: journals } = deps.store.runbooks;
  const runbook = deps.runbookOf(plan);
  const steps = journals.steps(id);
  const failures = listFailures(steps);
  const ended = { runId: id, plan, steps };
  const stuck = { ...ended, files: journal.files(), token: runs.find(id)?.token ?? "" };
  const byHand = state === "needs-attention" ? runbook.describeRepair(stuck) : [];
  const own = INSTALLED.has(state) ? runbook.listNewIdentities(plan) : [];
  await readAgain(deps, runbook, ended, [...new Set([...identityFiles, ...own])]);
  const why = failures.length > 0 ? failures : [...reasons, ...runbook.findReasons(ended)];
  await setUndo(deps, { id, plan, state, steps }, journal);
  await journal.setState(state, why, byHand);
}

/** Whether, and until when, it can be undone now; and when what it keeps for that is tried to be deleted again. */
async function setUndo(
  { store, runbookOf, now }: RunDeps,
  { id, plan, state, steps }: { id: RunId; plan: Plan; state: RunState; steps: readonly RunStep[] },
  journal: Journal,
): Promise<void> {
  const undoUntil = store.runbooks.runs.find(id)?.undoUntil ?? null;
  const hours = "undoHours" in plan.options ? plan.options.undoHours : 0;
  const at = toInstant(now());
  const until = findUndoEnd(runbookOf(plan).rules, { state, steps, undoUntil }, { now: at, hours });
  if (until === undoUntil && (until === null || until > at)) return;
  await journal.setUndo(until);
  const isOver = until !== null && until <= at;
  await journal.setDue(isOver ? toInstant(new Date(Date.parse(at) + CLEARED_AGAIN_MS)) : null);
  if (until === null && state !== "rolled-back")
    await journal.note(null, { kind: "undo-over", isKept: journal.keptKeys().length > 0 });
}

/** A host that cannot be reached is tried again after an hour. */
const CLEARED_AGAIN_MS = 3_600_000;

/** What was touched is read again before the run counts as over, so that what is shown of it is up to date. */
async function readAgain(
  deps: RunDeps,
  runbook: Runbook,
  { runId, plan, steps }: { runId: RunId; plan: Plan; steps: readonly RunStep[] },
  identityFiles: readonly string[],
): Promise<void> {
  const touched = plan.hosts.filter(({ host, port }) =>
    steps.some((step) => step.host === host && step.port === port && step.state !== "planned"),
  );
  if (touched.length === 0) return;
  await deps.rescan(touched, identityFiles).catch(deps.log);
  await runbook.refresh(runId, touched).catch(deps.log);
}

/** The states in which the new key has replaced the old one. An agent that has both would offer the old one first. */
const INSTALLED: ReadonlySet<RunState> = new Set<RunState>(["committed", "waiting"]);

/** Marks the run as interrupted; resuming it inspects what was under way. */
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

type RunbookOf = (plan: Plan) => Pick<Runbook, "listExclusive" | "holdsExclusive">;

/**
 * One run at a time on each host and for each private key, whatever process runs it: here a second run of this process
 * is refused before it logs in, or creates a key.
 */
export function refuseTwice(runbookOf: RunbookOf, running: Running, plan: Plan): void {
  const planned = new Set(plan.hosts.map(formatHostAddress));
  for (const [id, other] of running) {
    const both = other.plan.hosts.find((host) => planned.has(formatHostAddress(host)));
    if (both) throw new Refusal("conflict", `run ${id} is at work on ${both.host}; wait until it is over`);
    const privateKey = findBoth(runbookOf, plan, other.plan);
    if (privateKey)
      throw new Refusal("conflict", `run ${id} is replacing ${privateKey}; wait until it is over`);
  }
}

/**
 * A run that stands still may have its new private key beside an old one, or in its place. `self`: the run that goes
 * on; null: a new one.
 */
export function refuseBegun(
  runbookOf: RunbookOf,
  { runbooks }: Pick<Store, "runbooks">,
  plan: Plan,
  self: RunId | null = null,
): void {
  for (const { id, planId } of runbooks.runs.open()) {
    if (id === self) continue;
    const other = runbooks.plans.find(planId)?.plan;
    if (!other) {
      const hasBegun = runbooks.journal
        .steps(id)
        .some(({ state }) => state !== "planned" && state !== "rolled-back");
      if (hasBegun && runbookOf(plan).listExclusive(plan).size > 0) throw unreadablePlan(id);
      continue;
    }
    const privateKey = findBoth(runbookOf, plan, other);
    if (privateKey && runbooks.journal.steps(id).some(runbookOf(other).holdsExclusive))
      throw new Refusal(
        "conflict",
        `run ${id} has begun to replace ${privateKey}; resume it, or roll it back, before another one`,
      );
  }
}

function findBoth(runbookOf: RunbookOf, plan: Plan, other: Plan): string | undefined {
  const privateKeys = runbookOf(plan).listExclusive(plan);
  return [...runbookOf(other).listExclusive(other)].find(([privateKey]) => privateKeys.has(privateKey))?.[1];
}
