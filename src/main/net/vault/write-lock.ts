import { randomBytes } from "node:crypto";
import { closeSync, openSync, readFileSync, rmSync, writeSync } from "node:fs";
import { hostname } from "node:os";
import { Refusal } from "#shared/model/refusal.ts";

const LOCK = ".lock";
/** A write takes milliseconds; of others that wait as well, each goes in between. */
const PATIENCE_MS = 10_000;
const PAUSE_MS = 5;

/**
 * One program after the other acts on a file. What one has left that was killed is taken away; where nobody can say whether
 * whoever has it still lives, that is refused.
 */
export function whileLocked(path: string, act: () => void, patienceMs = PATIENCE_MS): void {
  const lock = `${path}${LOCK}`;
  const mine = `${process.pid} ${randomBytes(8).toString("hex")} ${hostname()}`;
  for (const until = Date.now() + patienceMs; !create(lock, mine); ) {
    const theirs = read(lock);
    if (theirs !== null && hasEnded(theirs) && takeAway(lock, theirs)) continue;
    if (Date.now() > until)
      throw new Refusal(
        "conflict",
        `another program is writing ${path}, and nothing was written; try again, and if no Latchkey runs, delete ${lock}`,
      );
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, PAUSE_MS);
  }
  try {
    act();
  } finally {
    rmSync(lock, { force: true });
  }
}

/** Whether it was not there. */
function create(path: string, text: string): boolean {
  try {
    const file = openSync(path, "wx", 0o600);
    try {
      writeSync(file, text);
    } finally {
      closeSync(file);
    }
    return true;
  } catch (error) {
    // Windows says EPERM of one that is just being deleted.
    if (isCode(error, "EEXIST") || (process.platform === "win32" && isCode(error, "EPERM"))) return false;
    throw error;
  }
}

function read(path: string): string | null {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return null;
  }
}

/** Of this computer. This process itself waits for none of its own: it was another one of the same number. */
function hasEnded(lock: string): boolean {
  const [, pid = "", , host] = /^(\d+) ([0-9a-f]+) (.*)$/.exec(lock) ?? [];
  if (host !== hostname()) return false;
  if (Number(pid) === process.pid) return true;
  try {
    process.kill(Number(pid), 0);
    return false;
  } catch (error) {
    return isCode(error, "ESRCH");
  }
}

/** Once, however many see that it was left: whoever is late finds another one there, and leaves that. */
function takeAway(lock: string, left: string): boolean {
  const [, , token = ""] = /^(\d+) ([0-9a-f]+) /.exec(left) ?? [];
  const turn = `${lock}.${token}`;
  if (!create(turn, "")) return false;
  try {
    if (read(lock) === left) rmSync(lock, { force: true });
    return true;
  } finally {
    rmSync(turn, { force: true });
  }
}

export const isCode = (error: unknown, code: string) =>
  error instanceof Error && (error as NodeJS.ErrnoException).code === code;
