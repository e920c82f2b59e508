import type { Location } from "#domain/server-configs/configuration.ts";
import { type Draft, folderOf, joinPath } from "#domain/server-configs/draft.ts";

/** A block of nginx.conf with its settings and blocks that concern TLS, in their order, with includes expanded. */
export type Block = {
  /** "main" for the whole. */
  name: string;
  /** The words after its name. */
  values: string[];
  at: Location;
  settings: Setting[];
  blocks: Block[];
  /** Whether a file that it includes was not read, which may have any setting. */
  hasGap: boolean;
};

export type Setting = { name: string; values: string[]; at: Location };

const DEEPEST_INCLUDE = 32;
const DEEPEST_BLOCK = 100;

/** Blocks that have servers and names; settings in others (location, if, upstream) count for the block around them. */
const TLS: Grammar = {
  kept: new Set(["http", "stream", "mail", "server"]),
  settings:
    /^(?:listen|server_name|protocol|starttls|ssl|(?:proxy_|grpc_|uwsgi_)?ssl_[a-z_]+|ssl_certificate_by_lua(?:_block|_file)?)$/,
};

/** The names of the blocks and settings that are read. */
export type Grammar = { kept: ReadonlySet<string>; settings: RegExp };

export function readBlocks(draft: Draft, grammar: Grammar = TLS): Block {
  const { root } = draft.source;
  const main: Block = {
    name: "main",
    values: [],
    at: { file: root, line: 1 },
    settings: [],
    blocks: [],
    hasGap: false,
  };
  readInto(main, { draft, grammar, folder: folderOf(root), depth: 0 }, root, null);
  return main;
}

type Reading = { draft: Draft; grammar: Grammar; folder: string; depth: number };

function readInto(outer: Block, reading: Reading, file: string, by: Location | null): void {
  const text = reading.draft.open(file, by);
  if (text === null) outer.hasGap = true;
  // A block that is not kept is represented by the block around it.
  const open: Block[] = [outer];
  for (const { words, line, end } of readStatements(text ?? "")) {
    const [name = "", ...values] = words;
    const block = open.at(-1) ?? outer;
    const at = { file, line };
    if (end === "{") {
      if (open.length > DEEPEST_BLOCK) {
        reading.draft.warn("blocks stand in each other more than 100 deep", at);
        return;
      }
      open.push(reading.grammar.kept.has(name) ? openBlock(block, words, at) : block);
    } else if (end === "}") {
      if (open.length > 1) open.pop();
    } else if (name === "include") {
      for (const pattern of values) include(block, reading, pattern, at);
    } else if (reading.grammar.settings.test(name)) {
      block.settings.push({ name, values, at });
    }
  }
}

function openBlock(outer: Block, [name = "", ...values]: readonly string[], at: Location): Block {
  const block: Block = { name, values, at, settings: [], blocks: [], hasGap: false };
  outer.blocks.push(block);
  return block;
}

/** A relative path begins at the folder of nginx.conf, whichever file has it. */
function include(block: Block, reading: Reading, pattern: string, at: Location): void {
  const { draft, folder, depth } = reading;
  const before = draft.configuration.unknown.length;
  if (depth >= DEEPEST_INCLUDE) draft.warn("files include each other too deep", at);
  else {
    for (const file of draft.expand(joinPath(folder, pattern), at))
      readInto(block, { ...reading, depth: depth + 1 }, file, at);
  }
  if (draft.configuration.unknown.length > before) block.hasGap = true;
}

/**
 * Statements of nginx.conf, split as nginx splits them: blanks separate words, quotes group one, `;` ends a statement,
 * `{` and `}` enclose a block. `#` begins a comment where a word could begin.
 */
type Statement = { words: string[]; line: number; end: ";" | "{" | "}" };

const BLANK = " \t\r\n";
const ESCAPES: { [letter: string]: string } = { t: "\t", r: "\r", n: "\n" };

/** Text after the last `;` is no statement. A block of Lua is a statement without its code. */
function* readStatements(text: string): Generator<Statement, void> {
  let [at, line, words, begun]: [number, number, string[], number] = [0, 1, [], 1];
  while (at < text.length) {
    const character = text.charAt(at);
    if (BLANK.includes(character)) {
      if (character === "\n") line++;
      at++;
    } else if (character === "#") {
      const end = text.indexOf("\n", at);
      at = end < 0 ? text.length : end;
    } else if (character === ";" || character === "{" || character === "}") {
      const isCode = character === "{" && words[0]?.endsWith("_by_lua_block") === true;
      if (character === "}" || words.length > 0) yield { words, line: begun, end: isCode ? ";" : character };
      const end = isCode ? skipLua(text, at + 1) : at + 1;
      line += countLines(text, at, end);
      [at, words] = [end, []];
    } else {
      if (words.length === 0) begun = line;
      const word = readWord(text, at);
      words.push(word.text);
      line += countLines(text, at, word.end);
      at = word.end;
    }
  }
}

function readWord(text: string, from: number): { text: string; end: number } {
  const quote = text.charAt(from);
  if (quote === '"' || quote === "'") {
    const end = findEnd(text, from + 1, (character) => character === quote);
    return { text: undoEscapes(text.slice(from + 1, end)), end: Math.min(end + 1, text.length) };
  }
  const end = findEnd(
    text,
    from,
    (character, at) =>
      BLANK.includes(character) || character === ";" || (character === "{" && text.charAt(at - 1) !== "$"),
  );
  return { text: undoEscapes(text.slice(from, end)), end };
}

function findEnd(text: string, from: number, isEnd: (character: string, at: number) => boolean): number {
  let at = from;
  while (at < text.length && !isEnd(text.charAt(at), at)) at += text.charAt(at) === "\\" ? 2 : 1;
  return Math.min(at, text.length);
}

const undoEscapes = (word: string): string =>
  word.includes("\\")
    ? word.replace(/\\(["'\\trn])/g, (_, letter: string) => ESCAPES[letter] ?? letter)
    : word;

/** The index after the `}` that closes the code, whose strings and comments may contain other braces. */
function skipLua(text: string, from: number): number {
  let [at, depth] = [from, 1];
  while (at < text.length && depth > 0) {
    const character = text.charAt(at);
    if (text.startsWith("[[", at)) at = behind(text, "]]", at);
    else if (text.startsWith("--", at) && !text.startsWith("--[[", at)) at = behind(text, "\n", at);
    else if (character === '"' || character === "'")
      at = findEnd(text, at + 1, (other) => other === character || other === "\n") + 1;
    else {
      if (character === "{") depth++;
      if (character === "}") depth--;
      at++;
    }
  }
  return Math.min(at, text.length);
}

function behind(text: string, mark: string, from: number): number {
  const found = text.indexOf(mark, from);
  return found < 0 ? text.length : found + mark.length;
}

function countLines(text: string, from: number, end: number): number {
  let count = 0;
  for (let at = from; at < end; at++) if (text.charCodeAt(at) === 10) count++;
  return count;
}
