import { evaluateFile } from "#domain/runs/files/stages.ts";
import { leftOutOf } from "#domain/runs/left-out-files.ts";
import type { Back, FileSeen, Observation, PrivateKeySeen, Step } from "#domain/runs/step.ts";
import { isClockKept } from "#domain/runs/watch-old-key.ts";
import { inspectFile, inspectHost } from "#net/ssh/session/inspect-host.ts";
import type { RemoteSession } from "#net/ssh/session/remote-session.ts";
import {
  acquireSession,
  acted,
  failed,
  hostOf,
  needsAttention,
  rolledBack,
  SessionLost,
  type StepOutcome,
  verified,
} from "#runs/engine/runbook.ts";
import {
  type HostAddress,
  type KeyPlan,
  type PrivateKeyPlan,
  privateKeysByHost,
  privateKeysHere,
} from "#shared/model/runs/plan.ts";
import type { RunStep } from "#shared/model/runs/run.ts";
import type { Cause } from "#shared/model/runs/step-result.ts";
import { contextOf, type KeyRun, newKeyLine } from "./key-run.ts";

/**
 * The files and private keys on a host of the plan, or those on this computer (null), as they are now. Rejects with
 * `SessionLost`.
 */
export async function observeKeys(run: KeyRun, at: number | null): Promise<Observation> {
  if (at === null)
    return {
      kind: "seen",
      files: [],
      leftOut: [],
      hasWork: false,
      privateKeys: await inspectPrivateKeys(run, null, null),
    };
  const { remote } = await acquireSession(run, at);
  const host = hostOf(run, { host: at });
  await keepClock(run, host, remote);
  const files = await readFiles(run, host, remote);
  return { kind: "seen", ...files, privateKeys: await inspectPrivateKeys(run, at, remote) };
}

async function readFiles(run: KeyRun, host: KeyPlan["hosts"][number], remote: RemoteSession) {
  const files: FileSeen[] = [];
  let hasWork = false;
  for (const file of host.files) {
    const reading = await inspectFile(remote, file.path);
    if (reading.kind === "lost") throw new SessionLost(reading.message);
    const { content, lock, state, kept } = reading.file;
    const isMissing = file.creates !== undefined && state === "absent";
    const none = isMissing ? "before" : "unreadable";
    files.push(content ? evaluateFile(file, content, newKeyLine(run)).seen : none);
    // The file was created for the run and is still empty.
    if (file.creates !== undefined && content?.length === 0) hasWork = true;
    if (lock?.token === run.token || kept.includes(run.token)) hasWork = true;
  }
  return { files, leftOut: leftOutOf(run.journal.files(), host), hasWork };
}

async function inspectPrivateKeys(
  run: KeyRun,
  at: number | null,
  remote: RemoteSession | null,
): Promise<PrivateKeySeen[]> {
  const seen: PrivateKeySeen[] = [];
  for (const privateKey of privateKeysAt(run, { host: at }))
    seen.push(await run.privateKeys.inspect(contextOf(run), privateKey, remote));
  return seen;
}

/**
 * Stores how far the clock of a host is ahead, as long as `isClockKept`. It is ahead by at least that, for this
 * computer's clock is read after the host has answered. Rejects with `SessionLost`.
 */
export async function keepClock(
  { plan, journal }: KeyRun,
  host: HostAddress,
  remote: RemoteSession,
): Promise<void> {
  if (!isClockKept(plan, journal.steps())) return;
  const reading = await inspectHost(remote);
  if (reading.kind === "lost") throw new SessionLost(reading.message);
  const answered = Math.floor(journal.now().getTime() / 1_000);
  await journal.keepClock({
    host: host.host,
    port: host.port,
    aheadSeconds: reading.host.epochSeconds - answered,
  });
}

/** Creates the new key pair at the location of its private key, or takes the one that an earlier try has created. */
export async function createKey(run: KeyRun, step: Step, before: RunStep): Promise<StepOutcome> {
  // On a host, a failed try has removed what it had begun, or reported that it could not; here it may have left it.
  const isFresh = step.host === null ? before.at === null : before.state === "planned";
  const remote = await sessionOf(run, step);
  const made = await run.privateKeys.createKey(contextOf(run), remote, isFresh);
  if (made.kind === "failed") return failed(made.cause);
  const { line, fingerprint, secrets } = made;
  run.made.newKey = { line, fingerprint };
  run.made.secrets = secrets;
  // Nothing may be added anywhere before it is written which key this is.
  await run.journal.setKey({ line, fingerprint });
  return verified([{ kind: "key-made", fingerprint }]);
}

export async function undoCreateKey(run: KeyRun, step: Step, { as }: Back): Promise<StepOutcome> {
  const remote = await sessionOf(run, step);
  const outcome = await run.privateKeys.undoMake(contextOf(run), remote);
  if (outcome.kind === "lost") throw new SessionLost(outcome.message);
  if (outcome.kind === "failed") return needsAttention([outcome.cause]);
  return { state: as, result: { kind: "rolled-back", as: "key-removed", left: [] }, verification: null };
}

/** The private keys of a host, or of this computer. */
export const privateKeysAt = ({ plan }: KeyRun, { host }: Pick<Step, "host">): readonly PrivateKeyPlan[] =>
  host === null ? privateKeysHere(plan) : (privateKeysByHost(plan)[host] ?? []);

export const sessionOf = async (run: KeyRun, { host }: Pick<Step, "host">): Promise<RemoteSession | null> =>
  host === null ? null : (await acquireSession(run, host)).remote;

/** Replaces each old private key with the new one; the old one stays beside it. */
export async function installKey(run: KeyRun, step: Step): Promise<StepOutcome> {
  const privateKeyLocations = privateKeysAt(run, step);
  const remote = await sessionOf(run, step);
  for (const privateKey of privateKeyLocations) {
    const outcome = await run.privateKeys.install(contextOf(run), privateKey, remote);
    if (outcome.kind === "lost") throw new SessionLost(outcome.message);
    if (outcome.kind === "failed") return undoInstallKey(run, step, { as: "failed", cause: outcome.cause });
    await run.journal.note(step.ordinal, { kind: "files-replaced", paths: [privateKey.path] }, "acted");
  }
  return acted({ kind: "installed-key", locations: privateKeyLocations.length });
}

/**
 * Checks that the new private keys are there. Their logins were verified before, and are again before anything is
 * removed.
 */
export async function verifyInstalledKey(run: KeyRun, step: Step): Promise<StepOutcome> {
  const remote = await sessionOf(run, step);
  for (const privateKey of privateKeysAt(run, step)) {
    const seen = await run.privateKeys.inspect(contextOf(run), privateKey, remote);
    if (seen !== "new" && seen !== "committed")
      return undoInstallKey(run, step, {
        as: "failed",
        cause: { kind: "key-not-installed", path: privateKey.path },
      });
  }
  return verified([{ kind: "key-installed", isHere: false }]);
}

export async function undoInstallKey(run: KeyRun, step: Step, back: Back): Promise<StepOutcome> {
  const remote = await sessionOf(run, step);
  const left: Cause[] = [];
  for (const privateKey of privateKeysAt(run, step)) {
    const outcome = await run.privateKeys.undo(contextOf(run), privateKey, remote);
    if (outcome.kind === "lost") throw new SessionLost(outcome.message);
    if (outcome.kind === "failed") left.push(outcome.cause);
  }
  return left.length > 0 ? needsAttention(left, back) : rolledBack(back, "rolled-back");
}
