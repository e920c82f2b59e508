import { matchPatternList } from "#domain/ssh/patterns.ts";
import { splitKeyword, splitWords } from "#domain/ssh/sshd-config.ts";
import type { BrokenEntry } from "#shared/contract/scans.ts";
import { formatNumber } from "#shared/text/count.ts";
import { type Condition, readHostLine, readMatchLine } from "./conditions.ts";
import { isKeyword, readSetting, type Setting } from "./settings.ts";

/** A Host or Match line with the settings under it, or the settings above the first of them in a file. */
export type Block = { condition: Condition; outer: Block | null };

/** Successive settings of one block, in the order in which ssh reads them. An Include may split a block. */
export type Segment = { block: Block; settings: Setting[] };

/** ssh_config and all that it includes. */
export type Blocks = {
  segments: readonly Segment[];
  /** Hosts that a Host line names without wildcards, in order, and whether the line is in this user's own files. */
  names: ReadonlyMap<string, { isUser: boolean }>;
  /** ssh reads its configuration a second time (`Match final`), with the HostName that it found. */
  hasFinalPass: boolean;
  /** Lines that cannot be read. ssh stops at the first of them; for us, the other lines still hold. */
  broken: readonly BrokenEntry[];
  notes: readonly string[];
};

/** ssh's READCONF_MAX_DEPTH. */
const DEEPEST_INCLUDE = 16;

/** Files that include each other expand to far more than their own size. */
const MOST_INCLUSIONS = 4_096;
const MOST_CHARACTERS = 64 * 1024 * 1024;

type Reading = {
  source: ConfigSource;
  segments: Segment[];
  names: Map<string, { isUser: boolean }>;
  hasFinalPass: boolean;
  broken: BrokenEntry[];
  notes: Notes;
  /** Keywords that IgnoreUnknown allows. */
  ignored: string[];
  left: { inclusions: number; characters: number };
};

/** One reading of a file; `above`: the files that include it, the outermost first. */
type FileRead = { path: string; isUser: boolean; outer: Block; above: readonly string[] };

type Line = {
  keyword: string;
  rest: string;
  words: readonly string[];
  isQuoteOpen: boolean;
  isUser: boolean;
  text: string;
  /** The file as people write it: `~/.ssh/config`. */
  file: string;
  number: number;
};

export function readBlocks(source: ConfigSource): Blocks {
  const reading: Reading = {
    source,
    segments: [],
    names: new Map(),
    hasFinalPass: false,
    broken: [],
    notes: createNotes(),
    ignored: [],
    left: { inclusions: MOST_INCLUSIONS, characters: MOST_CHARACTERS },
  };
  for (const { path, isUser } of source.roots) {
    const outer: Block = { condition: { kind: "always" }, outer: null };
    readFile(reading, { path, isUser, outer, above: [] });
  }
  return { ...reading, notes: reading.notes.list() };
}

function readFile(reading: Reading, from: FileRead): void {
  const file = reading.source.files.get(from.path);
  if (!file || !("text" in file)) return;
  reading.left.characters -= file.text.length;
  let block = from.outer;
  beginSegment(reading, block);
  for (const [index, raw] of file.text.split("\n").entries()) {
    const read = readLine(raw, reading.source.describe(from.path), index + 1);
    if (!read) continue;
    const line = { ...read, isUser: from.isUser };
    if (line.keyword === "host" || line.keyword === "match") {
      block = { condition: readCondition(reading, line), outer: from.outer };
      beginSegment(reading, block);
    } else if (line.keyword === "include") {
      include(reading, line, { ...from, outer: block });
      beginSegment(reading, block);
    } else {
      readOther(reading, line);
    }
  }
}

/** A line ends at its first NUL, as in C. */
function readLine(raw: string, file: string, number: number): Omit<Line, "isUser"> | null {
  const text = raw.split("\0", 1)[0] ?? "";
  const split = splitKeyword(text);
  return split && { ...split, ...splitWords(split.rest), text, file, number };
}

const beginSegment = ({ segments }: Reading, block: Block) => segments.push({ block, settings: [] });

/** A Host or Match line that cannot be read holds for no host, and neither do the settings under it. */
function readCondition(reading: Reading, line: Line): Condition {
  const read = line.isQuoteOpen
    ? OPEN_QUOTE
    : line.keyword === "host"
      ? readHost(reading, line)
      : readMatch(reading, line);
  if (typeof read !== "string") return read;
  refuse(reading, line, read);
  return { kind: "never" };
}

function readHost({ names }: Reading, { words, isUser }: Line): Condition | string {
  const condition = readHostLine(words);
  if (typeof condition === "string") return condition;
  for (const { text, isNegated } of condition.patterns) {
    if (!isNegated && !/[*?]/.test(text) && !names.has(text)) names.set(text, { isUser });
  }
  return condition;
}

function readMatch(reading: Reading, line: Line): Condition | string {
  const match = readMatchLine(line.words);
  if (typeof match === "string") return match;
  reading.hasFinalPass ||= match.isForFinalPass;
  for (const name of new Set(match.notEvaluated))
    reading.notes.add(
      `Match ${name} is not evaluated: what stands under it is left out`,
      formatLocation(line),
    );
  return match.condition;
}

function readOther(reading: Reading, line: Line): void {
  const location = formatLocation(line);
  const unreadable = whyUnreadable(reading, line);
  const setting = readSetting(line, location, unreadable);
  if (setting) reading.segments.at(-1)?.settings.push(setting);
  const why = setting?.keyword === "unreadable" ? setting.why : unreadable;
  if (why !== null) {
    refuse(reading, line, why);
    return;
  }
  if (line.keyword === "ignoreunknown") reading.ignored.push(line.words.join(",").toLowerCase());
}

function whyUnreadable({ ignored }: Reading, { keyword, rest, isQuoteOpen }: Line): string | null {
  if (!isKeyword(keyword) && !ignored.some((list) => matchPatternList(keyword, list) === "match"))
    return "is not a keyword that ssh knows";
  if (rest === "") return "has no value";
  return isQuoteOpen ? OPEN_QUOTE : null;
}

function include(reading: Reading, line: Line, file: FileRead): void {
  if (line.words.length === 0) refuse(reading, line, "names no file");
  for (const word of line.words) {
    const found = readInclude(word, file.isUser, reading.source);
    if (typeof found === "string") refuse(reading, line, found);
    else
      for (const path of found) {
        const inner = { ...file, path, above: [...file.above, file.path] };
        const why = whyNotIncluded(reading, inner);
        if (why) refuse(reading, line, why);
        else readFile(reading, inner);
        // Beyond the limit, one error for each line is enough.
        if (--reading.left.inclusions < 0) return;
      }
  }
}

function whyNotIncluded({ source, left }: Reading, { path, above }: FileRead): string | null {
  const name = source.describe(path);
  if (above.includes(path)) return `includes ${name} inside itself: a loop, which is not followed`;
  if (above.length > DEEPEST_INCLUDE)
    return `includes ${name} more than ${DEEPEST_INCLUDE} files deep, where ssh stops; include it further up`;
  if (left.inclusions <= 0 || left.characters <= 0)
    return `includes ${name} after too many others: at most ${MOST_INCLUSIONS} files and 64 MiB are read`;
  const file = source.files.get(path);
  return file && "why" in file ? `includes ${name}, which cannot be read: ${file.why}` : null;
}

const MOST_SHOWN = 200;

/** A limit for memory: a file with more unreadable lines is no ssh_config. */
const MOST_BROKEN = 10_000;

function refuse({ broken }: Reading, { file, number, text }: Line, why: string): void {
  if (broken.length > MOST_BROKEN) return;
  const where = `${file} line ${number}`;
  if (broken.length === MOST_BROKEN)
    broken.push({ where, text: "", why: "and what comes after it may be broken, too; no more is named" });
  else broken.push({ where, text: text.trim().slice(0, MOST_SHOWN), why });
}

const formatLocation = ({ file, number }: Line): string => `${file}:${number}`;

const OPEN_QUOTE = "has a quote without its other half";

/** The files of a configuration on this computer. */
export type ConfigSource = {
  /** In the order in which ssh reads them. `isUser`: this user's own file, or one that is named instead (`ssh -F`). */
  roots: readonly { path: string; isUser: boolean }[];
  /** By path: the text of a file, or why it could not be read. A file that does not exist is not in it. */
  files: ReadonlyMap<string, { text: string } | { why: string }>;
  /** The paths that match a pattern of Include, in order. */
  includes: ReadonlyMap<string, readonly string[]>;
  home: string;
  /** A path as people write it: `~/.ssh/config`. */
  describe(path: string): string;
};

type Reader = { isUser: boolean; home: string };

/** The patterns that a file includes, as absolute paths, for the code that reads files to expand. */
export function findIncludes(text: string, { isUser, home }: Reader): string[] {
  const patterns = text.split("\n").flatMap((line) => {
    const split = /include/i.test(line) ? splitKeyword(line) : null;
    return split?.keyword === "include" ? splitWords(split.rest).words : [];
  });
  return patterns.flatMap((pattern) => {
    const anchored = anchor(pattern, { isUser, home });
    return "path" in anchored ? [anchored.path] : [];
  });
}

/** The files that match one pattern of an Include, or why we do not follow it. */
function readInclude(pattern: string, isUser: boolean, source: ConfigSource): readonly string[] | string {
  const anchored = anchor(pattern, { isUser, home: source.home });
  return "path" in anchored ? (source.includes.get(anchored.path) ?? []) : anchored.why;
}

/** A relative path begins at ~/.ssh in a user's file, and at /etc/ssh in the system's. */
function anchor(pattern: string, { isUser, home }: Reader): { path: string } | { why: string } {
  if (pattern === "") return { why: "names no file" };
  if (/%.|\$\{/.test(pattern))
    return { why: "has a token in a path, which is not followed; write the path in full" };
  if (/^~(\/|$)/.test(pattern) && isUser) return { path: home + pattern.slice(1) };
  if (pattern.startsWith("~"))
    return { why: "has a path in a home that is not followed; write the path in full" };
  if (/^(\/|[A-Za-z]:[\\/])/.test(pattern)) return { path: pattern };
  return { path: isUser ? `${home}/.ssh/${pattern}` : `/etc/ssh/${pattern}` };
}

const LOCATIONS_LISTED = 3;

type Notes = ReturnType<typeof createNotes>;

/** Collects sentences with their locations: each sentence is listed once, with the first few locations. */
export function createNotes() {
  const notes = new Map<string, Set<string>>();
  return {
    add(sentence: string, location: string): void {
      const locations = notes.get(sentence) ?? new Set();
      notes.set(sentence, locations.add(location));
    },
    list: (): string[] =>
      Array.from(notes, ([sentence, locations]) => {
        const said = [...locations].slice(0, LOCATIONS_LISTED).join(", ");
        const more =
          locations.size > LOCATIONS_LISTED
            ? ` and ${formatNumber(locations.size - LOCATIONS_LISTED)} more`
            : "";
        return `${sentence} (${said}${more})`;
      }),
  };
}
