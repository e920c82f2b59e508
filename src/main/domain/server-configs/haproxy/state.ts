import type {
  ConfigurationFiles,
  Deployment,
  Location,
  Named,
  Role,
} from "#domain/server-configs/configuration.ts";
import { type Draft, joinPath } from "#domain/server-configs/draft.ts";

/** What we know of HAProxy while we read its configuration from top to bottom. */
export type State = {
  draft: Draft;
  section: string;
  /** Folders of crt-base, key-base and ca-base, from `global` and from the current crt-store. */
  bases: Map<string, string>;
  storeBases: Map<string, string>;
  storeName: string;
  /** Certificates of crt-store sections, by the name that `crt` uses: `@store/alias`. */
  stored: Map<string, Deployment>;
  environment: Environment;
  /** What `global` sets for all `bind` lines after it. */
  bindDefaults: { ciphers: string | null; isTls13Off: boolean | null; isUnsure: boolean };
  /** The `.if` blocks around the current line, the innermost last. */
  branches: Branch[];
};

/** `isActive`: whether this branch holds; `isOver`: whether one before it did. */
export type Branch = { isActive: Answer; isOver: Answer };

type Written = { path: string; directive: string; at: Location };

/** The file that a directive names; null where only the running process knows its folder. */
export function toNamed(bases: ReadonlyMap<string, string>, base: string, written: Written): Named | null {
  const { path, directive, at } = written;
  if (path === "" || path.includes("${") || path.startsWith("@")) return null;
  const folder = bases.get(base);
  if (path.startsWith("/")) return { path: joinPath("/", path), directive, at };
  return folder === undefined ? null : { path: joinPath(folder, path), directive, at };
}

export function nameFile({ draft, bases }: State, role: Role, written: Written): void {
  const base = role === "client-ca" || role === "upstream-ca" || role === "crl" ? "ca-base" : "crt-base";
  const named = toNamed(bases, base, written);
  if (named) draft.name(role, named);
  else if (!written.path.startsWith("@")) draft.warn(`which file ${written.path} is`, written.at);
}

/** `load crt FILE [key FILE] [alias NAME]` of a crt-store. */
export function loadStored(state: State, words: readonly string[], at: Location): void {
  const follow = (word: string): string | undefined =>
    words.includes(word) ? words[words.indexOf(word) + 1] : undefined;
  const [path, keyPath] = [follow("crt") ?? "", follow("key")];
  const bases = new Map([...state.bases, ...state.storeBases]);
  const certificate = toNamed(bases, "crt-base", { path, directive: "load crt", at });
  if (!certificate) {
    state.draft.warn(`which file ${path} is`, at);
    return;
  }
  const key =
    keyPath === undefined
      ? { ...certificate }
      : toNamed(bases, "key-base", { path: keyPath, directive: "load key", at });
  const folder = `@${state.storeName}/`;
  for (const name of [follow("alias"), path]) if (name) state.stored.set(folder + name, { certificate, key });
}

/** What we know of HAProxy's environment variables at the current line. */
type Environment = {
  /** The variables whose values are known. */
  values: Map<string, string>;
  /** Whether a variable of that name exists; a missing name: only the process that starts HAProxy knows. */
  there: Map<string, boolean>;
};

/** A plain value, in quotes or not. Shells and systemd read other values differently. */
const PLAIN = /^[ \t]*(?<quote>["']?)(?<value>[^"'$`\\#;]*?)\k<quote>[ \t\r]*$/;

/** The variables that /etc/default/haproxy sets for the service. */
export function readEnvironment({ files }: ConfigurationFiles): Environment {
  const environment: Environment = { values: new Map(), there: new Map() };
  for (const line of (files.get("/etc/default/haproxy") ?? "").split("\n")) {
    const found = /^[ \t]*(?:export[ \t]+)?([A-Za-z_]\w*)=(.*)$/.exec(line);
    if (found?.[1]) put(environment, found[1], PLAIN.exec(found[2] ?? "")?.groups?.value);
  }
  return environment;
}

/** `setenv NAME VALUE` and its kin; without a value, the value is unknown. `isSure`: the line certainly holds. */
export function changeEnvironment(environment: Environment, words: readonly string[], isSure: boolean): void {
  const { values, there } = environment;
  const [directive, name = "", value] = words;
  const isKept = directive === "presetenv" && there.get(name) === true;
  if (isKept) return;
  if (directive === "resetenv") {
    values.clear();
    there.clear();
  } else if (!isSure) {
    for (const one of words.slice(1)) forget(environment, one);
  } else if (directive === "unsetenv") {
    for (const one of words.slice(1)) {
      values.delete(one);
      there.set(one, false);
    }
  } else {
    // presetenv keeps the value of a variable that exists.
    const isOpen = directive === "presetenv" && there.get(name) === undefined;
    put(environment, name, isOpen ? undefined : value);
  }
}

function put({ values, there }: Environment, name: string, value: string | undefined): void {
  there.set(name, true);
  if (value === undefined) values.delete(name);
  else values.set(name, value);
}

function forget({ values, there }: Environment, name: string): void {
  values.delete(name);
  there.delete(name);
}

/** Whether something holds; null where that is not known. */
export type Answer = boolean | null;

type Reading = { text: string; at: number; depth: number; isThere: (name: string) => Answer };

const DEEPEST = 50;
const MOST_CHARACTERS = 4 * 1024;

/**
 * Evaluates the words after `.if` or `.elif`. Null also where HAProxy would not start with them.
 * Versions before 2.4 have no `.if`.
 */
export function holdsExpression(words: readonly string[], isThere: (name: string) => Answer): Answer {
  const reading: Reading = { text: words.join(" ").trim(), at: 0, depth: 0, isThere };
  if (reading.text === "") return false;
  if (reading.text.length > MOST_CHARACTERS) return null;
  const answer = readAny(reading);
  return answer !== "broken" && reading.at >= reading.text.length ? answer : null;
}

const readAny = (reading: Reading): Answer | "broken" => readSeveral(reading, "||", readAll, true);
const readAll = (reading: Reading): Answer | "broken" => readSeveral(reading, "&&", readTerm, false);

/** Terms joined by one operator: a term with the value `deciding` decides, whatever the others are. */
function readSeveral(
  reading: Reading,
  operator: string,
  read: (reading: Reading) => Answer | "broken",
  deciding: boolean,
): Answer | "broken" {
  const answers: Answer[] = [];
  do {
    const answer = read(reading);
    if (answer === "broken") return answer;
    answers.push(answer);
  } while (takeMark(reading, operator));
  if (answers.includes(deciding)) return deciding;
  return answers.includes(null) ? null : !deciding;
}

function readTerm(reading: Reading): Answer | "broken" {
  if (++reading.depth > DEEPEST) return "broken";
  let isNegated = false;
  while (takeMark(reading, "!")) isNegated = !isNegated;
  const answer = readBare(reading);
  reading.depth--;
  return answer === "broken" || answer === null ? answer : answer !== isNegated;
}

function readBare(reading: Reading): Answer | "broken" {
  if (takeMark(reading, "(")) {
    const inner = readAny(reading);
    return takeMark(reading, ")") ? inner : "broken";
  }
  const number = take(reading, /\d{1,9}(?![\w(])/y);
  if (number) return Number(number[0]) !== 0;
  const called = take(reading, /([a-z_]+)\(([^()]*)\)/y);
  return called ? evaluatePredicate(called[1] ?? "", called[2] ?? "", reading.isThere) : "broken";
}

function takeMark(reading: Reading, mark: string): boolean {
  take(reading, / */y);
  if (!reading.text.startsWith(mark, reading.at)) return false;
  reading.at += mark.length;
  take(reading, / */y);
  return true;
}

function take(reading: Reading, sticky: RegExp): RegExpExecArray | null {
  sticky.lastIndex = reading.at;
  const found = sticky.exec(reading.text);
  if (found) reading.at = sticky.lastIndex;
  return found;
}

function evaluatePredicate(predicate: string, written: string, isThere: (name: string) => Answer): Answer {
  const words = written.split(",");
  const [first = "", second = ""] = words;
  // Quotes, unknown variables, and blanks at the ends, which are not always part of the word.
  if (/["'\\$]|^ | $|, | ,/.test(written)) return null;
  switch (predicate) {
    case "defined":
      return words.length === 1 && /^\w+$/.test(first) ? isThere(first) : null;
    case "streq":
    case "strneq":
      return words.length === 2 ? (first === second) === (predicate === "streq") : null;
    case "strstr":
      return words.length === 2 ? first.includes(second) : null;
    case "version_atleast":
    case "version_before":
      return words.length === 1 && isOldest(first) ? predicate === "version_atleast" : null;
    default:
      return null;
  }
}

/** Whether every version that knows conditions is at least this one. */
function isOldest(version: string): boolean {
  const [, major, minor] = /^(\d)\.(\d{1,2})$/.exec(version) ?? [];
  return major !== undefined && (Number(major) < 2 || (major === "2" && Number(minor) <= 4));
}
