/** Command lines of this program as a person pastes them into a terminal; null where a word of one cannot be pasted. */

import { printable, printableJson } from "./untrusted-text.ts";

/** An option with its value; true: one without. It is left out where its value is null, undefined or false. */
export type Option = readonly [name: string, value: string | number | boolean | null | undefined];

/** The words of a search are words of the command. */
export const formatCommand = (name: string, search: string, options: readonly Option[]): string | null =>
  formatWords(name, search.split(/\s+/).filter(Boolean), options);

export function formatWords(
  name: string,
  words: readonly string[],
  options: readonly Option[],
): string | null {
  const isOption = words.some((word) => word.startsWith("-"));
  return joinShellWords([
    "latchkey",
    ...name.split(" "),
    ...options.flatMap(toWords),
    ...(isOption ? ["--"] : []),
    ...words,
  ]);
}

function toWords([name, value]: Option): string[] {
  if (value === null || value === undefined || value === false) return [];
  if (value === true) return [name];
  const text = String(value);
  return text.startsWith("-") || text === "" ? [`${name}=${text}`] : [name, text];
}

/** Without what is as it is by default. */
export const formatCall = (procedure: string, input: object): string | null =>
  joinShellWords([
    "latchkey",
    "call",
    procedure,
    printableJson(
      Object.fromEntries(
        Object.entries(input).filter(([, value]) => value !== null && value !== false && value !== ""),
      ),
    ),
  ]);

/**
 * A word as it is pasted into a POSIX shell. Null for one with a character that a terminal would act on, or that would not
 * be seen for what it is: whoever pastes a line must be able to read it.
 */
export function quoteShellWord(word: string): string | null {
  if (printable(word) !== word) return null;
  return /^[\w./:@+,-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}

/** Words as one line; null where one of them cannot be pasted. */
export function joinShellWords(words: readonly string[]): string | null {
  const quoted = words.map(quoteShellWord);
  return quoted.includes(null) ? null : quoted.join(" ");
}
