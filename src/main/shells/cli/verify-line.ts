import { Command } from "commander";
import { printable } from "#shared/text/untrusted-text.ts";
import { printError } from "./print-error.ts";
import { addVerify } from "./report/verify.ts";
import type { World } from "./session.ts";

/**
 * The command line of `verify` alone. It takes milliseconds where the whole one takes the start of a program, for it
 * loads no database, no SSH client and no contract: a job may verify thousands of files.
 */
export async function runVerifyLine(argv: readonly string[], world: World): Promise<number> {
  let code = 0;
  const finish = (result: number) => {
    code = result;
  };
  try {
    const program = createBareProgram(world)
      .helpOption("-h, --help", "print help")
      .configureHelp({ showGlobalOptions: true });
    addVerify(program, { world, finish });
    await program.parseAsync(argv, { from: "user" });
    return code;
  } catch (error) {
    return printError(error, world);
  }
}

/** The command line without any command: the options of all commands, and where it prints. */
export const createBareProgram = (world: World): Command =>
  new Command("latchkey")
    .option("--db <file>", "the database file (default: in your data folder)")
    .option("--json", "print one JSON document")
    .configureOutput({
      writeOut: (text) => world.out(text.trimEnd()),
      writeErr: (text) => world.err(text.trimEnd()),
      getOutHelpWidth: () => world.columns ?? 100,
      // The message quotes what was typed.
      outputError: (text, write) =>
        write(
          text
            .replace(/^error: /, "latchkey: ")
            .trimEnd()
            .split("\n")
            .map(printable)
            .join("\n"),
        ),
    })
    .exitOverride();
