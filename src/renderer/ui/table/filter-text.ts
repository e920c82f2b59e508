/**
 * The filter of a list as text: words that are searched for, and keys with values, such as `expires<30d owner:none`.
 *
 *   text   = (word | key) separated by spaces
 *   key    = NAME ":" value, or NAME "<" DAYS "d"
 *   value  = anything without a space, or "in quotes", in which \" is a quote and \\ a backslash
 *   word   = anything else; "in quotes" where it would be a key
 *
 * What the text says is what the address holds: reading and writing are each other's opposites.
 */

import { assertNever } from "#shared/model/assert-never.ts";
import { findSimilar } from "#shared/text/similar.ts";

type FilterValue = string | number | true;

/** What a key takes. `none`: the word that stands for nobody, which is the empty value. */
export type FilterKind =
  | { kind: "choice"; choices: readonly FilterChoice[] }
  | { kind: "days"; least: number; most: number }
  | { kind: "number"; most: number }
  | { kind: "text"; most: number; pattern?: RegExp; none?: string; known?: readonly string[] };

type FilterChoice = { word: string; value: FilterValue };

/** A key that a filter knows, and the field of the address that it sets. Several flags share the key `is`. */
export type FilterKey<Field extends string = string> = {
  name: string;
  field: Field;
  takes: FilterKind;
  /** In a few words, beside the key where keys are completed. */
  hint: string;
};

/** What is wrong with a text, and with which part of it. */
export type FilterProblem = { start: number; end: number } & (
  | { kind: "no-value"; key: FilterKey }
  | { kind: "no-such-value"; value: string; keys: readonly FilterKey[] }
  | { kind: "no-days"; key: FilterKey; value: string }
  | { kind: "not-below"; key: FilterKey }
  | { kind: "not-such-text"; key: FilterKey; value: string }
  | { kind: "twice"; key: FilterKey }
  | { kind: "no-end"; key: FilterKey }
  | { kind: "similar"; typed: string; name: string }
  | { kind: "too-long" }
);

/** The words that are searched for, and the fields that the keys set; a problem where the text cannot be read. */
export type FilterText = {
  search: string;
  fields: Readonly<Record<string, FilterValue>>;
  problem: FilterProblem | null;
};

/** As the contract has it. */
const MOST_SEARCHED = 200;

/** A piece of a text: a word, or a key with its value. `isQuoted`: the value is meant to the letter. */
type Token = {
  start: number;
  end: number;
  key: string | null;
  sign: string;
  value: string;
  isQuoted: boolean;
  isOpen: boolean;
};

export function parseFilterText(text: string, keys: readonly FilterKey[]): FilterText {
  const words: string[] = [];
  const fields: Record<string, FilterValue> = {};
  const readSoFar = (problem: FilterProblem | null): FilterText => ({
    search: words.join(" "),
    fields,
    problem,
  });
  for (const token of splitTokens(text, keys)) {
    const read = token.key === null ? readWord(token, keys) : readKey(token, keys);
    if (read.kind === "problem") return readSoFar(read.problem);
    if (read.kind === "word") words.push(read.word);
    else if (read.key.field in fields) return readSoFar({ kind: "twice", ...spanOf(token), key: read.key });
    else fields[read.key.field] = read.value;
  }
  const isTooLong = words.join(" ").length > MOST_SEARCHED;
  return readSoFar(isTooLong ? { kind: "too-long", start: 0, end: text.length } : null);
}

type ReadToken =
  | { kind: "word"; word: string }
  | { kind: "value"; key: FilterKey; value: FilterValue }
  | { kind: "problem"; problem: FilterProblem };

const spanOf = ({ start, end }: Token) => ({ start, end });

function readWord(token: Token, keys: readonly FilterKey[]): ReadToken {
  const typed = token.isQuoted ? null : (/^([a-z-]{2,})[:<]/i.exec(token.value)?.[1] ?? null);
  const name = typed && findSimilar(typed.toLowerCase(), [...new Set(keys.map((key) => key.name))]);
  if (!typed || !name) return { kind: "word", word: token.value };
  return { kind: "problem", problem: { kind: "similar", ...spanOf(token), typed, name } };
}

function readKey(token: Token, keys: readonly FilterKey[]): ReadToken {
  const named = keys.filter(({ name }) => name === token.key);
  const [key] = named;
  const span = spanOf(token);
  if (!key) throw new Error("a token has a key that the filter does not know");
  const refuse = (problem: FilterProblem): ReadToken => ({ kind: "problem", problem });
  if (token.isOpen) return refuse({ kind: "no-end", ...span, key });
  if (token.sign === "<" && key.takes.kind !== "days") return refuse({ kind: "not-below", ...span, key });
  if (token.value === "") return refuse({ kind: "no-value", ...span, key });
  if (key.takes.kind === "choice") return readChoice(token, named);
  const value = readValue(token, key.takes);
  if (value !== null) return { kind: "value", key, value };
  const kind = key.takes.kind === "days" ? "no-days" : "not-such-text";
  return refuse({ kind, ...span, key, value: token.value });
}

function readChoice(token: Token, keys: readonly FilterKey[]): ReadToken {
  const typed = token.value.toLowerCase();
  for (const key of keys) {
    const choice = choicesOf(key).find(({ word }) => word.toLowerCase() === typed);
    if (choice) return { kind: "value", key, value: choice.value };
  }
  return { kind: "problem", problem: { kind: "no-such-value", ...spanOf(token), value: token.value, keys } };
}

export const choicesOf = ({ takes }: FilterKey): readonly FilterChoice[] =>
  takes.kind === "choice" ? takes.choices : [];

/** Null where the key does not take it. */
function readValue({ value, isQuoted }: Token, takes: FilterKind): FilterValue | null {
  if (takes.kind === "text") {
    if (!isQuoted && takes.none !== undefined && value.toLowerCase() === takes.none) return "";
    return value.length <= takes.most && (takes.pattern?.test(value) ?? true) ? value : null;
  }
  if (takes.kind === "choice") return null;
  const digits = /^(\d{1,15})d?$/i.exec(value)?.[1];
  const isNumber = digits !== undefined && (takes.kind === "days" || !/d$/i.test(value));
  const least = takes.kind === "days" ? takes.least : 0;
  return isNumber && Number(digits) >= least && Number(digits) <= takes.most ? Number(digits) : null;
}

/** The pieces of a text, in their order. */
function splitTokens(text: string, keys: readonly FilterKey[]): Token[] {
  const names = new Set(keys.map(({ name }) => name));
  const tokens: Token[] = [];
  let at = 0;
  for (;;) {
    at += /^\s*/.exec(text.slice(at))?.[0].length ?? 0;
    if (at >= text.length) return tokens;
    const token = readToken(text, at, names);
    tokens.push(token);
    at = token.end;
  }
}

function readToken(text: string, start: number, names: ReadonlySet<string>): Token {
  const [head = "", name = "", sign = ""] = /^([a-z-]+)([:<])/i.exec(text.slice(start)) ?? [];
  const key = names.has(name.toLowerCase()) ? name.toLowerCase() : null;
  const from = start + (key === null ? 0 : head.length);
  const quoted = text[from] === '"' ? readQuoted(text, from) : null;
  if (quoted && (quoted.isOpen ? key !== null : /^(?:\s|$)/.test(text.slice(quoted.end))))
    return { start, key, sign, isQuoted: true, value: quoted.value, end: quoted.end, isOpen: quoted.isOpen };
  const bare = /^\S*/.exec(text.slice(from))?.[0] ?? "";
  return { start, end: from + bare.length, key, sign, value: bare, isQuoted: false, isOpen: false };
}

function readQuoted(text: string, start: number): { value: string; end: number; isOpen: boolean } {
  let value = "";
  for (let at = start + 1; at < text.length; at++) {
    const character = text[at];
    if (character === '"') return { value, end: at + 1, isOpen: false };
    const isEscape = character === "\\" && /["\\]/.test(text[at + 1] ?? "");
    if (isEscape) at++;
    value += text[at];
  }
  return { value, end: text.length, isOpen: true };
}

/** The text of what an address holds: the words first, then the keys in the order of their table. */
export function formatFilterText(
  { search, fields }: { search: string; fields: Readonly<Record<string, unknown>> },
  keys: readonly FilterKey[],
): string {
  const words = search
    .split(/\s+/)
    .filter(Boolean)
    .map((word) => formatWord(word, keys));
  const values = keys.flatMap((key) => {
    const value = fields[key.field];
    const written = value === undefined ? null : formatValue(key, value);
    return written === null ? [] : [written];
  });
  return [...words, ...values].join(" ");
}

function formatWord(word: string, keys: readonly FilterKey[]): string {
  const [token] = splitTokens(word, keys);
  const isPlain = token !== undefined && token.key === null && !token.isQuoted && token.end === word.length;
  return isPlain && readWord(token, keys).kind === "word" ? word : quote(word);
}

const quote = (value: string): string => `"${value.replaceAll(/["\\]/g, "\\$&")}"`;

/** Null for a value that this key never has: another one of the same field may have it. */
function formatValue(key: FilterKey, value: unknown): string | null {
  const { name, takes } = key;
  if (takes.kind === "choice") {
    const choice = takes.choices.find((one) => one.value === value);
    return choice ? `${name}:${choice.word}` : null;
  }
  if (takes.kind === "days") return typeof value === "number" ? `${name}<${value}d` : null;
  if (takes.kind === "number") return typeof value === "number" ? `${name}:${value}` : null;
  if (typeof value !== "string") return null;
  if (value === "") return takes.none === undefined ? null : `${name}:${takes.none}`;
  const isNone = value.toLowerCase() === takes.none;
  return /^[^\s"]+$/.test(value) && !isNone ? `${name}:${value}` : `${name}:${quote(value)}`;
}

/** How a key is begun. */
export const signOf = ({ takes }: FilterKey): string => (takes.kind === "days" ? "<" : ":");

/** What is wrong, and what to write instead. */
export function formatFilterProblem(problem: FilterProblem): string {
  switch (problem.kind) {
    case "no-value":
      return `${problem.key.name} needs a value: ${formatExample(problem.key)}`;
    case "no-such-value": {
      const [key] = problem.keys;
      const words = problem.keys.flatMap((one) => choicesOf(one).map(({ word }) => word));
      return `${key?.name} is one of: ${words.join(", ")}`;
    }
    case "no-days":
      return `${problem.key.name} takes a number of days: ${formatExample(problem.key)}`;
    case "not-below":
      return `${problem.key.name} is not a number of days: write ${formatExample(problem.key)}`;
    case "not-such-text":
      return `${problem.key.name} takes ${problem.key.hint}`;
    case "twice":
      return `${problem.key.name} is there twice: one is enough, for a row has to match both`;
    case "no-end":
      return `the value of ${problem.key.name} has no closing quote`;
    case "similar":
      return `there is no filter ${problem.typed}; did you mean ${problem.name}? In quotes it is a word to search for`;
    case "too-long":
      return "at most 200 characters are searched for";
    default:
      return assertNever(problem);
  }
}

function formatExample(key: FilterKey): string {
  const { name, takes } = key;
  if (takes.kind === "days") return `${name}<30d`;
  if (takes.kind === "number") return `${name}:12`;
  if (takes.kind === "text") return `${name}:NAME, or ${name}:"WITH SPACES"`;
  return `${name}:${takes.choices[0]?.word}`;
}
