/** Runs that disable accounts: locked, expired, without a login shell, their grants revoked; then watched. */
import type { OpenSessions } from "#connect/host-sessions.ts";
import { DISABLE_RULES } from "#domain/runs/disable/rules.ts";
import { hostOf, type Runbook, verified } from "#runs/engine/runbook.ts";
import { NO_PARTICULARS, type RunKind } from "#runs/kind.ts";
import { createKeyRunbook, type KeyRunbookDeps } from "#runs/kinds/access/access.ts";
import { changeHost, intendChange, undoHost, verifyHost } from "#runs/kinds/access/change-host.ts";
import { checkAccess } from "#runs/kinds/access/check-access.ts";
import { keepAside, undoKeepAside } from "#runs/kinds/access/finish.ts";
import { leftOutReason } from "#runs/kinds/access/hold-folders.ts";
import type { FileChange } from "#runs/kinds/access/key-run.ts";
import { createKeyPlanner, type KeyPlannerDeps } from "#runs/planning/plan-keys.ts";
import { Refusal } from "#shared/model/refusal.ts";
import type { DisabledAccount } from "#shared/model/runs/disabled-account.ts";
import type { RunId } from "#shared/model/runs/run.ts";
import type { RunRecord } from "#store/runs/run-table.ts";
import { disableAccounts, restoreAccounts, verifyDisabled } from "./change-entries.ts";
import { type DisableRun, findWatch, isDecidable, observeAccounts, watchAccounts } from "./disable-run.ts";

export type DisableKindDeps = KeyRunbookDeps &
  KeyPlannerDeps & {
    /** Sessions with the verbs for the entries of accounts. */
    openAccountSessions: OpenSessions;
  };

export const createDisableKind = (deps: DisableKindDeps): RunKind<DisableRun> => ({
  runbook: createDisableRunbook(deps),
  planner: createKeyPlanner({ ...deps, openSessions: deps.openAccountSessions }),
  confirm: null,
  provideCertificate: null,
  describe: (run) => ({ ...NO_PARTICULARS, accountWatch: findWatch(deps.store, run) }),
  offline: {
    refusal:
      "accounts are disabled by a run alone: that they are shut, and that others still get in, is verified from here",
  },
});

/** The lines go once the account is shut: what its owner does to them meanwhile lets nobody in. */
const revocation: FileChange<DisableRun> = {
  verify: async () => ({ kind: "verified", evidence: [] }),
  checkRemoved: checkAccess,
  afterRollback: async () => null,
  leavesFilesOut: true,
};

function createDisableRunbook(deps: DisableKindDeps): Runbook<DisableRun> {
  const { store, now } = deps;
  const isOver = ({ plan, runId, journal }: DisableRun): boolean =>
    isDecidable(plan, { steps: journal.steps(), notes: store.runbooks.journal.notes(runId) }, now());
  const keys = createKeyRunbook(deps, DISABLE_RULES, revocation);
  return {
    ...keys,
    openSessions: deps.openAccountSessions,
    phases: {
      disable: {
        intend: (run, step) => ({ kind: "disable-accounts", accounts: namesOf(hostOf(run, step).disables) }),
        act: disableAccounts,
        verify: verifyDisabled,
        undo: restoreAccounts,
      },
      revoke: { intend: intendChange, act: changeHost, verify: verifyHost, undo: undoHost },
      keep: { intend: () => ({ kind: "keep" }), act: keepAside, undo: undoKeepAside },
      finish: {
        intend: (run, step) => ({ kind: "leave-disabled", accounts: namesOf(hostOf(run, step).disables) }),
        act: async (run, step) => {
          const removedBy = findRemover(deps, run.runId);
          return verified(
            namesOf(hostOf(run, step).disables).map((account) =>
              removedBy === null
                ? { kind: "left-disabled", account }
                : { kind: "removed-by-run", account, run: removedBy },
            ),
          );
        },
      },
    },
    observe: observeAccounts,
    async hasCome(run) {
      if (findRemover(deps, run.runId) !== null) return { kind: "came", isTimeOver: true };
      if (run.request.endsGrace) {
        if (!isOver(run)) await run.journal.note(null, { kind: "watch-ended" });
        return { kind: "came", isTimeOver: true };
      }
      await watchAccounts(run, store.runbooks.journal.notes(run.runId), now);
      return { kind: "not-yet" };
    },
    nameWait: (run) => (isOver(run) ? "account-decision" : "account-watch"),
    refuseUndo: async () => [],
    finish: async (run, { reasons }) => ({
      state: "committed",
      reasons: [...reasons, ...leftOutReason(run.journal.files(), false)],
    }),
    alsoHostKey: () => null,
    listExclusive: () => new Map(),
    holdsExclusive: () => false,
    listNewIdentities: () => [],
    findReasons: () => [],
    refuseRollBack: (run) => refuseRemoved(deps, run),
    /** What it needed before its run, it needs again to be left so for good. */
    refuseEarlyEnd(run, { confirm }, { typed }) {
      if (findRemover(deps, run.id) !== null) return;
      refuseRemoved(deps, run);
      if (confirm && typed !== confirm.word)
        throw new Refusal(
          "conflict",
          `${confirm.why.join("; ")}; type ${confirm.word} to leave them disabled without a way back`,
        );
    },
  };
}

/** The run that has removed all accounts of this one for good; null: none, or it can still be undone. */
function findRemover({ store }: DisableKindDeps, id: number): RunId | null {
  const { runs, journal } = store.runbooks;
  const hasRemovedAll = (other: RunId): boolean =>
    isFinal(runs.find(other)) && journal.steps(other).every(({ state }) => state === "verified");
  return runs.removalsOf(id).find(hasRemovedAll) ?? null;
}

const isFinal = (run: RunRecord | null): boolean => run?.state === "committed" && run.undoUntil === null;

/** What another run has removed is put back by that one alone, while it can be. */
function refuseRemoved(deps: DisableKindDeps, { id }: RunRecord): void {
  const { runs } = deps.store.runbooks;
  const [other] = runs.removalsOf(id);
  if (other === undefined) return;
  const removal = runs.find(other);
  if (findRemover(deps, id) !== null)
    throw new Refusal("conflict", `run ${other} has removed these accounts for good`);
  // Of one that was ended before its time the others are still disabled.
  if (isFinal(removal)) return;
  throw new Refusal(
    "conflict",
    removal?.state === "committed"
      ? `run ${other} has removed these accounts: undo it first (latchkey runs undo ${other})`
      : `run ${other} removes these accounts: roll it back first (latchkey runs rollback ${other})`,
  );
}

const namesOf = (accounts: readonly DisabledAccount[]): string[] => accounts.map(({ account }) => account);
