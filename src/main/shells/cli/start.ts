import { endOnFault, endProcess, narrowUmask } from "#shells/end-process.ts";
import { findWord } from "./find-word.ts";

/** Runs what was typed, and ends the process with its exit code. What `verify` does not need is not loaded for it. */
export async function start(argv: readonly string[]): Promise<void> {
  endOnFault();
  narrowUmask();
  const [run, { openWorld }] = await Promise.all([loadRun(argv), import("./terminal.ts")]);
  endProcess(await run(argv, openWorld()));
}

const loadRun = async (argv: readonly string[]) =>
  findWord(argv) === "verify"
    ? (await import("./verify-line.ts")).runVerifyLine
    : (await import("./command-line.ts")).runCommandLine;
