/** Runs that remove the entries of accounts which another run has disabled, and end that run with it. */
import { REMOVE_RULES } from "#domain/runs/remove/rules.ts";
import { hostOf, needsAttention, type Runbook, verified } from "#runs/engine/runbook.ts";
import { NO_PARTICULARS, type RunKind } from "#runs/kind.ts";
import { findWatchFacts } from "#runs/kinds/disable/disable-run.ts";
import { createRemovalPlanner, type RemovalPlannerDeps } from "#runs/planning/plan-removals.ts";
import type { Announcement } from "#shared/contract/events.ts";
import { toInstant } from "#shared/model/instant.ts";
import { Refusal } from "#shared/model/refusal.ts";
import type { RemovePlan } from "#shared/model/runs/plan.ts";
import type { RunId, RunStep } from "#shared/model/runs/run.ts";
import type { RunNote } from "#shared/model/runs/run-note.ts";
import type { StepResult } from "#shared/model/runs/step-result.ts";
import {
  deleteKept,
  findForeign,
  namesOf,
  observeRemoval,
  putAccountsBack,
  type RemoveRun,
  removeAccounts,
  verifyRemoved,
} from "./change-lines.ts";

export type RemoveKindDeps = RemovalPlannerDeps & {
  announce: (announcement: Announcement) => void;
};

export const createRemoveKind = (deps: RemoveKindDeps): RunKind<RemoveRun> => ({
  runbook: createRemoveRunbook(deps),
  planner: createRemovalPlanner(deps),
  confirm: null,
  provideCertificate: null,
  describe: () => NO_PARTICULARS,
  offline: {
    refusal:
      "accounts are removed by a run alone: that nothing answers for them any more, and that root still gets in, is verified from here",
  },
});

const createRemoveRunbook = (deps: RemoveKindDeps): Runbook<RemoveRun> => ({
  rules: REMOVE_RULES,
  openSessions: deps.openAccountSessions,
  phases: {
    remove: {
      intend: (run, step) => ({ kind: "remove-accounts", accounts: namesOf(hostOf(run, step)) }),
      act: removeAccounts,
      verify: verifyRemoved,
      undo: putAccountsBack,
    },
    finish: {
      intend: () => ({ kind: "clear" }),
      act: async (run, step) => {
        const left = await deleteKept(run, step);
        return left.length > 0 ? needsAttention(left) : verified([{ kind: "cleared", isWhole: true }]);
      },
    },
  },
  open: (base, request) => ({ ...base, request }),
  observe: observeRemoval,
  async hasCome({ runId, request: { endsGrace } }) {
    const undoUntil = deps.store.runbooks.runs.find(runId)?.undoUntil ?? null;
    const isOver = undoUntil !== null && (undoUntil <= toInstant(deps.now()) || endsGrace);
    return isOver ? { kind: "came", isTimeOver: true } : { kind: "not-yet" };
  },
  nameWait: () => "account-decision",
  refuseUndo: findForeign,
  async finish(run, { reasons }) {
    const isWhole = run.journal.steps().every(({ state }) => state === "verified");
    if (isWhole) await endDisabling(deps, run);
    return { state: "committed", reasons: reasons.length > 0 ? [{ kind: "still-kept" }] : [] };
  },
  alsoHostKey: () => null,
  listExclusive: () => new Map(),
  holdsExclusive: () => false,
  begin: (run, plan) => refuseOther(deps, run, plan),
  listNewIdentities: () => [],
  findReasons: () => [],
  refresh: async () => undefined,
  describeRepair: () => [],
  refuseEarlyEnd: () => undefined,
});

/** Another run removes them already, or somebody has used them since a plan was made that knew of no use. */
function refuseOther({ store, now }: RemoveKindDeps, run: RunId, { disabledBy, checks }: RemovePlan): void {
  const other = store.runbooks.runs.removalsOf(disabledBy).find((id) => id !== run);
  if (other !== undefined)
    throw new Refusal("conflict", `run ${other} removes these accounts already; latchkey runs show ${other}`);
  const { watch } = findWatchFacts(store, disabledBy);
  const isEarly = watch.until > toInstant(now()) || watch.notReadToEnd.length > 0 || watch.uses > 0;
  const wasEarly = checks.some(({ id, state }) => id === "watch" && state !== "ok");
  if (isEarly && !wasEarly)
    throw new Refusal(
      "conflict",
      "the logs have shown a use of the accounts since the plan was made; plan it again",
    );
}

/** The run that has disabled them has nothing left to wait for, or to restore. One that is at work just then ends with its next step. */
async function endDisabling({ store, now, announce }: RemoveKindDeps, run: RemoveRun): Promise<void> {
  const { runs, journal } = store.runbooks;
  const id = run.plan.disabledBy as RunId;
  if (runs.find(id)?.state !== "waiting") return;
  await store.queueWrite(() => {
    const at = toInstant(now());
    for (const step of journal.steps(id).filter(({ phase }) => phase === "finish")) {
      const result = toResult(run, step);
      journal.append({ runId: id, ordinal: step.ordinal, kind: "verified", result, at });
      journal.setStep({ runId: id, ordinal: step.ordinal, state: "verified", result, at });
    }
    runs.setState({ id, state: "committed", reasons: [], byHand: [], endedAt: at });
    runs.setDue(id, null);
    const note: RunNote = { kind: "state", state: "committed", reasons: [] };
    journal.append({ runId: id, ordinal: null, kind: "note", note, at });
    store.events.append({ at, kind: "run-ended", detail: { run: id, state: "committed", message: "" } });
  });
  announce({ kind: "run-changed", runId: id });
}

const toResult = ({ plan, runId }: RemoveRun, { host, port }: RunStep): StepResult => ({
  kind: "verified",
  evidence: plan.hosts
    .filter((one) => one.host === host && one.port === port)
    .flatMap(namesOf)
    .map((account) => ({ kind: "removed-by-run", account, run: runId })),
});
