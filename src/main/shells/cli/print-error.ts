import { CommanderError } from "commander";
import { Refusal } from "#shared/model/refusal.ts";
import { formatFault } from "#shared/text/fault.ts";
import { printable } from "#shared/text/untrusted-text.ts";
import type { World } from "./session.ts";

/** The cause is this machine, another one or another process, rather than the caller's request. */
const NOT_DONE = ["locked", "unreachable", "unusable", "internal"];

/** Prints an error of this process on stderr, and returns the exit code for it. */
export function printError(error: unknown, world: World): number {
  // Commander has printed its own by now; it "fails" with 0 after help.
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
  if (error instanceof Refusal) return printRefused(error, world);
  world.err(
    `latchkey: ${isOfTheSystem(error) ? printable(error.message) : `something went wrong: ${formatFault(error)}`}`,
  );
  return 3;
}

/** The same for a refusal, wherever it was made. */
export function printRefused({ code, message }: { code: string; message: string }, { err }: World): number {
  err(`latchkey: ${printable(message)}`);
  return NOT_DONE.includes(code) ? 3 : 2;
}

/** A failed call of the system, with the call, the path and why. */
const isOfTheSystem = (error: unknown): error is NodeJS.ErrnoException =>
  error instanceof Error && "syscall" in error;
