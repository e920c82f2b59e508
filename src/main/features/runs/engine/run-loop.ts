import { nextMove } from "#domain/runs/runbooks.ts";
import type { Move, PlaceSeen, Step, StepProgress, Task, Wait } from "#domain/runs/step.ts";
import { sideBySide } from "#net/side-by-side.ts";
import { changeHost, undoHost, verifyHost } from "#runs/kinds/access/change-host.ts";
import { commitPlace, endVerified } from "#runs/kinds/access/finish.ts";
import {
  handOver,
  makeKey,
  proveHandOver,
  undoHandOver,
  undoMakeKey,
} from "#runs/kinds/access/install-key.ts";
import { doRenewal } from "#runs/kinds/renewal/renewal.ts";
import { assertNever } from "#shared/model/assert-never.ts";
import { holdersHere, type Plan } from "#shared/model/plan.ts";
import { Refusal } from "#shared/model/refusal.ts";
import type { RunState } from "#shared/model/run.ts";
import type { RunReason, RunWait } from "#shared/model/run-reason.ts";
import { described, type StepResult } from "#shared/model/step-result.ts";
import { awaitsCertificate, awaitsLog, lookAgain, needsHalf } from "./observe.ts";
import { isRenewalRun, type RunContext, SessionLost } from "./run-context.ts";

/** As far as whoever follows the run decides about it while it goes on. */
export type Steering = {
  want: () => "on" | "pause" | "back";
  /** Whether what the run waits for has come: a proof by a log, the end of the grace period, a certificate, or the time to look again. */
  hasCome: (until: Wait, run: RunContext<Plan>) => Promise<boolean>;
  /** Keys on this computer have changed places: whoever logs in from now on looks at them anew. */
  reopen: () => Promise<void>;
};

export type Ended = { state: RunState; reasons: RunReason[] };

/** A session may break so often in one step before its host counts as one that cannot be reached. */
const MOST_LOSSES = 3;

/** So many hosts are looked at, or changed, side by side; a batch is never larger. */
const MOST_AT_ONCE = 64;

/** Goes on until the run ends, waits, or has to be stopped. Rejects when Latchkey is closing, and for a bug. */
export async function runOn(run: RunContext<Plan>, steering: Steering): Promise<Ended> {
  const seen = new Map<number | null, PlaceSeen>();
  const losses = new Map<number | null, number>();
  let hasReopened = false;
  let isGraceOver = false;
  let hasActed = false;
  for (;;) {
    run.signal.throwIfAborted();
    if (run.journal.failure()) return blockedBy("paused", formatUnwritten(run.journal.failure()));
    const held = run.renewal?.heldBy();
    if (held) return blockedBy("paused", held);
    const progress = { want: steering.want(), seen, isGraceOver };
    const move = nextMove(run.plan, { ...progress, steps: progressOf(run) });
    if (!hasReopened && isAfterHandOver(run, move)) {
      hasReopened = true;
      seen.clear();
      await steering.reopen();
      continue;
    }
    switch (move.kind) {
      case "look":
        await run.sessions.keepOnly([...seen.keys(), ...move.places]);
        await sideBySide(move.places, MOST_AT_ONCE, async (place) => {
          const isWorn = (losses.get(place) ?? 0) >= MOST_LOSSES;
          seen.set(place, isWorn ? WORN : await lookAgain(run, place, isBegunAt(run, place)));
        });
        break;
      case "do":
        if (move.tasks.some((task) => needsHalf(run, task))) await run.openHalf();
        hasActed = true;
        await run.sessions.keepOnly(move.tasks.map(({ step }) => step.host));
        await sideBySide(move.tasks, MOST_AT_ONCE, async (task) => {
          const how = await doTask(run, task);
          if (how === "lost") losses.set(task.step.host, (losses.get(task.step.host) ?? 0) + 1);
          seen.delete(task.step.host);
        });
        break;
      case "wait":
        // While the hour passes somebody may bring what other hosts wait for.
        if (move.until === "recheck" && (await steering.hasCome("certificate", run))) break;
        if (!(await steering.hasCome(move.until, run)))
          return { state: "waiting", reasons: [{ kind: "waiting", for: waitOf(move, run) }] };
        // What is put in place after it has an hour of its own.
        if (move.until !== "log") isGraceOver = move.until !== "certificate";
        break;
      case "end":
        return move.state === "committed" && !isRenewalRun(run)
          ? endVerified(run as RunContext, !hasActed && steering.want() !== "back")
          : { state: move.state, reasons: move.reason === null ? [] : [move.reason] };
      default:
        return assertNever(move);
    }
  }
}

const WORN: PlaceSeen = { kind: "lost", why: "its connection broke again and again" };

const progressOf = (run: RunContext<Plan>): StepProgress[] =>
  run.journal.steps().map((step) => ({
    ordinal: step.ordinal,
    state: step.state,
    isAwaiting: awaitsCertificate(step) || awaitsLog(step),
  }));

const isBegunAt = ({ journal, plan }: RunContext<Plan>, place: number | null): boolean => {
  const host = place === null ? null : plan.hosts[place];
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

function isAfterHandOver({ plan }: RunContext<Plan>, move: Move): boolean {
  if (move.kind !== "do" || holdersHere(plan).length === 0) return false;
  return move.tasks.some(({ step, what }: Task) => AFTER.has(step.phase) && what !== "settle");
}

const AFTER = new Set(["remove", "commit"]);

function waitOf({ until }: Extract<Move, { kind: "wait" }>, { plan, journal }: RunContext<Plan>): RunWait {
  if (until === "certificate" || until === "recheck") return until;
  if (plan.kind === "rotate-host-key") return "host-key-known";
  if (until === "grace") return "grace";
  const isRemoved = journal.steps().some((step) => step.phase === "remove" && awaitsLog(step));
  return isRemoved ? "login-after-removal" : "login-before-removal";
}

/** It stands still, and nothing is wrong on a host. `why`: a sentence. */
export const blockedBy = (state: RunState, why: string): Ended => ({
  state,
  reasons: [{ kind: "blocked", cause: described(why) }],
});

const formatUnwritten = (failure: unknown): string =>
  failure instanceof Error ? failure.message : "the journal could not be written";

/** Does one task to its end, and writes down what came of it. Of a session that broke it writes that, and nothing more. */
async function doTask(run: RunContext<Plan>, task: Task): Promise<"done" | "lost"> {
  try {
    await dispatch(run, task);
    return "done";
  } catch (error) {
    const { ordinal, host } = task.step;
    if (run.renewal && error instanceof Refusal && error.code === "locked") {
      run.renewal.hold(error.message);
      await run.journal.note(ordinal, { kind: "found", cause: described(error.message) });
      return "done";
    }
    if (!(error instanceof SessionLost)) throw error;
    await run.journal.note(ordinal, { kind: "connection-lost", why: error.message });
    if (host !== null) await run.sessions.drop(host);
    return "lost";
  }
}

function dispatch(run: RunContext<Plan>, task: Task): Promise<void> {
  const { step } = task;
  if (task.what === "settle") return run.journal.mark(step.ordinal, task.as, settledBy(task));
  if (isRenewalRun(run)) return doRenewal(run, task);
  const ofKeys = run as RunContext;
  switch (task.what) {
    case "act":
      return act(ofKeys, step);
    case "prove":
      return prove(ofKeys, step);
    case "undo":
      return undo(ofKeys, task);
    default:
      return assertNever(task);
  }
}

/** What was seen of a step that nothing is to be done for. */
function settledBy(task: Extract<Task, { what: "settle" }>): StepResult {
  switch (task.as) {
    case "undone":
      return { kind: "rolled-back", as: task.back, left: [] };
    case "failed":
      return { kind: "failed", cause: task.cause, stands: "not-said", left: [] };
    case "needs-attention":
      return { kind: "needs-attention", cause: task.cause, left: [] };
    default:
      return assertNever(task);
  }
}

function act(run: RunContext, step: Step): Promise<void> {
  switch (step.phase) {
    case "make-key":
      return makeKey(run, step);
    case "add":
    case "remove":
      return changeHost(run, step);
    case "hand-over":
      return handOver(run, step);
    case "commit":
      return commitPlace(run, step);
    case "request":
    case "issue":
    case "install":
    case "recheck":
      throw new Error("a key has no such step");
    default:
      return assertNever(step.phase);
  }
}

function prove(run: RunContext, step: Step): Promise<void> {
  switch (step.phase) {
    case "make-key":
      return makeKey(run, step);
    case "add":
    case "remove":
      return verifyHost(run, step);
    case "hand-over":
      return proveHandOver(run, step);
    case "commit":
      return commitPlace(run, step);
    case "request":
    case "issue":
    case "install":
    case "recheck":
      throw new Error("a key has no such step");
    default:
      return assertNever(step.phase);
  }
}

function undo(run: RunContext, task: Extract<Task, { what: "undo" }>): Promise<void> {
  const { step } = task;
  switch (step.phase) {
    case "make-key":
      return undoMakeKey(run, step, task.as);
    case "add":
    case "remove":
      return undoHost(run, task);
    case "hand-over":
      return undoHandOver(run, step, task);
    case "commit":
      throw new Error("what is committed is not taken back");
    case "request":
    case "issue":
    case "install":
    case "recheck":
      throw new Error("a key has no such step");
    default:
      return assertNever(step.phase);
  }
}
