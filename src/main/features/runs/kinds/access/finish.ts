/**
 * Old private keys stay beside the new ones for as long as the run can be undone, or the old key is known to log in
 * somewhere.
 */
import { viewKey } from "#codec/fingerprint.ts";
import { blobOfPublicKey } from "#codec/ssh-key.ts";
import { earliest } from "#domain/runs/files/stages.ts";
import { findRemainingOfRun, keepsOldKeys } from "#domain/runs/left-out-files.ts";
import { lastPhase } from "#domain/runs/runbook.ts";
import { type AccessSeen, type Back, isWithout, type Step } from "#domain/runs/step.ts";
import { nameKept, namesOf } from "#net/local/private-keys/replace-private-key.ts";
import type { RemoteSession } from "#net/ssh/session/remote-session.ts";
import {
  acquireSession,
  type Ended,
  needsAttention,
  rolledBack,
  SessionLost,
  type StepOutcome,
  verified,
} from "#runs/engine/runbook.ts";
import type { Outcome } from "#runs/kinds/private-keys/locations.ts";
import {
  type FilePlan,
  newKeyOf,
  oldKeyOf,
  type PrivateKeyPlan,
  privateKeysByHost,
  privateKeysHere,
} from "#shared/model/runs/plan.ts";
import type { AccessCheck, KeptKey } from "#shared/model/runs/run.ts";
import type { OldKeyLocation, RunReason } from "#shared/model/runs/run-note.ts";
import {
  type Cause,
  described,
  type Evidence,
  type StepResult,
  type StillAccepted,
} from "#shared/model/runs/step-result.ts";
import { toEvidence } from "./check-access.ts";
import { giveLocksBack, leftOutReason, takeLocks, type Unended } from "./hold-folders.ts";
import { observeKeys, privateKeysAt, sessionOf } from "./install-key.ts";
import { contextOf, type KeyRun, newKeyLine } from "./key-run.ts";

/**
 * Removes what the run has kept for a roll-back; of one that can be undone, the old private keys that were put aside.
 * After this there is no way back.
 */
export async function finishHost(run: KeyRun, step: Step): Promise<StepOutcome> {
  const isKept = keepsOld(run) && privateKeysAt(run, step).length > 0;
  const evidence = isKept ? keptEvidence(run) : null;
  if (run.plan.options.undoHours === 0) return clearHost(run, step, { isKept, evidence });
  const remote = await sessionOf(run, step);
  for (const privateKey of isKept ? [] : privateKeysAt(run, step)) {
    const outcome = await dropOne(run, privateKey, remote);
    if (outcome.kind === "lost") throw new SessionLost(outcome.message);
    if (outcome.kind === "failed") return needsAttention([outcome.cause]);
  }
  return verified([evidence ?? { kind: "cleared", isWhole: true }]);
}

/** Puts aside what undoing the run needs, out of the way of later runs, and lets its files go. */
export const keepAside = (run: KeyRun, step: Step): Promise<StepOutcome> =>
  clearHost(run, step, {
    isKept: privateKeysAt(run, step).length > 0,
    evidence: { kind: "kept-for-undo", keys: privateKeysAt(run, step).length },
  });

/** The old private keys lie beside the new ones again, as before `keepAside`. */
export async function undoKeepAside(run: KeyRun, step: Step, back: Back): Promise<StepOutcome> {
  const remote = await sessionOf(run, step);
  const left: Cause[] = [];
  for (const privateKey of privateKeysAt(run, step)) {
    const outcome = await run.privateKeys.putBackKept(privateKey, remote, "move");
    if (outcome.kind === "lost") throw new SessionLost(outcome.message);
    if (outcome.kind === "failed") left.push(outcome.cause);
    else await forgetKept(run, privateKey);
  }
  return left.length > 0 ? needsAttention(left, back) : rolledBack(back, "rolled-back");
}

/**
 * Why a finished run cannot be undone now; empty: it can. Everything must be as the run has left it, at every host, and
 * what was put aside must be there: then nobody's change is lost by it. Nothing is changed.
 */
export async function refuseUndo(run: KeyRun): Promise<Cause[]> {
  const causes: Cause[] = [];
  for (const step of run.rules.steps(run.plan).filter(({ phase }) => phase === "keep"))
    try {
      const seen = await observeKeys(run, step.host);
      if (seen.kind === "seen") causes.push(...oddities(run, step, seen));
      const remote = await sessionOf(run, step);
      causes.push(...ownLoginThatGoes(run, step, remote));
      for (const privateKey of privateKeysAt(run, step)) {
        const kept = await run.privateKeys.putBackKept(privateKey, remote, "inspect");
        if (kept.kind === "lost") throw new SessionLost(kept.message);
        if (kept.kind === "failed") causes.push(kept.cause);
      }
    } catch (error) {
      if (!(error instanceof SessionLost)) throw error;
      causes.push(described(error.message));
    }
  return causes;
}

/** A grant that is undone takes the run's own way in with it where nothing comes back in its place. */
function ownLoginThatGoes(run: KeyRun, step: Step, remote: RemoteSession | null): Cause[] {
  const newLine = newKeyLine(run);
  if (
    remote === null ||
    newLine === null ||
    remote.loginKey !== viewKey(blobOfPublicKey(newLine)).fingerprint
  )
    return [];
  const files = step.host === null ? [] : (run.plan.hosts[step.host]?.files ?? []);
  return files
    .filter(
      ({ account, others = [], removed }) => removed === null && [account, ...others].includes(remote.user),
    )
    .map(({ path }) => ({ kind: "own-login-goes", path }));
}

/** What is not as the run has left it at a host, or here. */
function oddities(run: KeyRun, step: Step, { files, leftOut, privateKeys }: AccessSeen): Cause[] {
  const planned = step.host === null ? [] : (run.plan.hosts[step.host]?.files ?? []);
  const changed = planned.filter((file, index) => {
    const end = file.removed !== null && !isWithout(leftOut[index], "revoke") ? "removed" : "added";
    return !isWithout(leftOut[index], "grant") && files[index] !== earliest(file, end);
  });
  const odd = privateKeysAt(run, step).filter(({ kind }, index) => {
    // An agent has kept the old key beside the new one.
    const isThere = kind === "file" && privateKeys[index] === "committed";
    return privateKeys[index] !== "new" && !isThere;
  });
  return [
    ...changed.map(({ path }): Cause => ({ kind: "file-changed", path })),
    ...odd.map(
      ({ kind, path }): Cause => ({ kind: kind === "agent" ? "agent-lost-key" : "key-file-changed", path }),
    ),
  ];
}

async function clearHost(
  run: KeyRun,
  step: Step,
  { isKept, evidence }: { isKept: boolean; evidence: Evidence | null },
): Promise<StepOutcome> {
  const remote = await sessionOf(run, step);
  for (const privateKey of privateKeysAt(run, step)) {
    // Noted before the key has that name: nothing would ever remove a key that no record has.
    if (isKept) await keepKey(run, privateKey);
    const outcome = await run.privateKeys.commit(contextOf(run), privateKey, remote, isKept);
    if (outcome.kind === "lost") throw new SessionLost(outcome.message);
    if (outcome.kind === "failed") return needsAttention([outcome.cause]);
  }
  const files = step.host === null ? [] : (run.plan.hosts[step.host]?.files ?? []);
  const left = remote === null ? [] : await clearFolders(run, remote, files);
  const causes = left.map(({ cause }) => cause);
  if (left.some(({ isOfRoot }) => isOfRoot)) return needsAttention(causes);
  const check: Evidence = evidence ?? { kind: "cleared", isWhole: left.length === 0 };
  return verified([check, ...causes.map((cause): Evidence => ({ kind: "found", cause }))]);
}

async function keepKey({ journal }: KeyRun, { host, kind, path, before }: PrivateKeyPlan): Promise<void> {
  if (kind !== "file" || before === null) return;
  const location = host ?? { host: null, port: null };
  await journal.keepKey({ host: location.host, port: location.port, path, kept: nameKept(path, before) });
}

/**
 * Returns what is left there. An account that keeps us out of its own folder keeps our files there; none is needed any
 * more.
 */
async function clearFolders(
  run: KeyRun,
  remote: RemoteSession,
  files: readonly FilePlan[],
): Promise<Unended[]> {
  const { unheld } = await takeLocks(remote, files, run);
  const kept = unheld.map(({ files: own, why, cause }) => ({
    isOfRoot: why === null || own.some(({ uid }) => uid === 0),
    cause: { kind: "not-cleared" as const, by: cause },
  }));
  if (kept.some(({ isOfRoot }) => isOfRoot)) return kept;
  const without = new Set(unheld.flatMap((one) => one.files));
  const clear = files.filter((file) => !without.has(file));
  return [...kept, ...(await giveLocksBack(remote, clear, run.token))];
}

/** Where sshd still accepts a key whose lines are gone. */
const stillAccepted = ({ journal }: KeyRun): AccessCheck[] =>
  journal.accessChecks().filter(({ answer }) => answer === "accepted");

/** Some host was out of reach when that was to be deleted. */
const STILL_KEPT: RunReason = { kind: "still-kept" };

/** Whether what undoing it needs is still kept. */
const isUndoable = ({ rules, journal }: KeyRun): boolean => {
  const steps = journal.steps();
  return (
    steps.some(({ phase }) => phase === "keep") &&
    steps.some(({ phase, state }) => phase === lastPhase(rules) && state !== "verified")
  );
};

const keepsOld = (run: KeyRun): boolean =>
  keepsOldKeys(run.plan, run.journal.files()) || stillAccepted(run).length > 0;

/**
 * How a run ends whose steps are all verified. `isResumed`: it had ended before, and the user asks whether the removed
 * key still logs in; once it does not, the old private keys that were kept because of it are deleted. If the user wants
 * the kept keys deleted and one cannot be, the run ends as it would have without that, and reports it: the key stays
 * listed, to be removed later or by hand.
 */
export async function endVerified(
  run: KeyRun,
  { reasons, isResumed }: { reasons: RunReason[]; isResumed: boolean },
): Promise<Ended> {
  const staying = run.request.removesOld ? await dropKept(run, (privateKey) => isKept(run, privateKey)) : [];
  const wasAccepted = stillAccepted(run).length > 0;
  if (wasAccepted && isResumed) await checkAgain(run);
  const stillAcceptedKeys = stillAccepted(run);
  const privateKeyLocations = [...privateKeysByHost(run.plan).flat(), ...privateKeysHere(run.plan)];
  // Until then what was kept is not for want of a refusal.
  if (isUndoable(run) && stillAcceptedKeys.length === 0)
    return {
      state: "committed",
      reasons: [...(reasons.length > 0 ? [STILL_KEPT] : []), ...staying, ...listRest(run)],
    };
  const keepsForGood = keepsOldKeys(run.plan, run.journal.files()) || privateKeyLocations.length === 0;
  const rest = listRest(run);
  if (stillAcceptedKeys.length > 0) {
    const kept = keepsForGood || run.request.removesOld ? [] : privateKeyLocations.map(locateKept);
    const accepted = stillAcceptedKeys.map((check) => toStillAccepted(run, check));
    return {
      state: "needs-attention",
      reasons: [{ kind: "still-accepted", accepted, kept }, ...staying, ...rest],
    };
  }
  if (!wasAccepted || keepsForGood || run.request.removesOld)
    return { state: "committed", reasons: [...staying, ...rest] };
  const left = await dropKept(run, () => true);
  return {
    state: left.length > 0 ? "needs-attention" : "committed",
    reasons: [...left, ...listRest(run)],
  };
}

/** Accounts of which the answer is unknown, accounts where the old key still logs in, and what was left out. */
function listRest(run: KeyRun): RunReason[] {
  const checks = run.journal.accessChecks().filter(({ answer }) => answer === "unknown");
  const unknown: RunReason[] = checks.length === 0 ? [] : [{ kind: "access-unknown", checks }];
  const accounts = remainingOf(run);
  const remaining: RunReason[] =
    accounts.length === 0 ? [] : [{ kind: "remaining", planKind: run.plan.kind, accounts }];
  return [...unknown, ...remaining, ...leftOutReason(run.journal.files(), false)];
}

const toStillAccepted = (
  { plan }: KeyRun,
  { host, port, account, fingerprint, why }: AccessCheck,
): StillAccepted => ({
  host,
  port,
  account,
  fingerprint,
  isOldKey: fingerprint === oldKeyOf(plan) && newKeyOf(plan) !== null,
  why,
});

/** Where the key that should go still logs in; sshd's own answers are reported beside these. */
const remainingOf = ({ plan, journal }: KeyRun) => findRemainingOfRun(plan, journal.files());

/** That old private keys are kept, and for whom. */
const keptEvidence = (run: KeyRun): Evidence => ({
  kind: "old-key-kept",
  accepted: stillAccepted(run).map((check) => toStillAccepted(run, check)),
  remaining: remainingOf(run),
  planKind: run.plan.kind,
});

const locate = ({ host, kind }: PrivateKeyPlan, path: string): OldKeyLocation => ({
  host: host?.host ?? null,
  port: host?.port ?? null,
  path,
  isAgent: kind === "agent",
});

function locateKept(privateKey: PrivateKeyPlan): OldKeyLocation {
  const { kind, path, before } = privateKey;
  const kept = before === null ? namesOf(path).old : nameKept(path, before);
  return locate(privateKey, kind === "agent" ? path : kept);
}

async function checkAgain(run: KeyRun): Promise<void> {
  const steps = run.rules.steps(run.plan).filter(({ phase }) => phase === "revoke");
  const stillAcceptedKeys = stillAccepted(run);
  if (newKeyOf(run.plan) !== null) await run.openNewKey();
  for (const step of steps) {
    const location = step.host === null ? undefined : run.plan.hosts[step.host];
    if (
      !location ||
      !stillAcceptedKeys.some(({ host, port }) => host === location.host && port === location.port)
    )
      continue;
    try {
      const checks = await run.change.checkRemoved(run, step, await acquireSession(run, step.host ?? -1));
      const isRefused = checks.every(({ answer }) => answer === "refused");
      const result: StepResult = { kind: "verified", evidence: toEvidence(checks) };
      await run.journal.mark(step.ordinal, "verified", result, isRefused ? "verified" : "unverified");
    } catch (error) {
      if (!(error instanceof SessionLost)) throw error;
      await run.journal.note(step.ordinal, { kind: "found", cause: described(error.message) });
    }
  }
}

/** Whether the run has kept something at a private key location; agents are read, for what they have is in no list. */
const isKept = ({ journal }: KeyRun, privateKey: PrivateKeyPlan): boolean =>
  privateKey.kind === "agent" || journal.keptKeys().some((key) => isOf(key, privateKey));

const isOf = (key: KeptKey, { host, path }: PrivateKeyPlan): boolean =>
  key.path === path && key.host === (host?.host ?? null) && key.port === (host?.port ?? null);

/**
 * Deletes what the run has kept of the old key: its private keys beside the new ones, and the old key in agents.
 * Returns what stays, and why; one that stays does not stop the others.
 */
async function dropKept(run: KeyRun, isMeant: (privateKey: PrivateKeyPlan) => boolean): Promise<RunReason[]> {
  const staying: RunReason[] = [];
  for (const step of run.rules.steps(run.plan).filter(({ phase }) => phase === "finish")) {
    const privateKeyLocations = privateKeysAt(run, step).filter(isMeant);
    if (privateKeyLocations.length === 0) continue;
    const found: RunReason[] = [];
    try {
      const remote = await sessionOf(run, step);
      for (const privateKey of privateKeyLocations) {
        const done = await dropOne(run, privateKey, remote);
        if (done.kind !== "done")
          found.push(notRemoved(privateKey, done.kind === "failed" ? done.cause : described(done.message)));
      }
    } catch (error) {
      if (!(error instanceof SessionLost)) throw error;
      found.push(
        ...privateKeyLocations.map((privateKey) => notRemoved(privateKey, described(error.message))),
      );
    }
    if (found.length === 0) await run.journal.note(step.ordinal, { kind: "old-keys-gone" });
    staying.push(...found);
  }
  return staying;
}

const notRemoved = (privateKey: PrivateKeyPlan, cause: Cause): RunReason => ({
  kind: "old-key-not-removed",
  at: locate(privateKey, privateKey.path),
  cause,
});

async function dropOne(
  run: KeyRun,
  privateKey: PrivateKeyPlan,
  remote: RemoteSession | null,
): Promise<Outcome> {
  if (privateKey.kind === "agent") return run.privateKeys.commit(contextOf(run), privateKey, remote, false);
  const dropped = await run.privateKeys.dropKept(privateKey, remote);
  if (dropped.kind === "done") await forgetKept(run, privateKey);
  return dropped;
}

async function forgetKept({ journal }: KeyRun, privateKey: PrivateKeyPlan): Promise<void> {
  for (const key of journal.keptKeys()) if (isOf(key, privateKey)) await journal.forgetKey(key);
}
