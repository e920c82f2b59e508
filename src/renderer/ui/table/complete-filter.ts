import { choicesOf, type FilterKey, signOf } from "./filter-text.ts";

/** What could be typed next: `text` replaces the filter's text from `start` to the caret. */
export type Completion = { label: string; hint: string; text: string; start: number };

/** So many are suggested. */
const MOST_SUGGESTED = 12;

/** Some numbers of days that are asked for. */
const DAYS = [0, 7, 30, 90];

type CompletionQuery = {
  text: string;
  /** Where the caret stands. */
  at: number;
  keys: readonly FilterKey[];
  /** Suggestion keys where nothing of one is typed, too. */
  isForced: boolean;
};

/** The keys, or the values of a key, that begin with what stands before the caret. */
export function completeFilter({ text, at, keys, isForced }: CompletionQuery): Completion[] {
  const before = text.slice(0, at);
  // The piece before the caret: a quote that is open may hold spaces.
  const [piece = ""] = /(?:[a-z-]+[:<]"[^"]*|\S*)$/i.exec(before) ?? [];
  const start = at - piece.length;
  const [head, name = "", typed = ""] = /^([a-z-]+)[:<](.*)$/is.exec(piece) ?? [];
  const found = head === undefined ? completeKey(piece, keys, isForced) : completeValue(name, typed, keys);
  const suggested = found
    .slice(0, MOST_SUGGESTED)
    .map((one) => ({ label: one.label, hint: one.hint, text: one.text, start }));
  return suggested.some((one) => one.text.trimEnd() === piece) ? [] : suggested;
}

type Suggestion = { label: string; hint: string; text: string };

function completeKey(typed: string, keys: readonly FilterKey[], isForced: boolean): Suggestion[] {
  if (typed === "" && !isForced) return [];
  const beginning = typed.toLowerCase();
  return [...new Map(keys.map((key) => [key.name, key])).values()]
    .filter(({ name }) => name.startsWith(beginning))
    .map((key) => ({
      label: `${key.name}${signOf(key)}`,
      hint: hintOf(key, keys),
      text: `${key.name}${signOf(key)}`,
    }));
}

const hintOf = (key: FilterKey, keys: readonly FilterKey[]): string =>
  keys
    .filter(({ name }) => name === key.name)
    .map(({ hint }) => hint)
    .join(", ");

function completeValue(name: string, typed: string, keys: readonly FilterKey[]): Suggestion[] {
  const beginning = typed.replace(/^"/, "").toLowerCase();
  return keys
    .filter((key) => key.name === name.toLowerCase())
    .flatMap((key) => valuesOf(key).map((value) => ({ key, value })))
    .filter(({ value }) => value.word.toLowerCase().startsWith(beginning))
    .map(({ key, value }) => ({
      label: `${key.name}${signOf(key)}${value.word}`,
      hint: value.hint,
      text: `${key.name}${signOf(key)}${value.written} `,
    }));
}

type SuggestionedValue = { word: string; written: string; hint: string };

function valuesOf(key: FilterKey): SuggestionedValue[] {
  const { takes } = key;
  if (takes.kind === "choice")
    return choicesOf(key).map(({ word }) => ({
      word,
      written: word,
      hint: takes.choices.length === 1 ? key.hint : "",
    }));
  if (takes.kind === "days")
    return DAYS.filter((days) => days >= takes.least).map((days) => ({
      word: `${days}d`,
      written: `${days}d`,
      hint: "",
    }));
  if (takes.kind === "number") return [];
  const none = takes.none === undefined ? [] : [{ word: takes.none, written: takes.none, hint: "nobody" }];
  const known = (takes.known ?? []).map((word) => ({
    word,
    written: quoteIfNeeded(word, takes.none),
    hint: "",
  }));
  return [...none, ...known];
}

const quoteIfNeeded = (word: string, none: string | undefined): string =>
  /^[^\s"]+$/.test(word) && word.toLowerCase() !== none ? word : `"${word.replaceAll(/["\\]/g, "\\$&")}"`;
