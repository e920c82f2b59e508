import { resolve } from "node:path";
import { LINK_SCHEME } from "#shared/text/deep-link.ts";

/** What a start of the program asks for: a command, as in a terminal, or a window with something open in it. */
export type Launch =
  | { kind: "command"; argv: readonly string[] }
  | { kind: "window"; database: string | null; opened: readonly Opened[] };

/** A link or a file that the window is to show. */
export type Opened = { kind: "link"; link: string } | { kind: "file"; path: string };

/**
 * What stands behind the program's name. A packaged program is its own executable; otherwise Electron is told which
 * program to run, behind switches of its own.
 */
export function argumentsOf(argv: readonly string[], { isPackaged }: { isPackaged: boolean }): string[] {
  if (isPackaged) return argv.slice(1);
  const program = argv.findIndex((word, index) => index > 0 && !word.startsWith("-"));
  return program < 0 ? [] : argv.slice(program + 1);
}

/** A bare word is a command, or a mistyped one, which the command line can say; files come with a path. */
const COMMAND = /^[a-z][a-z-]*$/;
const HELP: ReadonlySet<string> = new Set(["-h", "--help", "-V", "--version"]);

/** Reads those arguments. What is no option of ours the system may have added for Chromium. */
export function readLaunch(argv: readonly string[], folder: string): Launch {
  const { words, database } = readWords(argv);
  if (COMMAND.test(words[0] ?? "") || argv.some((word) => HELP.has(word))) return { kind: "command", argv };
  return { kind: "window", database: database && resolve(folder, database), opened: toOpened(words, folder) };
}

/** What a second start of the program asks the window to open. */
export const readOpened = (argv: readonly string[], folder: string): Opened[] =>
  toOpened(readWords(argv).words, folder);

const toOpened = (words: readonly string[], folder: string): Opened[] =>
  words.map((word) =>
    word.startsWith(`${LINK_SCHEME}:`)
      ? { kind: "link", link: word }
      : { kind: "file", path: resolve(folder, word) },
  );

/** What is no option, and the database that an option names. */
function readWords(argv: readonly string[]): { words: string[]; database: string | null } {
  const words: string[] = [];
  let database: string | null = null;
  for (let index = 0; index < argv.length; index++) {
    const word = argv[index] ?? "";
    if (word === "--db") database = argv[++index] ?? null;
    else if (word.startsWith("--db=")) database = word.slice("--db=".length);
    else if (word !== "" && !word.startsWith("-")) words.push(word);
  }
  return { words, database };
}
