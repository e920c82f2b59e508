import { readPem, writePem } from "#codec/pem.ts";
import { evaluateIssued } from "#domain/runs/renewal/evaluate-issued.ts";
import { RENEWAL_RULES } from "#domain/runs/renewal/rules.ts";
import type { Back, CertificateSeen, Step } from "#domain/runs/step.ts";
import { inspectDeploymentFile, reloadService, testDeployment } from "#net/ssh/session/inspect-deployment.ts";
import type { RemoteSession } from "#net/ssh/session/remote-session.ts";
import {
  rollBackDeployment,
  stageDeployment,
  startDeploymentTimer,
  stopDeploymentTimer,
  swapDeployment,
} from "#net/ssh/session/replace-deployment.ts";
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
import { assertNever } from "#shared/model/assert-never.ts";
import type { DeploymentFile, Replacement } from "#shared/model/runs/deployment.ts";
import type { Cause } from "#shared/model/runs/step-result.ts";
import { Redacted } from "#shared/model/secret.ts";
import { holdUntrusted } from "./request.ts";
import type { RenewalRun } from "./tools.ts";
import { changesOf, keyOf, orderOf, servicesOf, tailCause, toolsOf } from "./tools.ts";
import { verifyServed, whyUnprovable } from "./verify-served.ts";

/** A server that has not shown the new certificate by then will not. */
const VERIFICATION_TIMEOUT_MS = 45_000;
const ROLLBACK_TIMEOUT_MS = 15_000;

type InstallContext = { run: RenewalRun; step: Step; remote: RemoteSession; changes: readonly Replacement[] };

/**
 * Installs the new files of a host, has its servers reload, and verifies what is served; or rolls all of it back at
 * once.
 */
export async function installDeployments(run: RenewalRun, step: Step): Promise<StepOutcome> {
  const location = await openLocation(run, step);
  const seen = await observeFiles(run, step.host ?? -1, location.remote);
  await holdUntrusted(run, step, seen.certificates);
  const isTouched = seen.certificates.some((one) => one !== "old");
  const problem =
    (isTouched ? null : await whyUnprovable(run, step, location.remote)) ??
    (await refuseIssued(run, step, seen.certificates)) ??
    (await stageAndTest(location, seen.certificates));
  if (problem !== null) {
    if (isTouched) return rollBack(location, failedBy(problem));
    return failed(problem, "nothing-changed");
  }
  const stuck =
    (await startRollbackTimers(location)) ?? (await swapAll(location)) ?? (await reloadAll(location));
  if (stuck !== null) return rollBack(location, failedBy(stuck));
  return acted({ kind: "installed-certificates" });
}

/**
 * Verifies what stands already. Unless it was done just now the servers are reloaded once more, for a run may have
 * ended before they were.
 */
export async function verifyInstalled(run: RenewalRun, step: Step, isFresh: boolean): Promise<StepOutcome> {
  const location = await openLocation(run, step);
  const stuck = isFresh ? null : await reloadAll(location);
  if (stuck !== null) return rollBack(location, failedBy(stuck));
  return verify(location);
}

export const undoInstall = async (run: RenewalRun, step: Step, back: Back): Promise<StepOutcome> =>
  rollBack(await openLocation(run, step), back);

async function openLocation(run: RenewalRun, step: Step): Promise<InstallContext> {
  const { remote } = await acquireSession(run, step.host ?? -1);
  return { run, step, remote, changes: changesOf(run, step) };
}

async function verify(location: InstallContext): Promise<StepOutcome> {
  const { run, step, remote, changes } = location;
  const timeoutMs = Math.min(
    VERIFICATION_TIMEOUT_MS,
    (run.plan.options.rollbackAfterSeconds * 1_000 * 3) / 4,
  );
  const served = await verifyServed(run, step, "new", timeoutMs);
  if (served.kind !== "served")
    return rollBack(location, failedBy({ kind: "not-served", whys: served.whys }));
  const late = await disarmAll(location);
  if (late !== null) return rollBack(location, { as: "failed", cause: late });
  const { certificates } = await observeFiles(run, step.host ?? -1, remote);
  if (certificates.some((one) => one !== "new"))
    return rollBack(location, { as: "failed", cause: { kind: "certificate-not-installed" } });
  for (const change of changes)
    await toolsOf(run).orders.set(keyOf(run, step, change), { state: "installed", note: null, trust: null });
  const { addresses, leavesAlone } = served;
  return verified([{ kind: "served", isAgain: false, addresses, leavesAlone }]);
}

/** Null, or why not. */
async function startRollbackTimers({ run, step, remote, changes }: InstallContext): Promise<Cause | null> {
  const { rollbackTimer } = hostOf(run, step);
  if (rollbackTimer === null) return null;
  const seconds = run.plan.options.rollbackAfterSeconds;
  for (const change of changes) {
    const armed = await startDeploymentTimer(remote, {
      ...deploymentOf(run, step, change),
      timer: rollbackTimer,
      seconds,
      services: change.services,
    });
    if (armed.kind !== "armed") return tailCause(armed, firstPath(change));
  }
  return null;
}

async function swapAll({ run, step, remote, changes }: InstallContext): Promise<Cause | null> {
  for (const change of changes) {
    const swapped = await swapDeployment(remote, deploymentOf(run, step, change));
    if (swapped.kind !== "swapped") return tailCause(swapped, firstPath(change));
    await run.journal.note(
      step.ordinal,
      { kind: "files-replaced", paths: change.files.map(({ path }) => path) },
      "acted",
    );
  }
  return null;
}

async function reloadAll({ run, step, remote, changes }: InstallContext): Promise<Cause | null> {
  for (const service of servicesOf(changes)) {
    const own = changes.find(({ services }) => services.includes(service));
    const reloaded = await reloadService(remote, service, own && deploymentOf(run, step, own));
    if (!("said" in reloaded)) return tailCause(reloaded, service.server);
    if (reloaded.kind === "not-reloaded")
      return { kind: "not-reloaded", server: service.server, said: reloaded.said };
    await run.journal.note(step.ordinal, { kind: "reloaded", server: service.server, said: reloaded.said });
  }
  return null;
}

/** Null, or that the host's own rollback timer was faster. */
async function disarmAll({ run, remote, changes }: InstallContext): Promise<Cause | null> {
  let isFired = false;
  for (const { id, files } of changes) {
    const off = await stopDeploymentTimer(remote, { token: run.token, id });
    if (off.kind === "fired") isFired = true;
    else if (off.kind !== "disarmed") return tailCause(off, files[0]?.path ?? "it");
  }
  return isFired ? { kind: "rollback-timer-fired" } : null;
}

/** Restores the old files, and reloads their services; what somebody else has written meanwhile stays. */
async function rollBack(location: InstallContext, back: Back): Promise<StepOutcome> {
  const { run, step, remote, changes } = location;
  await disarmAll(location);
  const stuck: Cause[] = [];
  for (const change of changes.toReversed()) {
    if (orderOf(run, step, change).newHashes === null) continue;
    const old = await rollBackDeployment(remote, deploymentOf(run, step, change));
    if (old.kind !== "back") stuck.push(tailCause(old, firstPath(change)));
    else if (orderOf(run, step, change).state === "installed")
      await toolsOf(run).orders.set(keyOf(run, step, change), { state: "issued" });
  }
  const untold = await reloadAll(location);
  const served = await verifyServed(run, step, "old", ROLLBACK_TIMEOUT_MS);
  if (served.kind !== "served") stuck.push({ kind: "not-served", whys: served.whys });
  // A server that has never read the new files needs no reload.
  if (untold !== null && served.kind === "served" && served.addresses > 0)
    await run.journal.note(step.ordinal, { kind: "found", cause: untold });
  else if (untold !== null) stuck.push(untold);
  if (stuck.length > 0) return needsAttention(stuck, back);
  const isShown = served.kind === "served" && served.addresses > 0;
  const as = isShown ? "old-certificate-served" : "old-certificate-unseen";
  return rolledBack(back, as);
}

const failedBy = (cause: Cause): Back => ({ as: "failed", cause });

const firstPath = ({ files }: Replacement): string => files[0]?.path ?? "a file";

const deploymentOf = (run: RenewalRun, step: Step, change: Replacement) => ({
  token: run.token,
  id: change.id,
  files: change.files,
  newHashes: newHashesOf(orderOf(run, step, change).newHashes, change),
});

/** Hashes of the files as the run leaves them; if these are not known, as the files were. */
const newHashesOf = (newHashes: readonly string[] | null, { files }: Replacement): string[] =>
  files.map(({ before }, nth) => newHashes?.[nth] ?? before);

/** Lays the new files out beside those in use, and has each server test them. Null, or why they cannot be used. */
async function stageAndTest(
  location: InstallContext,
  seen: readonly CertificateSeen[],
): Promise<Cause | null> {
  for (const [nth, change] of location.changes.entries()) {
    // What is installed already was tested before.
    if (seen[nth] !== "old") continue;
    const problem = (await stage(location, change)) ?? (await tryStaged(location, change));
    if (problem !== null) return problem;
  }
  return null;
}

async function stage({ run, step, remote }: InstallContext, change: Replacement): Promise<Cause | null> {
  const { chain, keyId } = orderOf(run, step, change);
  if (chain === null) throw new Error("a certificate is put in place before it was issued");
  const key = keyId === null ? "made-there" : await openKey(run, keyId);
  const { id, files } = change;
  const passphrases = await openStores(run, files);
  const deployment = { token: run.token, id, files };
  const staged = await stageDeployment(remote, {
    ...deployment,
    chain: Buffer.from(chain),
    key,
    passphrases,
  });
  for (const secret of [key, ...passphrases.values()])
    if (secret instanceof Redacted) Redacted.reveal(secret).fill(0);
  if (staged.kind !== "staged") return tailCause(staged, files[0]?.path ?? "a file");
  await toolsOf(run).orders.set(keyOf(run, step, change), { newHashes: staged.newHashes });
  return null;
}

/** In the format that servers read. */
async function openKey(run: RenewalRun, keyId: string): Promise<Redacted<Uint8Array>> {
  const der = Redacted.reveal(await toolsOf(run).vault.open(keyId));
  const pem = Buffer.from(writePem("PRIVATE KEY", der));
  der.fill(0);
  return new Redacted(pem);
}

/** Passphrases of keystores, by the path of their file. */
async function openStores(run: RenewalRun, files: readonly DeploymentFile[]) {
  const opened = new Map<string, Redacted<Uint8Array>>();
  for (const { path, passphrase } of files)
    if (passphrase !== undefined) opened.set(path, await toolsOf(run).vault.open(passphrase));
  return opened;
}

async function tryStaged({ run, step, remote }: InstallContext, change: Replacement): Promise<Cause | null> {
  const { newHashes } = orderOf(run, step, change);
  const { id, files } = change;
  for (const service of change.services) {
    const tried = await testDeployment(remote, {
      token: run.token,
      id,
      files,
      newHashes: newHashes ?? [],
      service,
    });
    if (!("said" in tried)) return tailCause(tried, files[0]?.path ?? "a file");
    switch (tried.kind) {
      case "passed":
        await run.journal.note(step.ordinal, { kind: "files-accepted", server: service.server });
        break;
      case "untested":
        await run.journal.note(step.ordinal, {
          kind: "files-untried",
          server: service.server,
          said: tried.said,
        });
        break;
      case "failed":
        return { kind: "files-rejected", server: service.server, said: tried.said };
      default:
        assertNever(tried);
    }
  }
  return null;
}

/**
 * Evaluates what was issued once more before it is installed: since it came it may have expired, or another one may be
 * served. Null, or why it is not used; then it is requested anew when the run is resumed.
 */
export async function refuseIssued(
  run: RenewalRun,
  step: Step,
  seen: readonly CertificateSeen[],
): Promise<Cause | null> {
  const { orders, derOf, roots, now } = toolsOf(run);
  for (const [nth, change] of changesOf(run, step).entries()) {
    const { chain, csr } = orderOf(run, step, change);
    if (seen[nth] === "new" || chain === null) continue;
    const came = readPem(Buffer.from(chain)).ders;
    const about = { came, csr: csr ?? new Uint8Array(), before: derOf(change.old) };
    const narrower = change.narrower ?? [];
    const evaluated = evaluateIssued({ ...about, narrower, roots: roots(), now: now() });
    if (evaluated.kind === "sound") continue;
    const why: Cause = {
      kind: "certificate-faulty",
      name: change.names[0] ?? "",
      issuer: null,
      faults: evaluated.why,
    };
    const issue = RENEWAL_RULES.steps(run.plan).find(
      ({ phase, host }) => phase === "issue" && host === step.host,
    );
    // First: if this process is killed after it, the certificate is evaluated again, and never missing while it counts
    // as issued.
    if (issue) await run.journal.mark(issue.ordinal, "failed", failed(why).result);
    await orders.set(keyOf(run, step, change), {
      state: "refused",
      note: { kind: "faulty", faults: evaluated.why },
      chain: null,
      sha256: null,
      orderUrl: null,
    });
    return why;
  }
  return null;
}

/** Which files of each certificate are on a host now. Rejects with `SessionLost`. */
export async function observeFiles(
  run: RenewalRun,
  location: number,
  remote: RemoteSession,
): Promise<{ certificates: CertificateSeen[]; hasWork: boolean }> {
  const certificates: CertificateSeen[] = [];
  let hasWork = false;
  for (const change of changesOf(run, { host: location })) {
    const hashes: (string | null)[] = [];
    for (const { path } of change.files) {
      const reading = await inspectDeploymentFile(remote, path);
      if (reading.kind === "lost") throw new SessionLost(reading.message);
      hashes.push(reading.kind === "seen" ? reading.file.hash : null);
      if (reading.kind === "seen" && reading.file.heldBy === run.token) hasWork = true;
    }
    certificates.push(evaluateSeen(change, orderOf(run, { host: location }, change).newHashes, hashes));
  }
  return { certificates, hasWork };
}

function evaluateSeen(
  { files }: Replacement,
  newHashes: readonly string[] | null,
  hashes: readonly (string | null)[],
): CertificateSeen {
  const isAll = (of: readonly (string | undefined)[]) => hashes.every((hash, nth) => hash === of[nth]);
  const before = files.map((file) => file.before);
  if (isAll(before)) return "old";
  if (!newHashes) return "other";
  if (isAll(newHashes)) return "new";
  return hashes.every((hash, nth) => hash === before[nth] || hash === newHashes[nth]) ? "mixed" : "other";
}
