/**
 * OpenSSH's client reads the public key before it connects, and the private key once the server has accepted that. If
 * they change in between, it refuses both ("contents do not match public"): so no client may be logging in.
 */
import { readdirSync, readFileSync, renameSync } from "node:fs";
import { setTimeout as pause } from "node:timers/promises";

/** An older login is over by now, or waits for a person to type a passphrase. */
const YOUNG_SECONDS = 3;
/** If logins follow each other without a pause, waiting longer gains nothing. */
const MOST_WAITS = 120;
const WAIT_MS = 50;
/** The tick of /proc, on every architecture that Node runs on. */
const TICKS_PER_SECOND = 100;

/**
 * Waits until no ssh client on this computer has started in the last three seconds, six seconds at most, then renames.
 * Without /proc it renames at once. Returns false, and renames nothing, if `isUnchanged`, called right before the
 * rename, returns false. Rejects as `rename` does.
 */
export async function moveBetweenLogins(
  from: string,
  to: string,
  isUnchanged: () => boolean,
): Promise<boolean> {
  for (let waits = 0; waits < MOST_WAITS && isAnybodyLoggingIn(); waits++) await pause(WAIT_MS);
  // Both calls are synchronous, so that hardly a moment is left in which somebody saves another file.
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
    // The 22nd field, starttime; the second, comm, ends at the last parenthesis.
    const begun = readFileSync(`${folder}/stat`, "utf8")
      .replace(/^.*\) /s, "")
      .split(" ")[19];
    const age = now - Number(begun) / TICKS_PER_SECOND;
    return age >= 0 && age < YOUNG_SECONDS;
  } catch {
    return false;
  }
}
