import type { Configuration, ConfigurationFiles, Location } from "#domain/server-configs/configuration.ts";
import { createDraft, joinPath } from "#domain/server-configs/draft.ts";
import { nameServerFiles, serveBind, turnsTls13Off } from "./bind.ts";
import {
  type Answer,
  type Branch,
  changeEnvironment,
  holdsExpression,
  loadStored,
  nameFile,
  readEnvironment,
  type State,
} from "./state.ts";

/**
 * haproxy.cfg: each certificate of a `bind` line is for the names of its crt-list line, or else those in itself; the
 * first is the default where none matches. What `global` sets holds from its line on.
 */
export function readHaproxy(source: ConfigurationFiles): Configuration {
  const draft = createDraft(source);
  const state: State = {
    draft,
    section: "",
    bases: new Map(),
    storeBases: new Map(),
    storeName: "",
    stored: new Map(),
    environment: readEnvironment(source),
    bindDefaults: { ciphers: null, isTls13Off: null, isUnsure: false },
    branches: [],
  };
  for (const file of findFiles(source)) {
    const text = draft.open(file, null);
    if (text === null) draft.markIncomplete(`${file} was not read`);
    for (const { words, line } of readLines(text ?? "", state.environment.values))
      if (!branch(state, words) && !state.branches.some(({ isActive }) => isActive === false))
        takeLine(state, words, { file, line });
    // A condition (.if) ends with its file.
    state.branches = [];
  }
  return draft.configuration;
}

/** The files of the command line in their order, a folder as all its `.cfg` files; or else the usual file. */
function findFiles({ root, commandLines, folders }: ConfigurationFiles): string[] {
  const words = commandLines.find((line) => line.includes("-f")) ?? [];
  const named = words.filter((_, index) => words[index - 1] === "-f");
  const paths = named.length > 0 ? named.map((path) => joinPath("/", path)) : [root];
  return paths.flatMap((path) => {
    const files = folders.get(path)?.filter((name) => name.endsWith(".cfg") && !name.startsWith("."));
    return files ? [...files].sort().map((name) => joinPath(path, name)) : [path];
  });
}

const SECTIONS = new Set(
  [
    "global defaults frontend backend listen userlist peers mailers resolvers program cache http-errors ring",
    "log-forward log-profile fcgi-app crt-store traces acme",
  ].flatMap((words) => words.split(" ")),
);

/** HAProxy allows no deeper nesting of conditions. */
const DEEPEST = 16;

/** Whether the line is `.if`, `.elif`, `.else` or `.endif`: it updates `branches`. */
function branch({ branches, environment }: State, [first = "", ...rest]: readonly string[]): boolean {
  const evaluate = () => holdsExpression(rest, (name) => environment.there.get(name) ?? null);
  const last = branches.at(-1);
  switch (first) {
    case ".if":
      if (branches.length < DEEPEST) branches.push(turn({ isActive: false, isOver: false }, evaluate()));
      return true;
    case ".elif":
    case ".else":
      if (last) turn(last, first === ".else" ? true : evaluate());
      return true;
    case ".endif":
      branches.pop();
      return true;
    default:
      return false;
  }
}

function turn(into: Branch, isHolding: Answer): Branch {
  if (into.isOver === true || isHolding === false) into.isActive = false;
  else {
    into.isActive = into.isOver === null ? null : isHolding;
    into.isOver = isHolding;
  }
  return into;
}

function takeBindDefault({ bindDefaults, branches }: State, name: string, words: readonly string[]): void {
  bindDefaults.isUnsure ||= branches.some(({ isActive }) => isActive === null);
  if (name === "ssl-default-bind-ciphers") bindDefaults.ciphers = words[0] ?? null;
  else
    for (const [index, word] of words.entries())
      bindDefaults.isTls13Off = turnsTls13Off(word, words[index + 1] ?? "") ?? bindDefaults.isTls13Off;
}

function takeLine(state: State, [first = "", ...rest]: readonly string[], at: Location): void {
  const [value = ""] = rest;
  if (SECTIONS.has(first)) {
    state.section = first;
    state.storeName = value;
    state.storeBases = new Map();
    return;
  }
  switch (first) {
    case "crt-base":
    case "key-base":
    case "ca-base":
      (state.section === "crt-store" ? state.storeBases : state.bases).set(first, joinPath("/", value));
      return;
    case "load":
      if (state.section === "crt-store") loadStored(state, rest, at);
      return;
    case "setenv":
    case "presetenv":
    case "unsetenv":
    case "resetenv":
      changeEnvironment(
        state.environment,
        [first, ...rest],
        state.branches.every(({ isActive }) => isActive),
      );
      return;
    case "ssl-dh-param-file":
      nameFile(state, "dhparam", { path: value, directive: first, at });
      return;
    case "bind":
      serveBind(state, rest, at);
      return;
    case "ssl-default-bind-ciphers":
    case "ssl-default-bind-options":
      takeBindDefault(state, first, rest);
      return;
    case "server":
    case "server-template":
    case "default-server":
      nameServerFiles(state, rest, at);
  }
}

/** A line of haproxy.cfg that is neither blank nor a comment. */
type Line = { words: string[]; line: number };

/** Lines and their words, with known environment variables replaced; unknown ones stay as `${NAME}`. */
function* readLines(text: string, variables: ReadonlyMap<string, string>): Generator<Line, void> {
  let line = 0;
  for (const raw of text.split("\n")) {
    line++;
    const words = splitWords(raw, variables);
    if (words.length > 0) yield { words, line };
  }
}

/**
 * Words between blanks. Single quotes keep everything literal, double ones allow escapes and variables, a backslash
 * escapes the next character, and `#` outside of quotes begins a comment.
 */
function splitWords(text: string, variables: ReadonlyMap<string, string>): string[] {
  const words: string[] = [];
  let [word, quote]: [string | null, string] = [null, ""];
  for (let at = 0; at < text.length; at++) {
    const character = text.charAt(at);
    if (quote === "" && (character === " " || character === "\t" || character === "\r")) {
      if (word !== null) words.push(word);
      word = null;
    } else if (quote === "" && character === "#") {
      break;
    } else if (quote === "" ? character === '"' || character === "'" : character === quote) {
      quote = quote === "" ? character : "";
      word ??= "";
    } else if (character === "\\" && quote !== "'") {
      at++;
      word = (word ?? "") + text.charAt(at);
    } else if (character === "$" && quote === '"') {
      const found = readVariable(text, at, variables);
      word = (word ?? "") + found.value;
      at = found.last;
    } else {
      word = (word ?? "") + character;
    }
  }
  if (word !== null) words.push(word);
  return words;
}

const NAME = /\$(?:\{(\w{1,200})(?:-([^}"]{0,1000}))?\}|(\w{1,200}))/y;

function readVariable(
  text: string,
  at: number,
  variables: ReadonlyMap<string, string>,
): { value: string; last: number } {
  NAME.lastIndex = at;
  const found = NAME.exec(text);
  if (!found) return { value: "$", last: at };
  const name = found[1] ?? found[3] ?? "";
  const value = variables.get(name) ?? found[2] ?? `\${${name}}`;
  return { value, last: at + found[0].length - 1 };
}
