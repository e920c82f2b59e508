/**
 * The one place where this program ends by itself. Node's own exit joins every thread. One of these may be compiling
 * and wait for a garbage collection on this very thread: then neither ends (nodejs/node#54918). Node also waits for
 * abandoned name look-ups, which takes minutes if a name server is silent. Both were seen: decision 0054.
 */

import { accessSync, constants } from "node:fs";
import { isMainThread } from "node:worker_threads";
import { formatFault } from "#shared/text/fault.ts";

/** The reader of stdout has left: a shell reports this code for a program that SIGPIPE ends. */
export const READER_LEFT = 141;

/** How long closing may take, such as a thread that was asked to stop. */
const CLOSED_WITHIN_MS = 2_000;
const SHELL = "/bin/sh";

/**
 * Ends with a code once all output is written, by having nothing left to do. Does not wait for what nothing can close.
 */
export function endProcess(code: number): void {
  process.exitCode = code;
  process.stdout.write("", () =>
    process.stderr.write("", () => {
      // The system looks a name up in a thread for as long as it likes.
      if (process.getActiveResourcesInfo().includes("GetAddrInfoReqWrap")) endAtOnce(code);
      setTimeout(endAtOnce, CLOSED_WITHIN_MS, code).unref();
    }),
  );
}

/**
 * Ends at once, whatever else is under way, and joins no thread: the process becomes a shell that ends with the code.
 * Where that is not possible (Windows, a thread, Electron, whose exit is its own, and Node before 22.15), by the
 * runtime's exit.
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
    // `execve` aborts the process where it fails.
    accessSync(SHELL, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** An uncaught error ends the process with 3. Node itself would print all that the error contains. */
export function endOnFault(): void {
  process.on("uncaughtException", (fault) => {
    process.stderr.write(`latchkey: something went wrong: ${formatFault(fault)}\n`, () => endAtOnce(3));
  });
}

/**
 * Nobody but its user may write what this process creates from now on, even with a umask of 000. A narrower umask
 * stays. Must be called before anything is written; a thread has the umask of the main thread, which called it before.
 */
export function narrowUmask(): void {
  if (!isMainThread) return;
  const before = process.umask(0o077);
  process.umask(before | 0o022);
}
