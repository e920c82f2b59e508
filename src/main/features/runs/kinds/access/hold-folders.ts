/**
 * What one account of a host does to its own folder stops that account's part of a run, and nobody else's: its files
 * are left out from that phase on, by name, as long as nothing of the phase stands in them. The refusal comes from a
 * program that runs as that account, so the reasons are not told apart: in a folder that is not root's each is the
 * account's own.
 */
import { earliest, evaluateFile, filesOf, stagesOf } from "#domain/runs/files/stages.ts";
import { canDoWithout, leftOutOf } from "#domain/runs/left-out-files.ts";
import { isWithout, type Step } from "#domain/runs/step.ts";
import { begin, create, end, stopRollbackTimer, uncreate, unlock } from "#net/ssh/session/host-files.ts";
import { inspectFile } from "#net/ssh/session/inspect-host.ts";
import type { RemoteSession } from "#net/ssh/session/remote-session.ts";
import { hostOf, type Refusing, refusedAt, SessionLost } from "#runs/engine/runbook.ts";
import { assertNever } from "#shared/model/assert-never.ts";
import type { HostRefusal, LeaseOwner } from "#shared/model/runs/host-refusal.ts";
import type { FilePlan } from "#shared/model/runs/plan.ts";
import type { RunFile } from "#shared/model/runs/run.ts";
import type { RunReason } from "#shared/model/runs/run-note.ts";
import type { Cause, PlainCause } from "#shared/model/runs/step-result.ts";
import { staysIn } from "#shared/text/runs/host-refusal.ts";
import { type KeyRun, newKeyLine } from "./key-run.ts";
import { hasWorkOf } from "./move-file.ts";

type Owner = { token: string; who: string };

/** After so long without a renewal, whoever finds the lock may break it. */
const LEASE_SECONDS = 15 * 60;

const folderOf = (path: string): string => path.slice(0, path.lastIndexOf("/"));

/** A lock is for a folder. */
const folders = (files: readonly FilePlan[]): FilePlan[][] => [
  ...Map.groupBy(files, ({ path }) => folderOf(path)).values(),
];

/**
 * A folder that could not be locked, with the files of the run in it. `why`: null if another run has locked a folder of
 * root's own; in any other its owner can have written the lock that says so, which is then `held`.
 */
export type Unheld = { files: FilePlan[]; why: HostRefusal | null; cause: PlainCause };

/** `begun`: the files in folders that were not locked before. */
type Locks = { begun: FilePlan[]; unheld: Unheld[] };

/**
 * Takes the locks of all folders, or renews them; one that cannot be locked stops none of the others. Rejects with
 * `SessionLost`.
 */
export async function takeLocks(
  remote: RemoteSession,
  files: readonly FilePlan[],
  owner: Owner,
): Promise<Locks> {
  const locks: Locks = { begun: [], unheld: [] };
  for (const folder of folders(files)) {
    const held = (await createMissing(remote, folder)) ?? (await takeLock(remote, folder, owner));
    if (held === "begun") locks.begun.push(...folder);
    else if (held !== "renewed") locks.unheld.push(held);
  }
  return locks;
}

async function takeLock(
  remote: RemoteSession,
  files: FilePlan[],
  { token, who }: Owner,
): Promise<"begun" | "renewed" | Unheld> {
  const path = files[0]?.path ?? "";
  const request = { path, token, who, leaseSeconds: LEASE_SECONDS };
  let begun = await begin(remote, request);
  if (begun.kind === "held" && begun.by.leaseEnd < begun.by.now)
    begun = await begin(remote, { ...request, breaks: begun.by.token });
  switch (begun.kind) {
    case "begun":
      return begun.isRenewed ? "renewed" : "begun";
    case "held":
      return { files, why: (await isOfRoot(remote, path)) ? null : "held", cause: heldBy(begun.by, path) };
    case "refused":
    case "failed":
      return { files, why: begun.why, cause: whyUnheld(begun, path) };
    case "lost":
      throw new SessionLost(begun.message);
    default:
      return assertNever(begun);
  }
}

/** Whether root owns the folder of the file. Rejects with `SessionLost`. */
async function isOfRoot(remote: RemoteSession, path: string): Promise<boolean> {
  const inspected = await inspectFile(remote, path);
  if (inspected.kind === "lost") throw new SessionLost(inspected.message);
  return inspected.file.actorUid === 0;
}

const heldBy = ({ who, leaseEnd }: LeaseOwner, path: string): PlainCause =>
  refusedAt({ why: "held", detail: "", leaseOwner: { who, leaseEnd } }, path);

const whyUnheld = (answer: Refusing, path: string): PlainCause =>
  answer.why === "work-folder-occupied"
    ? { kind: "work-folder-occupied", folder: folderOf(path) }
    : refusedAt(answer, path);

/** A missing file must be created before its folder can be locked. Null: all of them exist. */
async function createMissing(remote: RemoteSession, files: FilePlan[]): Promise<Unheld | null> {
  for (const { path, uid } of files.filter(({ creates }) => creates !== undefined)) {
    const made = await create(remote, { path, uid });
    if (made.kind === "lost") throw new SessionLost(made.message);
    if (made.kind !== "created") return { files, why: made.why, cause: refusedAt(made, path) };
  }
  return null;
}

/** Removes what was created for the run and is empty, however the run has ended. */
async function removeEmpty(remote: RemoteSession, files: readonly FilePlan[]): Promise<PlainCause | null> {
  for (const { path, uid, creates } of files) {
    if (creates === undefined) continue;
    const gone = await uncreate(remote, { path, uid, made: creates });
    if (gone.kind === "lost") throw new SessionLost(gone.message);
    if (gone.kind === "refused" || gone.kind === "failed") return refusedAt(gone, path);
  }
  return null;
}

/**
 * Releases the locks alone: the run still needs what it has kept there, and locks again once it is resumed. If its
 * owner keeps us out of a folder, no lock of ours counts there. Rejects with `SessionLost`.
 */
export async function releaseLocks(
  remote: RemoteSession,
  files: readonly FilePlan[],
  token: string,
): Promise<void> {
  for (const [first] of folders(files)) {
    const released = await unlock(remote, { path: first?.path ?? "", token });
    if (released.kind === "lost") throw new SessionLost(released.message);
  }
}

/**
 * A folder in which something of the run is left. `isOfRoot`: its owner is root, so no account can have caused that.
 */
export type Unended = { isOfRoot: boolean; cause: Cause };

/**
 * Releases them, and removes all that the run has kept there. Returns what could not be removed. Rejects with
 * `SessionLost`.
 */
export async function giveLocksBack(
  remote: RemoteSession,
  files: readonly FilePlan[],
  token: string,
): Promise<Unended[]> {
  const left: Unended[] = [];
  for (const folder of folders(files)) {
    const path = folder[0]?.path ?? "";
    const cause = (await giveLockBack(remote, path, token)) ?? (await removeEmpty(remote, folder));
    if (cause === null) continue;
    left.push({ isOfRoot: folder.some(({ uid }) => uid === 0) || (await isOfRoot(remote, path)), cause });
  }
  return left;
}

async function giveLockBack(remote: RemoteSession, path: string, token: string): Promise<PlainCause | null> {
  const ended = await end(remote, { path, token });
  switch (ended.kind) {
    case "ended":
      return null;
    case "late-edit":
      return lateEdit(ended.files, folderOf(path));
    case "refused":
    case "failed":
      // A folder in which this run has nothing needs no end.
      return ended.why === "lock-lost" ? null : refusedAt(ended, path);
    case "lost":
      throw new SessionLost(ended.message);
    default:
      return assertNever(ended);
  }
}

/** The folder's owner may have answered: files that are not in the folder are left out. */
export const lateEdit = (files: readonly string[], folder: string): PlainCause => ({
  kind: "late-edit",
  folder,
  files: files.filter((file) => staysIn(file, folder)),
});

/**
 * Stops the rollback timers of the host. Returns the paths that have been rolled back, by its answer. Rejects with
 * `SessionLost`.
 */
export async function disarmAll(
  remote: RemoteSession,
  armed: readonly { path: string; id: string; token: string }[],
): Promise<Set<string>> {
  const fired = new Set<string>();
  for (const one of armed) {
    const off = await stopRollbackTimer(remote, one);
    if (off.kind === "lost") throw new SessionLost(off.message);
    if (off.kind === "fired") fired.add(one.path);
  }
  return fired;
}

/** The files of a host that a step is about, by their index in the plan, without those that are left out. */
export function filesLeft(run: KeyRun, step: Step) {
  const host = hostOf(run, step);
  const leftOut = leftOutOf(run.journal.files(), host);
  return filesOf(host.files, step).filter(({ index }) => !isWithout(leftOut[index], step.phase));
}

/** Those whose folders are locked during a step: also the files that only another step changes. */
export function filesToHold(run: KeyRun, step: Step): FilePlan[] {
  const host = hostOf(run, step);
  const leftOut = leftOutOf(run.journal.files(), host);
  return host.files.filter((_, index) => !isWithout(leftOut[index], step.phase));
}

/** Accounts for which a step is not verified, as all their files are left out of it. */
export function accountsLeftOut(run: KeyRun, step: Step): Set<string> {
  const host = hostOf(run, step);
  const held = new Set(filesToHold(run, step));
  const kept = new Set([...held].flatMap(accountsOf));
  return new Set(
    host.files
      .filter((file) => !held.has(file))
      .flatMap(accountsOf)
      .filter((account) => !kept.has(account)),
  );
}

const accountsOf = ({ account, others = [] }: FilePlan): string[] => [account, ...others];

type Left = { file: FilePlan; cause: Cause };

/**
 * Leaves out the files of these folders. Null, or why the step cannot go on without them: another run has locked a
 * folder of root's, one is root's own, something of the step stands there, or nothing would be left.
 */
export async function leaveOut(
  run: KeyRun,
  step: Step,
  remote: RemoteSession,
  unheld: readonly Unheld[],
): Promise<Cause | null> {
  const left: Left[] = [];
  for (const { files, why, cause } of unheld) {
    if (why === null || !run.change.leavesFilesOut) return cause;
    for (const file of files) {
      if (file.uid === 0 || (await standsIn(run, step, remote, file))) return cause;
      left.push({ file, cause });
    }
  }
  if (!isEnoughLeft(run, step, new Set(left.map(({ file }) => file)))) return left[0]?.cause ?? null;
  const { host, port } = hostOf(run, step);
  for (const { file, cause } of left)
    await run.journal.leaveOut(step.ordinal, {
      host,
      port,
      path: file.path,
      phase: step.phase,
      fate: "left-out",
      cause,
      takeOut: [],
      putBack: [],
      repair: null,
    });
  return null;
}

/**
 * Whether the owner of a file's folder, who is not root, can have caused that nothing is written there any more, while
 * what the step has written stands, or is hidden from us. Rejects with `SessionLost`.
 */
export async function isOwnersDoing(
  run: KeyRun,
  step: Step,
  remote: RemoteSession,
  { file, why }: { file: FilePlan; why: HostRefusal | undefined },
): Promise<boolean> {
  if (why === undefined || file.uid === 0) return false;
  const inspected = await inspectFile(remote, file.path);
  if (inspected.kind === "lost") throw new SessionLost(inspected.message);
  return inspected.file.content === null || (await standsIn(run, step, remote, file));
}

/** Whether something of the step stands in the file. */
export async function standsIn(
  run: KeyRun,
  step: Step,
  remote: RemoteSession,
  file: FilePlan,
): Promise<boolean> {
  const inspected = await inspectFile(remote, file.path);
  if (inspected.kind === "lost") throw new SessionLost(inspected.message);
  const { content } = inspected.file;
  if (!content) return false;
  const newKey = newKeyLine(run);
  return (
    evaluateFile(file, content, newKey).seen !== earliest(file, stagesOf(step).from) &&
    hasWorkOf(file, step, content, newKey)
  );
}

function isEnoughLeft(run: KeyRun, step: Step, without: ReadonlySet<FilePlan>): boolean {
  const ofHost = filesLeft(run, step).filter(({ file }) => !without.has(file));
  return ofHost.length > 0 || canDoWithout(run.plan, hostOf(run, step), step.phase, run.journal.files());
}

/** What a run that is over reports as left out. `isOffline`: scripts left it out. */
export function leftOutReason(files: readonly RunFile[], isOffline: boolean): RunReason[] {
  const left = files.filter(({ fate }) => fate === "left-out");
  if (left.length === 0) return [];
  return [
    { kind: "left-out", files: left.map(({ host, path, cause }) => ({ host, path, cause })), isOffline },
  ];
}
