import { constants, realpathSync } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { basename, resolve } from "node:path";
import type { AppOptions } from "#app";
import { type DesktopMessage, MOST_FILE_BYTES } from "#shared/contract/transport/desktop.ts";
import { assertNever } from "#shared/model/assert-never.ts";
import { LINK_SCHEME, parseDeepLink } from "#shared/text/deep-link.ts";

/** What a start of the program asks for: a command, as in a terminal, or a window with something open in it. */
export type Launch =
  | { kind: "command"; argv: readonly string[] }
  | { kind: "window"; database: string | null; files: StartFiles; opened: readonly Opened[] };

/** The files of this computer that the page may name, in addition to this user's own: as `latchkey serve` has them. */
export type StartFiles = NonNullable<AppOptions["startFiles"]>;

/** A link or a file that the window is to show. */
export type Opened = { kind: "link"; link: string } | { kind: "file"; path: string };

/**
 * The arguments after the program's name. A packaged program is its own executable; otherwise the path of the program
 * follows Electron's own switches.
 */
export function argumentsOf(argv: readonly string[], { isPackaged }: { isPackaged: boolean }): string[] {
  if (isPackaged) return argv.slice(1);
  const program = argv.findIndex((word, index) => index > 0 && !word.startsWith("-"));
  return program < 0 ? [] : argv.slice(program + 1);
}

/** A bare word is a command, or a mistyped one, which the command line reports; files come with a path. */
const COMMAND = /^[a-z][a-z-]*$/;
const HELP: ReadonlySet<string> = new Set(["-h", "--help", "-V", "--version"]);

/** Reads those arguments. The system may have added options for Chromium, which are ignored. */
export function readLaunch(argv: readonly string[], folder: string): Launch {
  const { words, values } = readWords(argv);
  if (COMMAND.test(words[0] ?? "") || argv.some((word) => HELP.has(word))) return { kind: "command", argv };
  const paths = (name: Valued) => (values.get(name) ?? []).map((path) => resolve(folder, path));
  const files = {
    sshConfigs: paths("--ssh-config"),
    identities: paths("--identity"),
    programs: paths("--dns-hook"),
  };
  const database = paths("--db").at(-1) ?? null;
  return { kind: "window", database, files, opened: toOpened(words, folder) };
}

/** What a start of the program asks of the one that runs already. */
export type SecondStart =
  | { kind: "new-window" }
  /** Shown in the window that was used last. */
  | { kind: "show"; opened: readonly Opened[] }
  /** It names another database than the one that is open: no window may be taken for one of that. */
  | { kind: "other-database"; database: string };

export function readSecondStart(argv: readonly string[], folder: string, database: string): SecondStart {
  const { words, values } = readWords(argv);
  const named = values.get("--db")?.at(-1);
  const other = named === undefined ? database : resolve(folder, named);
  if (realPath(other) !== realPath(database)) return { kind: "other-database", database: other };
  return words.length === 0 ? { kind: "new-window" } : { kind: "show", opened: toOpened(words, folder) };
}

export const formatOtherDatabase = (other: string, database: string): string =>
  `${other} was not opened: the Latchkey that runs has ${database} open; quit it first`;

/** Its links resolved, as far as it is there. */
function realPath(path: string): string {
  try {
    return realpathSync(path);
  } catch (error) {
    if (error instanceof Error) return path;
    throw error;
  }
}

const toOpened = (words: readonly string[], folder: string): Opened[] =>
  words.map((word) =>
    word.startsWith(`${LINK_SCHEME}:`)
      ? { kind: "link", link: word }
      : { kind: "file", path: resolve(folder, word) },
  );

/** Options of ours that have a value. */
const VALUED = ["--db", "--ssh-config", "--identity", "--dns-hook"] as const;
type Valued = (typeof VALUED)[number];

/** The arguments that are no options, and the values of our own options. */
function readWords(argv: readonly string[]): { words: string[]; values: Map<Valued, string[]> } {
  const words: string[] = [];
  const values = new Map<Valued, string[]>();
  for (let index = 0; index < argv.length; index++) {
    const word = argv[index] ?? "";
    const option = VALUED.find((name) => word === name || word.startsWith(`${name}=`));
    const value = word === option ? argv[++index] : word.slice((option?.length ?? 0) + 1);
    if (option && value !== undefined) values.set(option, [...(values.get(option) ?? []), value]);
    else if (!option && word !== "" && !word.startsWith("-")) words.push(word);
  }
  return { words, values };
}

/** Sends the page what was opened. A link that is not ours opens the window, and nothing in it. */
export async function showOpened(
  opened: readonly Opened[],
  post: (message: DesktopMessage) => void,
): Promise<void> {
  for (const each of opened) {
    const message = await toMessage(each);
    if (message) post(message);
  }
}

async function toMessage(opened: Opened): Promise<DesktopMessage | null> {
  switch (opened.kind) {
    case "file":
      return await readOpenedFile(opened.path);
    case "link": {
      const link = parseDeepLink(opened.link);
      return link && { kind: "go", ...link };
    }
    default:
      return assertNever(opened);
  }
}

/**
 * Reads a file that the operating system opened with the program, for its page to inspect: a regular file of a
 * bounded size. A pipe or a device would keep us waiting, or never end.
 */
async function readOpenedFile(path: string): Promise<DesktopMessage> {
  const name = basename(path);
  try {
    // O_NONBLOCK: a pipe without a writer does not block.
    await using file = await open(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
    const stat = await file.stat();
    if (!stat.isFile()) return unreadable(name, "it is not a regular file");
    const bytes = await readAtMost(file, MOST_FILE_BYTES);
    if (!bytes)
      return unreadable(name, `it is larger than ${MOST_FILE_BYTES / 1024} KiB; latchkey inspect reads it`);
    return { kind: "file", name, base64: bytes.toString("base64") };
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    return unreadable(name, error.message);
  }
}

/** Null if there is more: a file may grow while it is read. */
async function readAtMost(file: FileHandle, most: number): Promise<Buffer | null> {
  const buffer = Buffer.alloc(most + 1);
  let length = 0;
  for (;;) {
    const { bytesRead } = await file.read(buffer, length, buffer.length - length);
    length += bytesRead;
    if (length > most) return null;
    if (bytesRead === 0) return buffer.subarray(0, length);
  }
}

const unreadable = (name: string, why: string): DesktopMessage => ({
  kind: "unreadable-file",
  name,
  sentence: `${name} could not be read: ${why}`,
});
