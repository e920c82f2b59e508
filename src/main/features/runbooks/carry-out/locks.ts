import type { Hand } from "#net/ssh/hand/hand.ts";
import { begin, create, disarm, end, uncreate, unlock } from "#net/ssh/hand/host-files.ts";
import { lookAtFile } from "#net/ssh/hand/look.ts";
import { type HandRefusal, sayAnswer, sayHeld, staysIn } from "#net/ssh/hand/say-refusal.ts";
import { assertNever } from "#shared/model/assert-never.ts";
import type { FilePlan } from "#shared/model/plan.ts";
import { SessionLost } from "./run-context.ts";

type Owner = { token: string; who: string };

/** After so long without a sign of us, whoever finds the lock may break it. */
const LEASE_SECONDS = 15 * 60;

const folderOf = (path: string): string => path.slice(0, path.lastIndexOf("/"));

/** Locks are of folders. */
const folders = (files: readonly FilePlan[]): FilePlan[][] => [
  ...Map.groupBy(files, ({ path }) => folderOf(path)).values(),
];

/**
 * A folder that is not to be had, with the files of the run in it. `why`: null where another run holds a folder of root's own;
 * in any other its owner can have written the lock that says so, which is then `held`.
 */
export type Unheld = { files: FilePlan[]; why: HandRefusal | null; message: string };

/** `begun`: those of which nothing was held before. */
export type Locks = { begun: FilePlan[]; unheld: Unheld[] };

/** Takes the locks of all folders, or renews them; one that is not to be had keeps none of the others from it. Rejects with `SessionLost`. */
export async function takeLocks(hand: Hand, files: readonly FilePlan[], owner: Owner): Promise<Locks> {
  const locks: Locks = { begun: [], unheld: [] };
  for (const folder of folders(files)) {
    const taken = (await createMissing(hand, folder)) ?? (await takeLock(hand, folder, owner));
    if (taken === "begun") locks.begun.push(...folder);
    else if (taken !== "renewed") locks.unheld.push(taken);
  }
  return locks;
}

async function takeLock(
  hand: Hand,
  files: FilePlan[],
  { token, who }: Owner,
): Promise<"begun" | "renewed" | Unheld> {
  const path = files[0]?.path ?? "";
  const wish = { path, token, who, leaseSeconds: LEASE_SECONDS };
  let begun = await begin(hand, wish);
  if (begun.kind === "held" && begun.by.leaseEnd < begun.by.now)
    begun = await begin(hand, { ...wish, breaks: begun.by.token });
  switch (begun.kind) {
    case "begun":
      return begun.isRenewed ? "renewed" : "begun";
    case "held":
      return { files, why: (await isOfRoot(hand, path)) ? null : "held", message: sayHeld(begun.by, path) };
    case "refused":
    case "failed":
      return { files, why: begun.why, message: sayUnheld(begun, path) };
    case "lost":
      throw new SessionLost(begun.message);
    default:
      return assertNever(begun);
  }
}

/** Whether root owns the folder of the file. Rejects with `SessionLost`. */
async function isOfRoot(hand: Hand, path: string): Promise<boolean> {
  const look = await lookAtFile(hand, path);
  if (look.kind === "lost") throw new SessionLost(look.message);
  return look.file.actorUid === 0;
}

const sayUnheld = (answer: { why: HandRefusal; detail: string }, path: string): string =>
  answer.why === "work-folder-taken"
    ? `${folderOf(path)}/.latchkey, where a run keeps its lock, was made by something else than a run: look at it, and remove it`
    : sayAnswer(answer, path);

/** What is not there yet has to be, before its folder can be held. Null: all of it is. */
async function createMissing(hand: Hand, files: FilePlan[]): Promise<Unheld | null> {
  for (const { path, uid } of files.filter(({ creates }) => creates !== undefined)) {
    const made = await create(hand, { path, uid });
    if (made.kind === "lost") throw new SessionLost(made.message);
    if (made.kind !== "created") return { files, why: made.why, message: sayAnswer(made, path) };
  }
  return null;
}

/** What was made for the run and holds nothing, whichever way the run has ended. */
async function removeEmpty(hand: Hand, files: readonly FilePlan[]): Promise<string | null> {
  for (const { path, uid, creates } of files) {
    if (creates === undefined) continue;
    const gone = await uncreate(hand, { path, uid, made: creates });
    if (gone.kind === "lost") throw new SessionLost(gone.message);
    if (gone.kind === "refused" || gone.kind === "failed") return sayAnswer(gone, path);
  }
  return null;
}

/**
 * Gives the locks alone back: what the run has kept there is still needed, and it takes them again once somebody has it go on. A folder
 * whose owner keeps us from that has no lock of ours that would count. Rejects with `SessionLost`.
 */
export async function releaseLocks(hand: Hand, files: readonly FilePlan[], token: string): Promise<void> {
  for (const [first] of folders(files)) {
    const released = await unlock(hand, { path: first?.path ?? "", token });
    if (released.kind === "lost") throw new SessionLost(released.message);
  }
}

/** A folder in which something of the run is left. `isOfRoot`: its owner is root, and no account can have brought that about. */
export type Unended = { isOfRoot: boolean; message: string };

/** Gives them back, and with them all that the run has kept there. What of it could not be. Rejects with `SessionLost`. */
export async function giveLocksBack(
  hand: Hand,
  files: readonly FilePlan[],
  token: string,
): Promise<Unended[]> {
  const left: Unended[] = [];
  for (const folder of folders(files)) {
    const path = folder[0]?.path ?? "";
    const message = (await giveLockBack(hand, path, token)) ?? (await removeEmpty(hand, folder));
    if (message === null) continue;
    left.push({ isOfRoot: folder.some(({ uid }) => uid === 0) || (await isOfRoot(hand, path)), message });
  }
  return left;
}

async function giveLockBack(hand: Hand, path: string, token: string): Promise<string | null> {
  const ended = await end(hand, { path, token });
  switch (ended.kind) {
    case "ended":
      return null;
    case "late-edit":
      return sayLateEdit(ended.files, folderOf(path));
    case "refused":
    case "failed":
      // A folder in which this run holds nothing needs no end.
      return ended.why === "lock-lost" ? null : sayAnswer(ended, path);
    case "lost":
      throw new SessionLost(ended.message);
    default:
      return assertNever(ended);
  }
}

/** Its folder's owner may have answered: a file that does not lie there is not told. */
export function sayLateEdit(files: readonly string[], folder: string): string {
  const kept = files.filter((file) => staysIn(file, folder)).join(", ") || `${folder}/.latchkey`;
  return `somebody's editor wrote to a file that was replaced meanwhile; what they wrote is kept in ${kept}: look at it, and move it away`;
}

/**
 * Keeps the host from taking any of them back. Of which of them it says that it has: their paths. Rejects with `SessionLost`.
 */
export async function disarmAll(
  hand: Hand,
  armed: readonly { path: string; id: string; token: string }[],
): Promise<Set<string>> {
  const fired = new Set<string>();
  for (const one of armed) {
    const off = await disarm(hand, one);
    if (off.kind === "lost") throw new SessionLost(off.message);
    if (off.kind === "fired") fired.add(one.path);
  }
  return fired;
}
