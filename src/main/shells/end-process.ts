/**
 * The one place where this program ends by itself. Node's own exit joins every thread, of which one may be compiling and wait for a
 * collection of memory on this very thread: then neither ends (nodejs/node#54918). It also waits for look-ups of names that
 * were given up, minutes where a name server is silent. Both were seen: decision 0054.
 */

import { accessSync, constants } from "node:fs";
import { isMainThread } from "node:worker_threads";
import { formatFault } from "#shared/text/fault.ts";

/** Whoever read stdout has left: what a shell says of a program that SIGPIPE ends. */
export const READER_LEFT = 141;

/** So long what is being closed may take, such as a thread that was told to stop. */
const CLOSED_WITHIN_MS = 2_000;
const SHELL = "/bin/sh";

/** Ends with a code once all that was written is out, by having nothing left to do. What nothing can close is not waited for. */
export function endProcess(code: number): void {
  process.exitCode = code;
  process.stdout.write("", () =>
    process.stderr.write("", () => {
      // A thread of the system's looks a name up for as long as it likes.
      if (process.getActiveResourcesInfo().includes("GetAddrInfoReqWrap")) endAtOnce(code);
      setTimeout(endAtOnce, CLOSED_WITHIN_MS, code).unref();
    }),
  );
}

/**
 * Ends at once, whatever else is under way, and joins no thread: the process becomes a shell that ends with the code. Where there
 * is none to become (Windows, a thread, Electron, whose exit is its own, and Node before 22.15), by the runtime's exit.
 */
export function endAtOnce(code: number): never {
  const { stdin } = process;
  if (stdin.isTTY && stdin.isRaw) stdin.setRawMode(false);
  if (process.execve && canBecomeShell()) process.execve(SHELL, [SHELL, "-c", `exit ${code}`], {});
  // biome-ignore lint/nursery/noProcessExit: the one place, where nothing else ends it
  process.exit(code);
}

function canBecomeShell(): boolean {
  if (process.platform === "win32" || process.versions.electron !== undefined || !isMainThread) return false;
  try {
    // It aborts where it cannot.
    accessSync(SHELL, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** What nothing caught ends the process with 3. Node itself would print all that it holds. */
export function endOnFault(): void {
  process.on("uncaughtException", (fault) => {
    process.stderr.write(`latchkey: something went wrong: ${formatFault(fault)}\n`, () => endAtOnce(3));
  });
}

/**
 * Whatever this process makes from now on, nobody but its user may write: a user's umask of 000 opens nothing of ours.
 * A narrower one stays. To be called before anything is written; in a thread it is the main one's, who called it before.
 */
export function narrowUmask(): void {
  if (!isMainThread) return;
  const before = process.umask(0o077);
  process.umask(before | 0o022);
}
