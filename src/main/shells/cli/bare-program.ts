import { Command } from "commander";
import { printable } from "#shared/text/printable.ts";
import type { World } from "./world.ts";

/** The command line before any command is in it: the options of all, and where it prints. */
export const createBareProgram = (world: World): Command =>
  new Command("latchkey")
    .option("--db <file>", "the database file (default: in your data folder)")
    .option("--json", "print one JSON document")
    .configureOutput({
      writeOut: (text) => world.out(text.trimEnd()),
      writeErr: (text) => world.err(text.trimEnd()),
      getOutHelpWidth: () => world.columns ?? 100,
      // It quotes what was typed.
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
