/** Runs that change who may log in where: keys are rotated, let in, taken out, held to less, or become an authority's. */
import type { OpenSessions } from "#connect/host-sessions.ts";
import { watchedSince, watchOldKey } from "#domain/runs/watch-old-key.ts";
import type { Runbook } from "#runs/engine/runbook.ts";
import { formatByHand } from "#runs/kinds/by-hand.ts";
import type { Holders } from "#runs/kinds/private-keys/locations.ts";
import type { AccessPlan, HostPlan, KeyPlan } from "#shared/model/plan.ts";
import { Refusal } from "#shared/model/refusal.ts";
import type { Store } from "#store/store.ts";
import { checkAccess } from "./check-access.ts";
import { keyOfRun } from "./confirm-key.ts";
import { endVerified } from "./finish.ts";
import { createGrace, findWatch, pathsOfNewKey, refuseUsed } from "./grace.ts";
import { holdsKey, KEY_PHASES, listKeysHeld } from "./key-phases.ts";
import { type FileChange, type KeyRun, openKeyRun } from "./key-run.ts";
import { observeKeys } from "./observe.ts";
import { verifyAccounts } from "./verify-logins.ts";
import { awaitsLog, hearAll } from "./wait-for-login.ts";

export type KeyRunbookDeps = {
  store: Store;
  openSessions: OpenSessions;
  holders: Holders;
  /** Reads hosts again, with their logs. False: none of the files logs in unasked. */
  rescan: (hosts: readonly HostPlan[], identityFiles: readonly string[]) => Promise<boolean>;
  now: () => Date;
};

const accessChange: FileChange<KeyRun<AccessPlan>> = {
  verify: verifyAccounts,
  checkRemoved: checkAccess,
  afterRollback: async () => null,
  leavesFilesOut: true,
};

export const createAccessRunbook = (deps: KeyRunbookDeps): Runbook<KeyRun<AccessPlan>> => ({
  ...createKeyRunbook(deps, accessChange),
  alsoHostKey: () => null,
  nameWait({ journal }, until) {
    if (until === "grace") return "grace";
    const isRemoved = journal.steps().some((step) => step.phase === "remove" && awaitsLog(step));
    return isRemoved ? "login-after-removal" : "login-before-removal";
  },
});

type KeyRunbook<P extends KeyPlan> = Omit<Runbook<KeyRun<P>>, "alsoHostKey" | "nameWait">;

/** What runs have in common that change files, and keys with them. */
export function createKeyRunbook<P extends KeyPlan>(
  deps: KeyRunbookDeps,
  change: FileChange<KeyRun<P>>,
): KeyRunbook<P> {
  const { store, openSessions, holders, rescan, now } = deps;
  const { runs, clocks, confirmations } = store.runbooks;
  const grace = createGrace({ loginsOf: store.uses.known, clockOf: clocks.readOf, rescan, now });
  return {
    openSessions,
    phases: KEY_PHASES,
    open(base, request) {
      const newKey = keyOfRun(request.record, base.plan);
      return openKeyRun(base, request, newKey, { holders, confirmations: confirmations.of, change });
    },
    observe: observeKeys,
    async hasCome(run, until) {
      const record = runs.find(run.runId);
      if (!record) throw new Error(`there is no run ${run.runId}`);
      if (until === "log")
        return { kind: (await hearAll(run, { begun: record.startedAt, now })) ? "came" : "not-yet" };
      const { endsGrace, consents } = run.request;
      const { isOver, dueAt, found } = await grace.judge({
        plan: run.plan,
        dueAt: record.dueAt,
        consents: record.consents,
        since: watchedSince(run.plan, run.journal.steps()),
        clocks: run.journal.clocks(),
        ending: endsGrace ? consents : null,
      });
      await run.journal.setDue(dueAt);
      for (const note of found) await run.journal.note(null, note);
      return isOver ? { kind: "came", isTimeOver: true } : { kind: "not-yet" };
    },
    finish: (run, { isResumed }) => endVerified(run, isResumed),
    listExclusive: listKeysHeld,
    holdsExclusive: holdsKey,
    begin: () => undefined,
    listNewIdentities: pathsOfNewKey,
    /** Who has not got the new key. Its hosts were read just now. */
    findReasons({ runId, plan, steps }) {
      const since = watchedSince(plan, steps);
      const kept = clocks.ofRun(runId);
      const uses =
        since === null
          ? []
          : watchOldKey(plan, since, store.uses.known, { kept, readOf: clocks.readOf }).uses;
      return uses.length === 0 ? [] : [{ kind: "still-used", uses }];
    },
    refresh: async () => undefined,
    describeRepair: ({ plan, steps, files, token }) => formatByHand(plan, steps, files, token),
    /** What a removal asks for before its run, it asks for again. */
    refuseEarlyEnd(run, { confirm }, { typed, consents }) {
      if (confirm && typed !== confirm.word)
        throw new Refusal("conflict", `${confirm.why.join("; ")}; type ${confirm.word} to remove it now`);
      refuseUsed(run, findWatch(store, run)?.uses ?? [], consents);
    },
  };
}
