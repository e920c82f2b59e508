import type { ConfigurationFiles, Location } from "#domain/server-configs/configuration.ts";
import { type Draft, folderOf, isPattern, joinPath } from "#domain/server-configs/draft.ts";
import { matchesGlob } from "#domain/ssh/patterns.ts";
import {
  type Budget,
  createBudget,
  defineMacro,
  doubtMacros,
  type Line,
  type Macros,
  putMacro,
  readLines,
} from "./macros.ts";

export type Setting = { name: string; directive: string; words: string[]; at: Location };

/** The main server, or a virtual host with its addresses. */
export type Host = {
  addresses: string[];
  settings: Setting[];
  at: Location;
  /** Whether a file that it includes was not read, or the condition of a section in it is not known. */
  hasGap: boolean;
};

export type Sections = { main: Host; hosts: Host[] };

const DEEPEST_INCLUDE = 32;
const DEEPEST_SECTION = 100;
const MOST_SETTINGS = 200_000;

const CONDITIONS = new Set(["<ifdefine", "<ifmodule", "<ifversion", "<iffile", "<ifdirective", "<ifsection"]);
/** Sections that Apache evaluates for each request, or that are only text until they are used. */
const PASSED =
  /^<(?:if|elseif|else|directory|directorymatch|files|filesmatch|location|locationmatch|limit|limitexcept|proxy|proxymatch|requireall|requireany|requirenone|authnprovideralias|authzprovideralias)$/;

/** Directives that decide which certificate Apache presents where. */
const OF_TLS =
  /^(?:listen|serverroot|servername|serveralias|mdomain|mdomainset|ssl[a-z]+(?:file|path)|sslengine|sslciphersuite|sslprotocol|sslopensslconfcmd)$/;

/** `isDoubted`: we ignore its settings, but it may define macros. */
type Frame = { name: string; isActive: boolean; isDoubted: boolean; host: Host };
type Reading = {
  draft: Draft;
  directives: RegExp;
  sections: Sections;
  surroundings: Surroundings;
  folder: string;
  left: number;
  macros: Macros;
  budget: Budget;
};

/** All settings in the order in which Apache reads them, with conditions evaluated as Apache does. */
export function readSections(draft: Draft, directives = OF_TLS): Sections {
  const { root } = draft.source;
  const main: Host = { addresses: [], settings: [], at: { file: root, line: 1 }, hasGap: false };
  const folder = folderOf(root).replace(/\/conf$/, "") || "/";
  const reading: Reading = {
    draft,
    directives,
    sections: { main, hosts: [] },
    surroundings: readSurroundings(draft.source),
    folder,
    left: MOST_SETTINGS,
    macros: new Map(),
    budget: createBudget(),
  };
  readInto(reading, { file: root, by: null, host: main, depth: 0 });
  return reading.sections;
}

type From = { file: string; by: Location | null; host: Host; depth: number };

function readInto(reading: Reading, { file, by, host, depth }: From): void {
  const text = reading.draft.open(file, by);
  if (text === null) host.hasGap = true;
  takeLines(reading, readLines(text ?? ""), { file, host, depth, used: null });
  // A file that was not read may redefine any macro.
  if (text === null || reading.draft.source.unreadable.includes(file)) reading.macros.clear();
}

/** `used`: the location of the `Use` whose macro has these lines. */
type Within = { file: string; host: Host; depth: number; used: Location | null };

function takeLines(reading: Reading, lines: Iterable<Line>, { file, host, depth, used }: Within): void {
  const frames: Frame[] = [{ name: "", isActive: true, isDoubted: false, host }];
  let define: ((line: Line) => boolean) | null = null;
  for (const line of lines) {
    const frame = frames.at(-1);
    if (!frame) return;
    const at = used ?? { file, line: line.line };
    if (frame.isDoubted) doubtMacros(reading.macros, line);
    if (define) {
      if (define(line)) define = null;
    } else if (line.name === "<macro" && frame.isActive) {
      define = defineMacro(reading.macros, line);
    } else if (line.name.startsWith("</")) {
      if (frames.length > 1) frames.pop();
    } else if (line.name.startsWith("<")) {
      if (frames.length > DEEPEST_SECTION) {
        reading.draft.markIncomplete(`sections stand in each other too deep (${file})`);
        reading.macros.clear();
        return;
      }
      frames.push(openSection(reading, frame, line, at));
    } else if (frame.isActive) {
      take(reading, line, { at, host: frame.host, depth });
    }
  }
}

function openSection(reading: Reading, outer: Frame, line: Line, at: Location): Frame {
  const { name } = line;
  if (!outer.isActive || PASSED.test(name)) {
    const isDoubted = outer.isActive || outer.isDoubted;
    return { name, isActive: false, isDoubted, host: outer.host };
  }
  const words = line.words.map((word) => putVariables(word, reading.surroundings));
  if (name === "<virtualhost") {
    const host: Host = { addresses: words, settings: [], at, hasGap: false };
    reading.sections.hosts.push(host);
    return { name, isActive: true, isDoubted: false, host };
  }
  if (!CONDITIONS.has(name)) return { name, isActive: true, isDoubted: false, host: outer.host };
  const isHolding = holds(name, words, reading.surroundings, reading.draft.source);
  if (isHolding === null) {
    reading.draft.warn(`whether ${line.directive} ${words.join(" ")}> holds`, at);
    outer.host.hasGap = true;
  }
  return { name, isActive: isHolding === true, isDoubted: isHolding === null, host: outer.host };
}

function take(
  reading: Reading,
  line: Line,
  { at, host, depth }: { at: Location; host: Host; depth: number },
): void {
  const { surroundings, draft } = reading;
  const words = line.words.map((word) => putVariables(word, surroundings));
  const [first = "", second = ""] = words;
  switch (line.name) {
    case "include":
    case "includeoptional":
      include(reading, line, { at, host, depth });
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
      reading.macros.delete(first.toLowerCase());
      return;
    case "use":
      putIn(reading, words, { at, host, depth });
      return;
    default:
      if (line.name === "serverroot") reading.folder = joinPath(reading.folder, first);
      if (!reading.directives.test(line.name)) return;
      if (reading.left-- > 0) host.settings.push({ name: line.name, directive: line.directive, words, at });
      else draft.markIncomplete("there is more of its configuration than is read");
  }
}

/** Lines of a macro have the location where it is used. */
function putIn(
  reading: Reading,
  words: string[],
  { at, host, depth }: { at: Location; host: Host; depth: number },
): void {
  const isTooDeep = depth >= DEEPEST_INCLUDE;
  const lines = isTooDeep
    ? "macros use each other too deep"
    : putMacro(reading.macros, words, reading.budget);
  if (typeof lines === "string") {
    reading.draft.warn(lines, at);
    host.hasGap = true;
    doubtMacros(reading.macros, { name: "use", words });
  } else takeLines(reading, lines, { file: at.file, host, depth: depth + 1, used: at });
}

/** A folder includes all files in it, at any depth; wildcards may stand in folder names as well. */
function include(
  reading: Reading,
  line: Line,
  { at, host, depth }: { at: Location; host: Host; depth: number },
): void {
  const { draft } = reading;
  const before = draft.configuration.unknown.length;
  const written = putVariables(line.words[0] ?? "", reading.surroundings);
  const path = joinPath(reading.folder, written);
  if (line.name === "includeoptional" && draft.isAbsent(path)) return;
  let files: string[] = [];
  if (written === "" || written.includes("${")) draft.warn(`which file ${written || "this"} stands for`, at);
  else if (depth >= DEEPEST_INCLUDE) draft.warn("files include each other too deep", at);
  else files = expand(draft, path, at);
  if (draft.configuration.unknown.length > before) reading.macros.clear();
  for (const file of files) readInto(reading, { file, by: at, host, depth: depth + 1 });
  if (draft.configuration.unknown.length > before) host.hasGap = true;
}

function expand(draft: Draft, path: string, at: Location): string[] {
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

/** What we know of Apache's variables and modules while we read its configuration from top to bottom. */
type Surroundings = {
  /** From Define, -D and the environment that apachectl sets; empty where no value was given. */
  variables: Map<string, string>;
  /** Names from Define and -D, in the case in which they are written. */
  defined: Set<string>;
  /** By both names that `<IfModule>` may use: ssl_module and mod_ssl.c. */
  modules: Set<string>;
};

/** Modules of every Apache, without LoadModule. */
const BUILT_IN = ["core", "so", "http", "watchdog", "log_config", "logio", "version", "unixd"];

function readSurroundings({ files, root, commandLines }: ConfigurationFiles): Surroundings {
  const surroundings: Surroundings = { variables: new Map(), defined: new Set(), modules: new Set() };
  for (const name of BUILT_IN) addModule(surroundings, `${name}_module`);
  const environment = files.get(root.replace(/[^/]*$/, "envvars")) ?? "";
  for (const line of environment.split("\n")) {
    const found = /^[ \t]*(?:export[ \t]+)?([A-Za-z_]\w*)=(\S*)/.exec(line);
    if (found?.[1]) surroundings.variables.set(found[1], readValue(found[2] ?? "", surroundings.variables));
  }
  for (const words of commandLines) {
    for (const [index, word] of words.entries()) {
      const name = word === "-D" ? words[index + 1] : word.startsWith("-D") ? word.slice(2) : undefined;
      if (name) surroundings.defined.add(name);
    }
  }
  return surroundings;
}

/** The value of an assignment in a shell; an unset variable is empty, as in a shell. */
const readValue = (value: string, variables: ReadonlyMap<string, string>): string =>
  value
    .replace(/^(["'])(.*)\1$/, "$2")
    .replace(
      /\$(?:\{(\w+)\}|(\w+))/g,
      (_, braced?: string, bare?: string) => variables.get(braced ?? bare ?? "") ?? "",
    );

function addModule({ modules }: Surroundings, name: string): void {
  modules.add(name);
  modules.add(`mod_${name.replace(/_module$/, "")}.c`);
}

/** Replaces `${NAME}` by its value; an unknown variable stays as written. */
const putVariables = (text: string, { variables }: Surroundings): string =>
  text.includes("${")
    ? text.replace(/\$\{([^{}:]+)\}/g, (whole, name: string) => variables.get(name) ?? whole)
    : text;

/** Whether a section's condition holds; null where that is not known. */
function holds(
  name: string,
  words: readonly string[],
  { defined, modules }: Surroundings,
  { files, folders }: ConfigurationFiles,
): boolean | null {
  const [first = ""] = words;
  const isNegated = first.startsWith("!");
  const defining = isNegated ? first.slice(1) : first;
  switch (name) {
    case "<ifdefine":
      return defined.has(defining) !== isNegated;
    case "<ifmodule":
      return modules.has(defining) !== isNegated;
    case "<ifversion":
      return holdsForVersion(words);
    case "<iffile":
      return files.has(defining) || folders.has(defining) ? !isNegated : null;
    default:
      return null;
  }
}

const COMPARE = new Map<string, (own: number, defining: number) => boolean>(
  Object.entries({
    "=": (own, defining) => own === defining,
    "==": (own, defining) => own === defining,
    ">": (own, defining) => own > defining,
    ">=": (own, defining) => own >= defining,
    "<": (own, defining) => own < defining,
    "<=": (own, defining) => own <= defining,
  }),
);

/** Every supported release is 2.4.x: we know only conditions that hold for all of them, or for none. */
function holdsForVersion(words: readonly string[]): boolean | null {
  const [operator, version] = words.length > 1 ? words : ["=", words[0]];
  const isNegated = operator?.startsWith("!") === true;
  const compare = COMPARE.get(operator?.slice(isNegated ? 1 : 0) ?? "");
  const parts = /^(\d{1,3})\.(\d{1,3})(?:\.(\d{1,3}))?$/.exec(version ?? "");
  if (!compare || !parts) return null;
  const defining = (Number(parts[1]) * 1_000 + Number(parts[2])) * 1_000 + Number(parts[3] ?? 0);
  const [oldest, newest] = [2_004_001, 2_004_999];
  const some = defining > oldest && defining < newest ? [oldest, defining, newest] : [oldest, newest];
  const answers = new Set(some.map((own) => compare(own, defining)));
  return answers.size > 1 ? null : answers.has(true) !== isNegated;
}
