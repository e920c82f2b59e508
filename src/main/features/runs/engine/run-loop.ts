import { type HostRequest, toHostRequest } from "#connect/host-sessions.ts";
import { nextMove } from "#domain/runs/machine.ts";
import type { Move, Observation, StepProgress, Task, Wait } from "#domain/runs/step.ts";
import { sideBySide } from "#net/tasks.ts";
import { assertNever } from "#shared/model/assert-never.ts";
import type { HostPlan } from "#shared/model/runs/plan.ts";
import type { RunState, RunStep } from "#shared/model/runs/run.ts";
import { type Cause, described, type StepResult } from "#shared/model/runs/step-result.ts";
import { isUnwritable } from "./journal.ts";
import {
  type Ended,
  Held,
  holdSessions,
  Locked,
  type Runbook,
  type RunContext,
  type RunRequest,
  SessionLost,
  type Sessions,
  type StepOutcome,
} from "./runbook.ts";

/** What the caller decides about a run while it goes on. */
export type Steering = Direction & {
  /** Whether it is undone, though it had finished. */
  undoes: boolean;
  /** Keys on this computer were replaced: later logins read them anew. */
  reopen: () => Promise<void>;
};

type Direction = {
  want: () => "on" | "pause" | "back";
  /** From now on the run is rolled back, also after a restart. */
  turnBack: () => Promise<void>;
};

/** How often a session may break in one step before its host counts as unreachable. */
const MOST_LOSSES = 3;

/** How many hosts are inspected, or changed, side by side; a batch is never larger. */
const MOST_AT_ONCE = 64;

/** Goes on until the run ends, waits, or has to be stopped. Rejects when Latchkey is closing, and for a bug. */
export async function runOn(runbook: Runbook, run: RunContext, steering: Steering): Promise<Ended> {
  const seen = new Map<number | null, Observation>();
  const losses = new Map<number | null, number>();
  let hasReopened = false;
  const over = new Set<Wait>();
  let hasActed = false;
  const blockers: Cause[] = [];
  for (;;) {
    run.signal.throwIfAborted();
    if (run.journal.failure()) return blockedBy("paused", [describeUnwritten(run.journal.failure())]);
    if (blockers.length > 0) return blockedBy("paused", blockers);
    const progress = { want: steering.want(), seen, over };
    const move = nextMove(runbook.rules, run.plan, { ...progress, steps: progressOf(run) });
    if (!hasReopened && followsOwnKeys(runbook, run, move)) {
      hasReopened = true;
      seen.clear();
      await steering.reopen();
      continue;
    }
    if (steering.undoes && steering.want() === "on" && isFinished(move)) {
      const refused = await refuseUndo(runbook, run);
      if (refused) return refused;
      seen.clear();
      await steering.turnBack();
      continue;
    }
    switch (move.kind) {
      case "inspect":
        await run.sessions.keepOnly([...seen.keys(), ...move.hostIndexes]);
        await sideBySide(move.hostIndexes, MOST_AT_ONCE, async (host) => {
          const isWorn = (losses.get(host) ?? 0) >= MOST_LOSSES;
          seen.set(host, isWorn ? WORN : await observePatiently(runbook, run, host));
        });
        break;
      case "do":
        for (const { step, what } of move.tasks)
          if (what === "act" || what === "verify") await runbook.phases[step.phase]?.prepare?.(run, step);
        hasActed = true;
        await run.sessions.keepOnly(move.tasks.map(({ step }) => step.host));
        await sideBySide(move.tasks, MOST_AT_ONCE, async (task) => {
          const end = await doTask(runbook, run, task);
          const { host } = task.step;
          if (end.kind === "lost") losses.set(host, (losses.get(host) ?? 0) + 1);
          if (end.kind === "held") blockers.push(end.blocker);
          seen.delete(host);
        });
        break;
      case "wait": {
        const arrival = await runbook.hasCome(run, move.until);
        if (arrival.kind === "not-yet" && move.until === "undo")
          return runbook.finish(run, { reasons: [], isResumed: !hasActed });
        if (arrival.kind === "not-yet")
          return {
            state: "waiting",
            reasons: [{ kind: "waiting", for: runbook.nameWait(run, move.until) }],
          };
        if (arrival.isTimeOver === true) over.add(move.until);
        if (arrival.isTimeOver === false) over.clear();
        break;
      }
      case "end": {
        const reasons = move.reason === null ? [] : [move.reason];
        return move.state === "committed" || (move.state === "stopped" && over.has("undo"))
          ? runbook.finish(run, { reasons, isResumed: !hasActed && steering.want() !== "back" })
          : { state: move.state, reasons };
      }
      default:
        return assertNever(move);
    }
  }
}

/** All is done and verified but for what an undo needs. */
const isFinished = (move: Move): boolean =>
  (move.kind === "wait" && move.until === "undo") || (move.kind === "end" && move.state === "committed");

/** How a run ends that cannot be undone: it stays as it is; null: it can be. */
async function refuseUndo(runbook: Runbook, run: RunContext): Promise<Ended | null> {
  const causes = await runbook.refuseUndo(run);
  if (causes.length === 0) return null;
  await run.journal.note(null, { kind: "undo-refused", causes });
  const { state, reasons } = await runbook.finish(run, { reasons: [], isResumed: false });
  return { state, reasons: [{ kind: "undo-refused", causes }, ...reasons] };
}

const WORN: Observation = { kind: "lost", why: "its connection broke again and again" };

const progressOf = (run: RunContext): StepProgress[] =>
  run.journal
    .steps()
    .map((step) => ({ ordinal: step.ordinal, state: step.state, isAwaiting: isAwaiting(step) }));

/**
 * Whether a step waits for a log entry, or for a certificate that somebody imports. A step may also wait for a login
 * while it is being tried: that is not meant.
 */
const isAwaiting = ({ state, result }: RunStep): boolean =>
  state === "acted" && result?.kind === "waiting" && result.for.kind !== "login";

function followsOwnKeys(runbook: Runbook, run: RunContext, move: Move): boolean {
  if (move.kind !== "do") return false;
  return move.tasks.some(
    ({ step, what }) => what !== "settle" && runbook.phases[step.phase]?.followsOwnKeys?.(run),
  );
}

/** The run stands still, and nothing is wrong on a host. The same that blocks several hosts is one reason. */
const blockedBy = (state: RunState, blockers: readonly Cause[]): Ended => ({
  state,
  reasons: [...new Map(blockers.map((cause) => [JSON.stringify(cause), cause])).values()].map((cause) => ({
    kind: "blocked",
    cause,
  })),
});

const describeUnwritten = (failure: unknown): Cause =>
  described(failure instanceof Error ? failure.message : "the journal could not be written");

/** How long the run waits for a host on which a step has begun, before it leaves the host as it is. */
const REACH_TIMEOUT_MS = 120_000;
const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 15_000;

/** What stands on a host, or here, now. Waits for a host on which something of the run may stand. */
async function observePatiently(
  runbook: Runbook,
  run: RunContext,
  host: number | null,
): Promise<Observation> {
  const isBegun = isBegunAt(run, host);
  const begun = performance.now();
  for (let pause = FIRST_PAUSE_MS; ; pause = Math.min(pause * 2, LONGEST_PAUSE_MS)) {
    const seen = await observeOnce(runbook, run, host);
    const isOver = performance.now() - begun + pause > REACH_TIMEOUT_MS;
    if (seen.kind !== "lost" || !isBegun || isOver) return seen;
    await run.retryPolicy.wait(pause, run.signal);
  }
}

async function observeOnce(runbook: Runbook, run: RunContext, host: number | null): Promise<Observation> {
  try {
    return await runbook.observe(run, host);
  } catch (error) {
    if (!(error instanceof SessionLost)) throw error;
    if (host !== null) await run.sessions.drop(host);
    return { kind: "lost", why: error.message };
  }
}

const isBegunAt = ({ journal, plan }: RunContext, at: number | null): boolean => {
  const host = at === null ? null : plan.hosts[at];
  return journal
    .steps()
    .some(
      (step) =>
        host !== null &&
        step.host === host?.host &&
        step.port === host?.port &&
        (step.state === "intended" || step.state === "acted"),
    );
};

/**
 * `lost`: the session of the host broke, so what was done there is not known. `held`: nothing more is begun before
 * somebody has put right what blocks it.
 */
type TaskEnd = { kind: "done" } | { kind: "lost" } | { kind: "held"; blocker: Cause };

/** Does one task to its end, and writes the result. If the session breaks, it writes that, and nothing more. */
async function doTask(runbook: Runbook, run: RunContext, task: Task): Promise<TaskEnd> {
  try {
    await dispatch(runbook, run, task);
    return { kind: "done" };
  } catch (error) {
    const { ordinal, host } = task.step;
    if (error instanceof Held) {
      await run.journal.note(ordinal, { kind: "found", cause: error.blocker });
      return { kind: "held", blocker: error.blocker };
    }
    if (!(error instanceof SessionLost)) throw error;
    await run.journal.note(ordinal, { kind: "connection-lost", why: error.message });
    if (host !== null) await run.sessions.drop(host);
    return { kind: "lost" };
  }
}

async function dispatch(runbook: Runbook, run: RunContext, task: Task): Promise<void> {
  const { step } = task;
  if (task.what === "settle") return run.journal.mark(step.ordinal, task.as, settledBy(task));
  const work = runbook.phases[step.phase];
  if (!work) throw new Error(`a run of this kind has no phase ${step.phase}`);
  if (task.what === "undo") {
    if (!work.undo) throw new Error(`the phase ${step.phase} is not rolled back`);
    return settle(await work.undo(run, step, task));
  }
  if (task.what === "verify" && work.verify) return settle(await work.verify(run, step, false));
  const before = run.journal.steps().find(({ ordinal }) => ordinal === step.ordinal);
  if (!before) throw new Error(`the journal has no step ${step.ordinal}`);
  await run.journal.intend(step.ordinal, work.intend(run, step));
  const outcome = await work.act(run, step, before);
  await settle(outcome);
  if (outcome.result.kind === "acted" && work.verify) await settle(await work.verify(run, step, true));

  async function settle({ state, result, verification, afterwards }: StepOutcome): Promise<void> {
    await run.journal.mark(step.ordinal, state, result, verification);
    await afterwards?.();
  }
}

/** The result of a step for which nothing needs to be done, by what was seen. */
function settledBy(task: Extract<Task, { what: "settle" }>): StepResult {
  switch (task.as) {
    case "rolled-back":
      return { kind: "rolled-back", as: task.back, left: [] };
    case "failed":
      return { kind: "failed", cause: task.cause, stands: "not-said", left: [] };
    case "needs-attention":
      return { kind: "needs-attention", cause: task.cause, left: [] };
    default:
      return assertNever(task);
  }
}

/** A run, with all that it needs to go on. */
type Execution = Omit<RunContext, "sessions"> & {
  runbook: Runbook;
  request: RunRequest;
  identityFiles: readonly string[];
  mayPrompt: boolean;
  transportOf: (host: HostPlan) => HostRequest["transport"];
};

/** Opens what a run needs, goes on with it until it ends, and closes what it opened. */
export async function execute(execution: Execution, direction: Direction): Promise<Ended> {
  const { runbook, request } = execution;
  const { runId, plan, token, planHash, who, journal, promptUser, retryPolicy, trace, signal } = execution;
  let opened: RunContext | null = null;
  const open = () => openSessions(execution, () => opened && runbook.alsoHostKey(opened));
  let sessions = await open();
  try {
    const run = runbook.open(
      { runId, plan, token, planHash, who, journal, sessions, promptUser, retryPolicy, trace, signal },
      request,
    );
    opened = run;
    const reopen = async () => {
      await sessions[Symbol.asyncDispose]();
      sessions = await open();
      run.sessions = sessions;
    };
    return await runOn(runbook, run, { ...direction, undoes: request.undoes, reopen });
  } catch (error) {
    // The journal has all that was done: an intent that cannot be written is not executed.
    if (isUnwritable(error)) return blockedBy("paused", [described(error.message)]);
    if (error instanceof Locked) return blockedBy("stopped", [described(error.message)]);
    throw error;
  } finally {
    await sessions[Symbol.asyncDispose]();
  }
}

async function openSessions(execution: Execution, alsoHostKey: () => Uint8Array | null): Promise<Sessions> {
  const { runId, plan, runbook, transportOf, identityFiles, mayPrompt, promptUser, signal } = execution;
  const requests = plan.hosts.map((host) => toHostRequest(host, transportOf(host)));
  const request = { name: `run ${runId}`, requests, identityFiles, mayPrompt, promptUser, signal };
  return holdSessions(await runbook.openSessions(request), plan, transportOf, alsoHostKey);
}
