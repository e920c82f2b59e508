/**
 * OpenSSH's client reads the public key when it is connected, and the private one once the server has taken that. Where the
 * two change in between it refuses them ("contents do not match public"), so they change while no client is on its way in.
 */
import { readdirSync, readFileSync, renameSync } from "node:fs";
import { setTimeout as pause } from "node:timers/promises";

/** Until a login that was begun is over, or is as long under way as whoever types a passphrase may be. */
const YOUNG_SECONDS = 3;
/** Where logins follow each other without a pause, nothing is gained by waiting longer. */
const MOST_WAITS = 120;
const WAIT_MS = 50;
/** Of /proc, on every architecture that Node runs on. */
const TICKS_PER_SECOND = 100;

/**
 * Renames at a moment at which no ssh client of this computer has begun within three seconds; after six seconds at the
 * latest. Where the system does not show its processes as files, at once. False: nothing was renamed, for by then `isUnchanged`,
 * which is asked right before, said no. Rejects as `rename` does.
 */
export async function moveBetweenLogins(
  from: string,
  to: string,
  isUnchanged: () => boolean,
): Promise<boolean> {
  for (let waits = 0; waits < MOST_WAITS && isAnybodyLoggingIn(); waits++) await pause(WAIT_MS);
  // In the same breath: a client that begins now reads its first file later than this, and nobody saves another one.
  if (!isUnchanged()) return false;
  renameSync(from, to);
  return true;
}

function isAnybodyLoggingIn(): boolean {
  try {
    const now = Number(readFileSync("/proc/uptime", "utf8").split(" ")[0]);
    return readdirSync("/proc").some((name) => /^\d/.test(name) && isYoungClient(`/proc/${name}`, now));
  } catch {
    return false;
  }
}

function isYoungClient(folder: string, now: number): boolean {
  try {
    if (readFileSync(`${folder}/comm`, "utf8") !== "ssh\n") return false;
    // The 22nd field; the second one ends with the last parenthesis.
    const begun = readFileSync(`${folder}/stat`, "utf8")
      .replace(/^.*\) /s, "")
      .split(" ")[19];
    const age = now - Number(begun) / TICKS_PER_SECOND;
    return age >= 0 && age < YOUNG_SECONDS;
  } catch {
    return false;
  }
}
