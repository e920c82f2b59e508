import type { Hand } from "#net/ssh/hand/hand.ts";
import { begin, create, disarm, end, uncreate } from "#net/ssh/hand/host-files.ts";
import { sayRefusal } from "#net/ssh/hand/say-refusal.ts";
import { assertNever } from "#shared/model/assert-never.ts";
import type { FilePlan } from "#shared/model/plan.ts";
import { SessionLost } from "./run-context.ts";

type Owner = { token: string; who: string };

/** After so long without a sign of us, whoever finds the lock may break it. */
const LEASE_SECONDS = 15 * 60;

const folderOf = (path: string): string => path.slice(0, path.lastIndexOf("/"));

/** One file for each folder: locks are of folders. */
const onePerFolder = (files: readonly FilePlan[]): FilePlan[] => [
  ...new Map(files.map((file) => [folderOf(file.path), file])).values(),
];

/** Takes the locks of all folders, or renews them. Null, or why one is not to be had. Rejects with `SessionLost`. */
export async function takeLocks(
  hand: Hand,
  files: readonly FilePlan[],
  { token, who }: Owner,
): Promise<string | null> {
  const lacking = await createMissing(hand, files);
  if (lacking !== null) return lacking;
  for (const { path } of onePerFolder(files)) {
    const wish = { path, token, who, leaseSeconds: LEASE_SECONDS };
    let begun = await begin(hand, wish);
    if (begun.kind === "held" && begun.by.leaseEnd < begun.by.now)
      begun = await begin(hand, { ...wish, breaks: begun.by.token });
    switch (begun.kind) {
      case "begun":
        break;
      case "held": {
        const until = new Date(begun.by.leaseEnd * 1_000).toISOString().slice(0, 19);
        return `${folderOf(path)} is being changed by ${begun.by.who}, who may hold it until ${until}Z; try again later`;
      }
      case "refused":
      case "failed":
        return sayRefusal(begun.why, path);
      case "lost":
        throw new SessionLost(begun.message);
      default:
        return assertNever(begun);
    }
  }
  return null;
}

/** What is not there yet has to be, before its folder can be held. */
async function createMissing(hand: Hand, files: readonly FilePlan[]): Promise<string | null> {
  for (const { path, uid } of files.filter(({ creates }) => creates !== undefined)) {
    const made = await create(hand, { path, uid });
    if (made.kind === "lost") throw new SessionLost(made.message);
    if (made.kind !== "created") return sayRefusal(made.why, path);
  }
  return null;
}

/** What was made for the run and holds nothing, whichever way the run has ended. */
async function removeEmpty(hand: Hand, files: readonly FilePlan[]): Promise<string | null> {
  for (const { path, uid, creates } of files) {
    if (creates === undefined) continue;
    const gone = await uncreate(hand, { path, uid, made: creates });
    if (gone.kind === "lost") throw new SessionLost(gone.message);
    if (gone.kind === "refused" || gone.kind === "failed") return sayRefusal(gone.why, path);
  }
  return null;
}

/** Gives them back, and with them all that the run has kept there. Null, or why that cannot be. */
export async function giveLocksBack(
  hand: Hand,
  files: readonly FilePlan[],
  token: string,
): Promise<string | null> {
  for (const { path } of onePerFolder(files)) {
    const ended = await end(hand, { path, token });
    switch (ended.kind) {
      case "ended":
        break;
      case "late-edit":
        return `somebody's editor wrote to a file that was replaced meanwhile; what they wrote is kept in ${ended.files.join(", ")}: look at it, and move it away`;
      case "refused":
      case "failed":
        // A folder in which this run holds nothing needs no end.
        if (ended.why === "lock-lost") break;
        return sayRefusal(ended.why, path);
      case "lost":
        throw new SessionLost(ended.message);
      default:
        return assertNever(ended);
    }
  }
  return removeEmpty(hand, files);
}

/** Whether the host has kept from taking any of them back. Rejects with `SessionLost`. */
export async function disarmAll(
  hand: Hand,
  armed: readonly { path: string; id: string; token: string }[],
): Promise<"disarmed" | "fired"> {
  let isFired = false;
  for (const one of armed) {
    const off = await disarm(hand, one);
    if (off.kind === "lost") throw new SessionLost(off.message);
    if (off.kind === "fired") isFired = true;
  }
  return isFired ? "fired" : "disarmed";
}
