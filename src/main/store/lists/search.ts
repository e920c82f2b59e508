import type { Part } from "./part.ts";

/** The shortest piece of text that the trigram index can find. */
const TRIGRAM = 3;

/** More words than anyone types; each is one more condition of the query. */
const MOST_WORDS = 20;

/**
 * The words of what was typed. SQLite's text ends at a NUL, which therefore parts words like a space; so does the mark of a
 * table that had to cut what is copied from it.
 */
export const splitWords = (search: string): string[] =>
  search
    .split(/[\s\0…]+/u)
    .filter((word) => word !== "")
    .slice(0, MOST_WORDS);

/** Whether the trigram index can answer for a word. */
export const isIndexed = (word: string): boolean => [...word].length >= TRIGRAM;

/** Whether LIKE finds a word in any case, as the trigram index does. */
export const isAscii = (word: string): boolean => /^[\u0020-\u007e]+$/.test(word);

/** A word as an FTS5 string, in which nothing but the quote has a meaning. */
export const toPhrase = (word: string): string => `"${word.replaceAll('"', '""')}"`;

/** A LIKE pattern (with ESCAPE '\') for text that holds the word anywhere. */
export const toPattern = (word: string): string => `%${word.replaceAll(/[\\%_]/g, "\\$&")}%`;

/** One condition for each word: it stands in `text`, which is an expression of this program. */
export const eachWord = (search: string, text: string): Part[] =>
  splitWords(search).map((word) => ({ sql: `(${text}) LIKE ? ESCAPE '\\'`, values: [toPattern(word)] }));

/**
 * The hash that a word may be the beginning of: hex as openssl and browsers write it, with or without colons;
 * null when it is no such thing.
 */
export function toHexStart(word: string): string | null {
  const hex = word.replaceAll(":", "").toLowerCase();
  return hex.length >= TRIGRAM && /^[0-9a-f]{1,64}$/.test(hex) ? hex : null;
}

/** The fingerprint that a word may be the beginning of, as ssh-keygen prints it; null when it is no such thing. */
export function toFingerprintStart(word: string): string | null {
  const start = word.startsWith("SHA256:") ? word : `SHA256:${word}`;
  return /^SHA256:[A-Za-z0-9+/]{0,43}$/.test(start) ? start : null;
}

/** Everything that begins so lies between the text itself and this; both kinds of hash are ASCII. */
export const endOfStart = (start: string): string => `${start}\u007f`;
