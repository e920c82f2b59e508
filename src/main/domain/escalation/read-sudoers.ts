import { spend } from "#domain/work-budget.ts";
import { type AliasKind, type Defaults, type Item, type Rule, readLine } from "./sudoers-line.ts";

/** The files of sudoers on a host. */
type SudoersFiles = {
  /** The file with which sudo begins; null where there is none. */
  first: string | null;
  files: ReadonlyMap<string, Uint8Array>;
  /** The files of each includedir, in sudo's order. */
  folders: ReadonlyMap<string, readonly string[]>;
};

export type Sudoers = {
  /** In the order in which sudo reads them: of two that match, the later one holds. */
  rules: (Rule & { location: string })[];
  defaults: Defaults[];
  aliases: Record<AliasKind, ReadonlyMap<string, readonly Item[]>>;
  /** Unreadable lines and missing files, as sentences that say where. */
  problems: string[];
};

/** sudo's own limit. */
const MOST_DEPTH = 128;
const MOST_RULES = 10_000;
/** A file counts each time it is included. */
const MOST_FILES = 1_000;

/** Reads all sudoers files of a host. Never throws. */
export function readSudoers({ first, files, folders }: SudoersFiles, hostname: string | null): Sudoers {
  const aliases = {
    user: new Map<string, Item[]>(),
    runas: new Map<string, Item[]>(),
    host: new Map<string, Item[]>(),
    command: new Map<string, Item[]>(),
  };
  const sudoers: Sudoers = { rules: [], defaults: [], aliases, problems: [] };
  const shortName = hostname?.split(".")[0] ?? "";
  let filesLeft = MOST_FILES;
  if (first !== null) readFile(first, []);
  return sudoers;

  function readFile(path: string, above: readonly string[]): void {
    const bytes = files.get(path);
    if (filesLeft-- <= 0) return;
    if (!bytes) {
      sudoers.problems.push(`${path} is included by ${above.at(-1) ?? "nothing"} and was not read`);
      return;
    }
    for (const { line, text } of splitLogicalLines(Buffer.from(bytes).toString("utf8"))) {
      const location = `${path}:${line}`;
      // A file costs its length each time it is included; words are counted where they are read.
      spend(1 + Math.ceil(text.length / 8));
      const statement = readLine(text);
      if (!statement) sudoers.problems.push(`${location} cannot be read, and sudo passes over it as well`);
      else if (statement.kind === "defaults") sudoers.defaults.push(statement.defaults);
      else if (statement.kind === "include") include(statement, path, [...above, path]);
      else if (statement.kind === "rules") for (const rule of statement.rules) take({ ...rule, location });
      else
        for (const { name, items } of statement.aliases)
          if (!aliases[statement.of].has(name)) aliases[statement.of].set(name, items);
    }
  }

  function take(rule: Rule & { location: string }): void {
    if (sudoers.rules.length < MOST_RULES) sudoers.rules.push(rule);
    else if (sudoers.rules.length === MOST_RULES && !sudoers.problems.includes(TOO_MANY))
      sudoers.problems.push(TOO_MANY);
  }

  function include(
    { path, isFolder }: { path: string; isFolder: boolean },
    by: string,
    above: readonly string[],
  ): void {
    const named = path.replaceAll("%h", shortName);
    const whole = named.startsWith("/") ? named : `${by.slice(0, by.lastIndexOf("/"))}/${named}`;
    const paths = isFolder ? (folders.get(whole) ?? []) : [whole];
    for (const found of paths) {
      if (above.includes(found) || above.length >= MOST_DEPTH)
        sudoers.problems.push(`${found} is included in a circle, by ${by}`);
      else readFile(found, above);
    }
  }
}

const TOO_MANY = `sudoers: only the first ${MOST_RULES} rules are evaluated`;

/** A line of sudoers with its continuations, without its comment. */
type LogicalLine = { line: number; text: string };

/**
 * The lines of a sudoers file that are neither blank nor comments. A backslash at the end continues a line, but not a
 * comment; "#" begins a comment unless it is escaped, quoted, or the sign of an id: `#1000`, `%#27`.
 */
export function splitLogicalLines(file: string): LogicalLine[] {
  const lines: LogicalLine[] = [];
  let open: LogicalLine | null = null;
  for (const [index, raw] of file.split("\n").entries()) {
    const physical = raw.replace(/\r$/, "");
    const text: string = (open?.text ?? "") + (open ? physical.trimStart() : physical);
    const line: number = open?.line ?? index + 1;
    open = null;
    // A continued line is scanned again from its beginning.
    spend(1 + Math.ceil(text.length / 8));
    const kept = cutComment(text);
    const isContinued = kept.length === text.length && /(?:^|[^\\])(?:\\\\)*\\$/.test(text);
    if (isContinued && text.length <= MOST_CHARACTERS) open = { line, text: text.slice(0, -1) };
    else if (kept.trim() !== "") lines.push({ line, text: kept.trim() });
  }
  if (open && open.text.trim() !== "") lines.push({ line: open.line, text: open.text.trim() });
  return lines;
}

const MOST_CHARACTERS = 256 * 1024;

const DIRECTIVE = /^[ \t]*#include(?:dir)?[ \t]/;

function cutComment(text: string): string {
  if (!text.includes("#") || DIRECTIVE.test(text)) return text;
  let isQuoted = false;
  let before = "";
  for (let at = 0; at < text.length; at++) {
    const character = text.charAt(at);
    if (character === "\\") {
      at++;
      before = "\\";
    } else if (character === '"') {
      isQuoted = !isQuoted;
      before = character;
    } else if (character === "#" && !isQuoted && !isNumber(text, at, before)) {
      return text.slice(0, at);
    } else if (character !== " " && character !== "\t") {
      before = character;
    }
  }
  return text;
}

/** `before` is the last character before it that is not blank; empty for none. */
const isNumber = (text: string, at: number, before: string): boolean =>
  /[0-9]/.test(text.charAt(at + 1)) && (before === "" || ",!(:%".includes(before));
