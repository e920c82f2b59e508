import { CommanderError } from "commander";
import { Refusal } from "#shared/model/refusal.ts";
import { formatFault } from "#shared/text/fault.ts";
import { printable } from "#shared/text/untrusted-text.ts";
import type { World } from "./session.ts";

/** What this machine, another one or another process stands in the way of, rather than the caller's request. */
const NOT_DONE = ["locked", "unreachable", "unusable", "internal"];

/** Says an error of this process on stderr, and answers with the exit code that it means. */
export function printError(error: unknown, world: World): number {
  // Commander has said its own by now; it "fails" with 0 after help.
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
  if (error instanceof Refusal) return printRefused(error, world);
  world.err(
    `latchkey: ${isOfTheSystem(error) ? printable(error.message) : `something went wrong: ${formatFault(error)}`}`,
  );
  return 3;
}

/** The same of a refusal, wherever it was made. */
export function printRefused({ code, message }: { code: string; message: string }, { err }: World): number {
  err(`latchkey: ${printable(message)}`);
  return NOT_DONE.includes(code) ? 3 : 2;
}

/** What the system did not do, in its words: the call, the path and why. */
const isOfTheSystem = (error: unknown): error is NodeJS.ErrnoException =>
  error instanceof Error && "syscall" in error;
