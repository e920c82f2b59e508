import { VERSION } from "#shared/model/version.ts";
import { endOnFault, endProcess, narrowUmask } from "#shells/end-process.ts";
import { findWord } from "./find-word.ts";

/**
 * Runs the command, and ends the process with its exit code. No command is loaded for the version, and for `verify`
 * only what it needs.
 */
export async function start(argv: readonly string[]): Promise<void> {
  endOnFault();
  narrowUmask();
  if (argv.length === 1 && (argv[0] === "--version" || argv[0] === "-V")) {
    process.stdout.write(`${VERSION}\n`);
    return endProcess(0);
  }
  const [run, { openWorld }] = await Promise.all([loadRun(argv), import("./terminal.ts")]);
  endProcess(await run(argv, openWorld()));
}

const loadRun = async (argv: readonly string[]) =>
  findWord(argv) === "verify"
    ? (await import("./verify-line.ts")).runVerifyLine
    : (await import("./command-line.ts")).runCommandLine;
