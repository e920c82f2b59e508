import type { Place } from "#domain/server-configs/configuration.ts";
import { type Draft, folderOf, isPattern, joinPath } from "#domain/server-configs/draft.ts";
import { matchesGlob } from "#domain/ssh/glob.ts";
import { addModule, holds, putVariables, readSurroundings, type Surroundings } from "./conditions.ts";
import { type Line, readLines } from "./lines.ts";
import { type Budget, createBudget, defineMacro, doubtMacros, type Macros, putMacro } from "./macros.ts";

export type Setting = { name: string; directive: string; words: string[]; at: Place };

/** The main server, or a virtual host with the addresses that it is for. */
export type Host = {
  addresses: string[];
  settings: Setting[];
  at: Place;
  /** Whether a file that is included inside was not read, or a condition around a part of it could not be told. */
  hasGap: boolean;
};

export type Sections = { main: Host; hosts: Host[] };

const DEEPEST_INCLUDE = 32;
const DEEPEST_SECTION = 100;
const MOST_SETTINGS = 200_000;

const CONDITIONS = new Set(["<ifdefine", "<ifmodule", "<ifversion", "<iffile", "<ifdirective", "<ifsection"]);
/** What stands in these is decided for each request, or is only text until it is used. */
const PASSED =
  /^<(?:if|elseif|else|directory|directorymatch|files|filesmatch|location|locationmatch|limit|limitexcept|proxy|proxymatch|requireall|requireany|requirenone|authnprovideralias|authzprovideralias)$/;

/** Directives that tell which certificate is served where. */
const OF_TLS =
  /^(?:listen|serverroot|servername|serveralias|mdomain|mdomainset|ssl[a-z]+(?:file|path)|sslengine|sslciphersuite|sslprotocol|sslopensslconfcmd)$/;

/** `isDoubted`: not taken, and yet it may define macros. */
type Frame = { name: string; isTaken: boolean; isDoubted: boolean; host: Host };
type Way = {
  draft: Draft;
  wanted: RegExp;
  sections: Sections;
  surroundings: Surroundings;
  folder: string;
  left: number;
  macros: Macros;
  budget: Budget;
};

/** All settings in the order in which Apache meets them, with its conditions decided as it would. */
export function readSections(draft: Draft, wanted = OF_TLS): Sections {
  const { root } = draft.source;
  const main: Host = { addresses: [], settings: [], at: { file: root, line: 1 }, hasGap: false };
  const folder = folderOf(root).replace(/\/conf$/, "") || "/";
  const way: Way = {
    draft,
    wanted,
    sections: { main, hosts: [] },
    surroundings: readSurroundings(draft.source),
    folder,
    left: MOST_SETTINGS,
    macros: new Map(),
    budget: createBudget(),
  };
  readInto(way, { file: root, by: null, host: main, depth: 0 });
  return way.sections;
}

type From = { file: string; by: Place | null; host: Host; depth: number };

function readInto(way: Way, { file, by, host, depth }: From): void {
  const text = way.draft.open(file, by);
  if (text === null) host.hasGap = true;
  takeLines(way, readLines(text ?? ""), { file, host, depth, used: null });
  // What was not read may define every macro otherwise.
  if (text === null || way.draft.source.unread.includes(file)) way.macros.clear();
}

/** `used`: where the macro is used that the lines are of. */
type Within = { file: string; host: Host; depth: number; used: Place | null };

function takeLines(way: Way, lines: Iterable<Line>, { file, host, depth, used }: Within): void {
  const frames: Frame[] = [{ name: "", isTaken: true, isDoubted: false, host }];
  let define: ((line: Line) => boolean) | null = null;
  for (const line of lines) {
    const frame = frames.at(-1);
    if (!frame) return;
    const at = used ?? { file, line: line.line };
    if (frame.isDoubted) doubtMacros(way.macros, line);
    if (define) {
      if (define(line)) define = null;
    } else if (line.name === "<macro" && frame.isTaken) {
      define = defineMacro(way.macros, line);
    } else if (line.name.startsWith("</")) {
      if (frames.length > 1) frames.pop();
    } else if (line.name.startsWith("<")) {
      if (frames.length > DEEPEST_SECTION) {
        way.draft.lack(`sections stand in each other too deep (${file})`);
        way.macros.clear();
        return;
      }
      frames.push(openSection(way, frame, line, at));
    } else if (frame.isTaken) {
      take(way, line, { at, host: frame.host, depth });
    }
  }
}

function openSection(way: Way, outer: Frame, line: Line, at: Place): Frame {
  const { name } = line;
  if (!outer.isTaken || PASSED.test(name)) {
    const isDoubted = outer.isTaken || outer.isDoubted;
    return { name, isTaken: false, isDoubted, host: outer.host };
  }
  const words = line.words.map((word) => putVariables(word, way.surroundings));
  if (name === "<virtualhost") {
    const host: Host = { addresses: words, settings: [], at, hasGap: false };
    way.sections.hosts.push(host);
    return { name, isTaken: true, isDoubted: false, host };
  }
  if (!CONDITIONS.has(name)) return { name, isTaken: true, isDoubted: false, host: outer.host };
  const isHolding = holds(name, words, way.surroundings, way.draft.source);
  if (isHolding === null) {
    way.draft.wonder(`whether ${line.directive} ${words.join(" ")}> holds`, at);
    outer.host.hasGap = true;
  }
  return { name, isTaken: isHolding === true, isDoubted: isHolding === null, host: outer.host };
}

function take(way: Way, line: Line, { at, host, depth }: { at: Place; host: Host; depth: number }): void {
  const { surroundings, draft } = way;
  const words = line.words.map((word) => putVariables(word, surroundings));
  const [first = "", second = ""] = words;
  switch (line.name) {
    case "include":
    case "includeoptional":
      include(way, line, { at, host, depth });
      return;
    case "define":
      surroundings.defined.add(first);
      surroundings.variables.set(first, second);
      return;
    case "undefine":
      surroundings.defined.delete(first);
      surroundings.variables.delete(first);
      return;
    case "loadmodule":
      addModule(surroundings, first);
      return;
    case "undefmacro":
      way.macros.delete(first.toLowerCase());
      return;
    case "use":
      putIn(way, words, { at, host, depth });
      return;
    default:
      if (line.name === "serverroot") way.folder = joinPath(way.folder, first);
      if (!way.wanted.test(line.name)) return;
      if (way.left-- > 0) host.settings.push({ name: line.name, directive: line.directive, words, at });
      else draft.lack("there is more of its configuration than is read");
  }
}

/** What a macro puts in stands where it is used. */
function putIn(
  way: Way,
  words: string[],
  { at, host, depth }: { at: Place; host: Host; depth: number },
): void {
  const isTooDeep = depth >= DEEPEST_INCLUDE;
  const lines = isTooDeep ? "macros use each other too deep" : putMacro(way.macros, words, way.budget);
  if (typeof lines === "string") {
    way.draft.wonder(lines, at);
    host.hasGap = true;
    doubtMacros(way.macros, { name: "use", words });
  } else takeLines(way, lines, { file: at.file, host, depth: depth + 1, used: at });
}

/** A folder stands for all that is in it, at any depth; a wildcard may stand in a folder's name as well. */
function include(way: Way, line: Line, { at, host, depth }: { at: Place; host: Host; depth: number }): void {
  const { draft } = way;
  const before = draft.configuration.unknown.length;
  const written = putVariables(line.words[0] ?? "", way.surroundings);
  const path = joinPath(way.folder, written);
  if (line.name === "includeoptional" && draft.isAbsent(path)) return;
  let files: string[] = [];
  if (written === "" || written.includes("${"))
    draft.wonder(`which file ${written || "this"} stands for`, at);
  else if (depth >= DEEPEST_INCLUDE) draft.wonder("files include each other too deep", at);
  else files = expand(draft, path, at);
  if (draft.configuration.unknown.length > before) way.macros.clear();
  for (const file of files) readInto(way, { file, by: at, host, depth: depth + 1 });
  if (draft.configuration.unknown.length > before) host.hasGap = true;
}

function expand(draft: Draft, path: string, at: Place): string[] {
  const { files, folders } = draft.source;
  const fitting = isPattern(path)
    ? [...folders.keys()].filter((folder) => matchesGlob(folder, path))
    : [path];
  const under = fitting
    .filter((folder) => folders.has(folder))
    .flatMap((folder) => [...files.keys()].filter((file) => file.startsWith(`${folder}/`)));
  if (!isPattern(path)) return folders.has(path) ? under.sort() : [path];
  return [...draft.expand(path, at), ...under].sort();
}
