/** Runs that change who may log in where: they rotate, grant, revoke or restrict keys, or move them to an authority. */

import type { OpenSessions } from "#connect/host-sessions.ts";
import { ACCESS_RULES } from "#domain/runs/access/rules.ts";
import { findRemainingOfRun } from "#domain/runs/left-out-files.ts";
import { isDoneButLast, type RunRules } from "#domain/runs/runbook.ts";
import type { Step } from "#domain/runs/step.ts";
import { watchedSince, watchOldKey } from "#domain/runs/watch-old-key.ts";
import { isOffline, type PhaseWork, type Runbook } from "#runs/engine/runbook.ts";
import type { OfflineRuns, RunKind, RunParticulars } from "#runs/kind.ts";
import { formatByHand, removeKeptByHand } from "#runs/kinds/by-hand.ts";
import type { PrivateKeys } from "#runs/kinds/private-keys/locations.ts";
import { createKeyPlanner, type KeyPlannerDeps } from "#runs/planning/plan-keys.ts";
import { toInstant } from "#shared/model/instant.ts";
import { Refusal } from "#shared/model/refusal.ts";
import {
  type AccessPlan,
  type HostPlan,
  type KeyPlan,
  newKeyOf,
  offlinePlan,
  oldKeyOf,
  type PrivateKeyPlan,
  privateKeysByHost,
  privateKeysHere,
} from "#shared/model/runs/plan.ts";
import type { RunState, RunStep } from "#shared/model/runs/run.ts";
import { formatHostAddress } from "#shared/text/hosts/target.ts";
import type { RunRecord } from "#store/runs/run-table.ts";
import type { Store } from "#store/store.ts";
import { changeHost, intendChange, undoHost, verifyHost } from "./change-host.ts";
import { checkAccess } from "./check-access.ts";
import { type ConfirmerDeps, createConfirmer, findConfirmation, keyOfRun } from "./confirm-key.ts";
import { endVerified, finishHost, keepAside, refuseUndo, undoKeepAside } from "./finish.ts";
import { createGrace, findWatch, pathsOfNewKey, refuseUsed } from "./grace.ts";
import {
  createKey,
  installKey,
  observeKeys,
  privateKeysAt,
  undoCreateKey,
  undoInstallKey,
  verifyInstalledKey,
} from "./install-key.ts";
import { type FileChange, isVerifiedFromHere, type KeyRun, openKeyRun } from "./key-run.ts";
import { verifyAccounts } from "./verify-logins.ts";
import { awaitsLog, findLogins } from "./wait-for-login.ts";

export type KeyRunbookDeps = {
  store: Store;
  openSessions: OpenSessions;
  privateKeys: PrivateKeys;
  /** Reads hosts again, with their logs. False: none of the files logs in without a prompt. */
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
  ...createKeyRunbook(deps, ACCESS_RULES, accessChange),
  alsoHostKey: () => null,
  nameWait({ journal }, until) {
    if (until === "grace") return "grace";
    const isRemoved = journal.steps().some((step) => step.phase === "revoke" && awaitsLog(step));
    return isRemoved ? "login-after-removal" : "login-before-removal";
  },
});

export type AccessKindDeps = KeyRunbookDeps & KeyPlannerDeps & ConfirmerDeps & { offline: OfflineRuns };

/** The kind of run that changes who may log in where. */
export const createAccessKind = (
  deps: AccessKindDeps,
): RunKind<KeyRun<AccessPlan>> & { readonly offline: OfflineRuns } => ({
  runbook: createAccessRunbook(deps),
  planner: createKeyPlanner(deps),
  confirm: createConfirmer(deps),
  provideCertificate: null,
  describe: (run) => describeAccessRun(deps, run),
  offline: deps.offline,
});

function describeAccessRun({ store, offline }: AccessKindDeps, run: RunRecord): RunParticulars {
  const { plans, keptKeys, files, journal } = store.runbooks;
  const plan = offlinePlan(plans.find(run.planId)?.plan);
  // Of a run that can be undone, what is kept for that is still to be removed.
  const isDone = isDoneButLast(ACCESS_RULES, journal.steps(run.id));
  return {
    orders: [],
    confirmation: findConfirmation(store, run),
    oldKeyWatch: findWatch(store, run),
    accountWatch: null,
    claims: offline.listClaims(run),
    remaining: plan && isDone && ENDED.has(run.state) ? findRemainingOfRun(plan, files.all(run.id)) : [],
    removeKept: plan && isOffline(run) ? removeKeptByHand(plan, keptKeys.ofRun(run.id)) : [],
  };
}

const ENDED: ReadonlySet<RunState> = new Set<RunState>(["committed", "needs-attention"]);

type KeyRunbook<P extends KeyPlan> = Omit<Runbook<KeyRun<P>>, "alsoHostKey" | "nameWait">;

/** What all runs have in common that change files, and keys with them. */
export function createKeyRunbook<P extends KeyPlan>(
  deps: KeyRunbookDeps,
  rules: RunRules<P>,
  change: FileChange<KeyRun<P>>,
): KeyRunbook<P> {
  const { store, openSessions, privateKeys, rescan, now } = deps;
  const { runs, clocks, confirmations } = store.runbooks;
  const grace = createGrace({ loginsOf: store.uses.known, clockOf: clocks.readOf, rescan, now });
  return {
    rules,
    openSessions,
    phases: KEY_PHASES,
    open(base, request) {
      const newKey = keyOfRun(request.record, base.plan);
      return openKeyRun(base, request, newKey, {
        privateKeys,
        confirmations: confirmations.of,
        change,
        rules,
      });
    },
    observe: observeKeys,
    async hasCome(run, until) {
      const record = runs.find(run.runId);
      if (!record) throw new Error(`there is no run ${run.runId}`);
      if (until === "undo") {
        const { undoUntil } = record;
        const { endsGrace, removesOld } = run.request;
        // Whoever ends the days of grace has not seen that time begin.
        const isOver = undoUntil !== null && (undoUntil <= toInstant(now()) || endsGrace || removesOld);
        return isOver ? { kind: "came", isTimeOver: true } : { kind: "not-yet" };
      }
      if (until === "log")
        return { kind: (await findLogins(run, { begun: record.startedAt, now })) ? "came" : "not-yet" };
      const { endsGrace, acknowledgements } = run.request;
      const { isOver, dueAt, found } = await grace.evaluate({
        plan: run.plan,
        dueAt: record.dueAt,
        acknowledgements: record.acknowledgements,
        since: watchedSince(run.plan, run.journal.steps()),
        clocks: run.journal.clocks(),
        ending: endsGrace ? acknowledgements : null,
      });
      await run.journal.setDue(dueAt);
      for (const note of found) await run.journal.note(null, note);
      return isOver ? { kind: "came", isTimeOver: true } : { kind: "not-yet" };
    },
    refuseUndo,
    finish: endVerified,
    listExclusive: listKeysHeld,
    holdsExclusive: holdsKey,
    begin: () => undefined,
    listNewIdentities: pathsOfNewKey,
    /** Who does not have the new key yet. Its hosts were read just now. */
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
    /** The confirmation that a removal needs before its run, it needs again. */
    refuseEarlyEnd(run, { confirm }, { typed, acknowledgements }) {
      if (confirm && typed !== confirm.word)
        throw new Refusal("conflict", `${confirm.why.join("; ")}; type ${confirm.word} to remove it now`);
      refuseUsed(run, findWatch(store, run)?.uses ?? [], acknowledgements);
    },
  };
}

/** A change of a host's files, verified by logins, some of them from this computer. */
const change: PhaseWork<KeyRun> = {
  intend: intendChange,
  act: changeHost,
  verify: verifyHost,
  undo: undoHost,
  prepare: async (run, step) => {
    if (isVerifiedFromHere(run, step)) await run.openNewKey();
  },
};

const followsOwnKeys = ({ plan }: KeyRun): boolean => privateKeysHere(plan).length > 0;

/** What runs do that change lines of files, and the private keys for them. */
const KEY_PHASES: Runbook<KeyRun>["phases"] = {
  "create-key": {
    intend: () => ({ kind: "create-key" }),
    act: createKey,
    undo: undoCreateKey,
    prepare: (run) => run.openNewKey(),
  },
  grant: change,
  "install-key": {
    intend: (run: KeyRun, step: Step) => ({
      kind: "install-key",
      locations: privateKeysAt(run, step).length,
    }),
    act: installKey,
    verify: verifyInstalledKey,
    undo: undoInstallKey,
    prepare: (run) => run.openNewKey(),
  },
  revoke: { ...change, followsOwnKeys },
  keep: { intend: () => ({ kind: "keep" }), act: keepAside, undo: undoKeepAside, followsOwnKeys },
  // After this there is no roll-back.
  finish: { intend: () => ({ kind: "clear" }), act: finishHost, followsOwnKeys },
};

const STANDS_ASIDE: ReadonlySet<RunStep["state"]> = new Set(["planned", "failed", "rolled-back"]);

/** Whether a step of a run that stands still may have put a new private key beside an old one, or in its place. */
export const holdsKey = ({ phase, state }: RunStep): boolean =>
  (phase === "create-key" || phase === "install-key") && !STANDS_ASIDE.has(state);

/** The private keys that a plan replaces or creates, by their identifiers; each with its text for messages. */
export function listKeysHeld(plan: KeyPlan): ReadonlyMap<string, string> {
  const [newKey, oldKey] = [newKeyOf(plan), oldKeyOf(plan)];
  const name = ({ host, kind, path }: Pick<PrivateKeyPlan, "host" | "kind" | "path">): [string, string] => {
    const location = host === null ? path : `${formatHostAddress(host)}:${path}`;
    return kind === "agent"
      ? [`${location} ${oldKey}`, `a key of the agent at ${path}`]
      : [location, location];
  };
  const held = [...privateKeysHere(plan), ...privateKeysByHost(plan).flat()].map(name);
  const made =
    newKey?.kind === "made-here"
      ? [name({ host: null, kind: "file", path: newKey.path })]
      : newKey?.kind === "made-on-host"
        ? [name({ host: newKey, kind: "file", path: newKey.path })]
        : [];
  return new Map([...held, ...made]);
}
