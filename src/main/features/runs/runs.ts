import { resumeStep } from "#domain/runs/machine.ts";
import { lastPhase } from "#domain/runs/runbook.ts";
import { randomToken } from "#net/ssh/session/remote-session.ts";
import type { PlanDetail } from "#shared/contract/runs.ts";
import { toInstant } from "#shared/model/instant.ts";
import { Refusal } from "#shared/model/refusal.ts";
import type { Plan } from "#shared/model/runs/plan.ts";
import type { RunDetail, RunId, RunRepair, RunState } from "#shared/model/runs/run.ts";
import type { RunNote } from "#shared/model/runs/run-note.ts";
import { formatRunReasons } from "#shared/text/runs/run.ts";
import type { RunRecord } from "#store/runs/run-table.ts";
import type { Store } from "#store/store.ts";
import { toSteps } from "./engine/journal.ts";
import {
  createLauncher,
  type OneRun,
  type RunDeps,
  type Running,
  type RunOptions,
  refuseBegun,
  refuseTwice,
} from "./engine/launch.ts";
import { type Agreed, isOffline, refuseOffline, unreadablePlan } from "./engine/runbook.ts";
import type { OfflineRuns, RunKind } from "./kind.ts";
import { approve, countsOf } from "./planning/plans.ts";

type RunsDeps = RunDeps & { kindOf: (run: RunRecord) => RunKind };

/** The states of a run that may go on. */
const RESUMABLE: ReadonlySet<RunState> = new Set<RunState>([
  "paused",
  "stopped",
  "interrupted",
  "waiting",
  "needs-attention",
]);

export function createRuns(deps: RunsDeps) {
  const { store } = deps;
  const { runs, journal: journals, files, accessChecks, keptKeys } = store.runbooks;
  const running: Running = new Map();
  const launch = createLauncher(deps, running, (id, means) => rollBackEnded(record(id), means));
  const begin = createBeginner(deps, running, launch);
  const rollBackEnded = createBackTaker(deps, running, begin);
  const { undo, clear, clearOver } = createUndoer(deps, running, begin);
  const record = (id: RunId): RunRecord => findRun(store, id);
  const find = (id: RunId): RunDetail => {
    const run = record(id);
    return {
      ...run,
      ...deps.kindOf(run).describe(run),
      message: messageOf(run, running.get(id)),
      stepList: journals.steps(id),
      files: files.all(id),
      accessChecks: accessChecks.all(id),
      kept: keptKeys.ofRun(id),
    };
  };
  const start = createStarter(deps, running, launch);
  return { start, pause, resume, repair, rollBack, undo, clearOver, find };

  function pause(id: RunId): { wasRunning: boolean } {
    record(id);
    const one = running.get(id);
    if (one) one.want = "pause";
    return { wasRunning: one !== undefined };
  }

  async function resume(id: RunId, means: RunOptions & { typed?: string | null }): Promise<void> {
    const run = record(id);
    if (isOffline(run) && !(means.removesOld && isDone(deps, id))) {
      const offline = offlineRunsOf(deps.kindOf(run));
      if ((await offline.confirmClaims(id)) > 0) return;
      refuseDone(deps, run);
      return offline.refuseUnconfirmed(run);
    }
    if (running.has(id)) throw new Refusal("conflict", `run ${id} is running already`);
    if (means.removesOld) refuseKeepingNone(deps, run);
    const endsUndo = means.endsGrace && run.state === "committed" && run.undoUntil !== null;
    if (endsUndo) return clear(run, means);
    if (!RESUMABLE.has(run.state) && !means.removesOld)
      throw new Refusal("conflict", `run ${id} is over (${run.state}); there is nothing to go on with`);
    if (means.endsGrace)
      refuseEnd(deps, run, { typed: means.typed ?? null, acknowledgements: means.acknowledgements ?? [] });
    await begin(run, run.direction === "back" ? "back" : "on", means);
  }

  async function repair(
    id: RunId,
    { approved, ...means }: RunOptions & { approved: readonly RunRepair[] },
  ): Promise<void> {
    const run = record(id);
    refuseOffline(run);
    if (running.has(id)) throw new Refusal("conflict", `run ${id} is running already`);
    if (run.state !== "needs-attention")
      throw new Refusal("conflict", `run ${id} is ${run.state}; nothing of it is to be repaired`);
    await store.queueWrite(() => {
      for (const one of approved)
        if (!files.approve(id, one))
          throw new Refusal(
            "conflict",
            `${one.path} on ${one.host} can no longer be repaired that way; read the run again`,
          );
      const note = noteRepairs(approved);
      journals.append({ runId: id, ordinal: null, kind: "note", note, at: toInstant(deps.now()) });
    });
    await begin(run, run.direction === "back" ? "back" : "on", means);
  }

  async function rollBack(id: RunId, means: RunOptions): Promise<void> {
    const run = record(id);
    const one = running.get(id);
    refuseRollBack(deps, run);
    // Others may have built on what a finished run has done.
    if (run.undoUntil !== null && run.direction === "forward")
      throw new Refusal("conflict", `run ${id} has finished; undo it (latchkey runs undo ${id})`);
    if (!one && !RESUMABLE.has(run.state))
      throw new Refusal(
        "conflict",
        `run ${id} is over (${run.state}); plan the way back as a run of its own`,
      );
    if (!one) return begin(run, "back", means);
    const goesOn = () => running.get(id) === one;
    await store.queueWrite(() => record(id).state === "running" && runs.setDirection(id, "back"));
    if (goesOn()) one.want = "back";
    else await rollBackEnded(record(id), means);
  }
}

/** Undoes finished runs, and deletes what they keep for that once they can no longer be undone. */
function createUndoer(deps: RunDeps, running: Running, begin: ReturnType<typeof createBeginner>) {
  const { store } = deps;
  const { runs, journal: journals } = store.runbooks;
  return { undo, clear, clearOver };

  /** Undoes a run that has finished, if everything is as it has left it. */
  async function undo(id: RunId, means: RunOptions): Promise<void> {
    const run = findRun(store, id);
    refuseOffline(run);
    if (running.has(id)) throw new Refusal("conflict", `run ${id} is at work; wait until it is over`);
    if (run.direction === "back" && RESUMABLE.has(run.state)) return begin(run, "back", means);
    refuseUndo(deps, run);
    await begin(run, "on", { ...means, undoes: true });
  }

  /** Deletes what finished runs keep that can no longer be undone. Returns those that log in for that. */
  async function clearOver(): Promise<RunId[]> {
    const begun: RunId[] = [];
    for (const id of runs.undoOver(toInstant(deps.now()))) {
      const run = findRun(store, id);
      if (running.has(id)) continue;
      await clear(run, { mayPrompt: false, identityFiles: [] }).catch(deps.log);
      if (running.has(id)) begun.push(id);
    }
    return begun;
  }

  /** A run that keeps nothing on any host logs in nowhere for it. */
  async function clear(run: RunRecord, means: RunOptions): Promise<void> {
    const plan = planOf(store, run);
    const last = lastPhase(deps.runbookOf(plan).rules);
    if (journals.steps(run.id).some(({ phase }) => phase === last)) return begin(run, "on", means);
    await store.queueWrite(() => {
      runs.setUndo(run.id, null);
      const note = { kind: "undo-over", isKept: false } as const;
      journals.append({ runId: run.id, ordinal: null, kind: "note", note, at: toInstant(deps.now()) });
    });
    deps.announce({ kind: "run-changed", runId: run.id });
  }
}

function findRun({ runbooks }: Pick<Store, "runbooks">, id: RunId): RunRecord {
  const run = runbooks.runs.find(id);
  if (!run) throw new Refusal("not-found", `there is no run ${id}`);
  return run;
}

function planOf({ runbooks }: Pick<Store, "runbooks">, { id, planId }: RunRecord): Plan {
  const plan = runbooks.plans.find(planId)?.plan;
  if (!plan) throw unreadablePlan(id);
  return plan;
}

function refuseUndo({ store, runbookOf, now }: RunDeps, run: RunRecord): void {
  const { id, state, undoUntil } = run;
  if (state === "rolled-back")
    throw new Refusal("conflict", `run ${id} is rolled back already; there is nothing to undo`);
  if (undoUntil === null && RESUMABLE.has(state))
    throw new Refusal("conflict", `run ${id} has not finished; roll it back (latchkey runs rollback ${id})`);
  if (undoUntil === null)
    throw new Refusal(
      "conflict",
      `run ${id} cannot be undone: it keeps nothing of what was before; plan the way back as a run of its own`,
    );
  if (undoUntil <= toInstant(now()))
    throw new Refusal(
      "conflict",
      `run ${id} could be undone until ${undoUntil}; plan the way back as a run of its own`,
    );
  refuseBegun(runbookOf, store, planOf(store, run), id);
}

const noteRepairs = (approved: readonly RunRepair[]): RunNote => ({
  kind: "repair-approved",
  files: approved.map(({ host, path }) => ({ host, path })),
});

const messageOf = ({ message }: RunRecord, one: OneRun | undefined): string =>
  one?.waitsFor ? formatRunReasons([one.waitsFor]) : message;

const isDone = ({ store }: RunDeps, id: RunId): boolean =>
  store.runbooks.journal.steps(id).every(({ state }) => state === "verified");

function offlineRunsOf({ offline }: RunKind): OfflineRuns {
  if ("refusal" in offline) throw new Error(offline.refusal);
  return offline;
}

/** The kept keys may be deleted once all steps have ended, also if a deletion was begun and not completed. */
function refuseKeepingNone(deps: RunDeps, { id, state }: RunRecord): void {
  const isEnded = state === "committed" || state === "needs-attention" || isDone(deps, id);
  if (deps.store.runbooks.keptKeys.ofRun(id).length === 0)
    throw new Refusal(
      "conflict",
      `run ${id} is ${state}, and keeps no old private key that could be removed`,
    );
  if (!isEnded)
    throw new Refusal(
      "conflict",
      `run ${id} is ${state}, and some of its steps have not ended: resume it before its old private keys are removed`,
    );
}

function refuseRollBack(deps: RunDeps, run: RunRecord): void {
  refuseDone(deps, run);
  refuseOffline(run);
  const plan = deps.store.runbooks.plans.find(run.planId)?.plan;
  if (plan) deps.runbookOf(plan).refuseRollBack?.(run);
}

/** Once an offline run has ended, only that deletion can be continued from here. */
function refuseDone(deps: RunDeps, run: RunRecord): void {
  const keeps = deps.store.runbooks.keptKeys.ofRun(run.id).length > 0;
  if (isOffline(run) && run.state === "interrupted" && isDone(deps, run.id) && keeps)
    throw new Refusal(
      "conflict",
      `all steps of run ${run.id} have ended: only its old private keys are still to be removed (latchkey runs resume ${run.id} --remove-old)`,
    );
}

/** Rolls back a run that ended while the roll-back was requested: a committed one cannot be rolled back. */
const createBackTaker =
  ({ store, announce, now }: RunDeps, running: Running, begin: ReturnType<typeof createBeginner>) =>
  async (run: RunRecord, means: RunOptions): Promise<void> => {
    if (running.has(run.id) || run.state === "rolled-back") return;
    if (RESUMABLE.has(run.state)) return begin(run, "back", means);
    const note = { kind: "over-already" } as const;
    const entry = { runId: run.id, ordinal: null, kind: "note" as const, note, at: toInstant(now()) };
    await store.queueWrite(() => store.runbooks.journal.append(entry));
    announce({ kind: "run-changed", runId: run.id });
  };

/** Ending its time early also needs acknowledgements. */
function refuseEnd({ store, runbookOf }: RunDeps, run: RunRecord, agreed: Agreed): void {
  if (run.state !== "waiting" || run.dueAt === null)
    throw new Refusal("conflict", `run ${run.id} waits for no time to pass`);
  const plan = planOf(store, run);
  runbookOf(plan).refuseEarlyEnd(run, plan, agreed);
}

/** Begins the run of an approved plan. */
const createStarter =
  ({ store, now, runbookOf }: RunDeps, running: Running, launch: ReturnType<typeof createLauncher>) =>
  async (
    detail: PlanDetail,
    options: RunOptions & { hash: string; acknowledgements: readonly string[]; typed: string | null },
  ): Promise<{ runId: RunId }> => {
    const plan = approve(detail, options);
    const { kind, title } = plan;
    const { acknowledgements } = options;
    const run = {
      planId: detail.id,
      token: randomToken(),
      origin: "live" as const,
      kind,
      title,
      acknowledgements,
    };
    const begun: RunId[] = [];
    const begin = (): OneRun => {
      refuseTwice(runbookOf, running, plan);
      refuseBegun(runbookOf, store, plan);
      const at = toInstant(now());
      const id = store.runbooks.runs.begin({ ...run, at, counts: countsOf(plan) });
      store.runbooks.journal.addSteps(id, toSteps(runbookOf(plan).rules, plan));
      runbookOf(plan).begin(id, plan);
      const about = {
        run: id,
        plan: detail.id,
        hash: detail.hash,
        acknowledgements: options.acknowledgements,
      };
      store.events.append({ at, kind: "run-started", detail: about });
      const one: OneRun = {
        id,
        plan,
        want: "on",
        endsGrace: false,
        acknowledgements: [],
        removesOld: false,
        undoes: false,
        waitsFor: null,
      };
      begun.push(id);
      running.set(id, one);
      return one;
    };
    // In one transaction, so that no other run passes the same refusals meanwhile.
    const one = await store.queueWrite(begin).catch((error: unknown) => {
      for (const id of begun) running.delete(id);
      throw error;
    });
    launch(one, options);
    return { runId: one.id };
  };

/** Goes on with a run that stands still. */
const createBeginner =
  (
    { store, announce, now, runbookOf }: RunDeps,
    running: Running,
    launch: ReturnType<typeof createLauncher>,
  ) =>
  async ({ id, planId }: RunRecord, want: OneRun["want"], means: RunOptions): Promise<void> => {
    const { runs, plans, journal: journals } = store.runbooks;
    const plan = plans.find(planId)?.plan;
    if (!plan) throw unreadablePlan(id);
    refuseTwice(runbookOf, running, plan);
    const { endsGrace = false, acknowledgements = [], removesOld = false, undoes = false } = means;
    const one: OneRun = { id, plan, want, endsGrace, acknowledgements, removesOld, undoes, waitsFor: null };
    // Before any wait: nobody else begins it meanwhile.
    running.set(id, one);
    const goOn = (): void => {
      const at = toInstant(now());
      if (want === "back") runs.setDirection(id, "back");
      for (const { ordinal, phase, state: was } of journals.steps(id)) {
        const state = resumeStep(runbookOf(plan).rules, { phase }, was);
        if (state !== was)
          journals.setStep({ runId: id, ordinal, state, result: { kind: "retry-requested" }, at });
      }
      runs.setState({ id, state: "running", reasons: [], byHand: [], endedAt: null });
      const note = { kind: "begun-again", direction: want === "back" ? "back" : "forward" } as const;
      journals.append({ runId: id, ordinal: null, kind: "note", note, at });
      store.events.append({
        at,
        kind: "run-requested",
        detail: {
          run: id,
          want,
          ...(endsGrace && { endsGrace }),
          ...((endsGrace || acknowledgements.length > 0) && { acknowledgements }),
          ...(removesOld && { removesOld }),
          ...(undoes && { undoes }),
        },
      });
    };
    await store.queueWrite(goOn).catch((error: unknown) => {
      running.delete(id);
      throw error;
    });
    announce({ kind: "run-changed", runId: id });
    launch(one, means);
  };
