import type { Database } from "better-sqlite3";
import type { Keep } from "./kept.ts";
import type { Part } from "./order.ts";

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
const isIndexed = (word: string): boolean => [...word].length >= TRIGRAM;

/** Whether LIKE finds a word in any case, as the trigram index does. */
export const isAscii = (word: string): boolean => /^[\u0020-\u007e]+$/.test(word);

/** A word as an FTS5 string, in which nothing but the quote has a meaning. */
const toPhrase = (word: string): string => `"${word.replaceAll('"', '""')}"`;

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

/** Search tables of three-letter pieces. Each has its vocabulary in the table of its pieces. */
export type Searched = "certificate" | "grant" | "host_name" | "key_file" | "location" | "binding";

/** What FTS5 is asked for; `isWhole` where that is all that has the word, and not only some of it. */
export type Phrase = { match: string; isWhole: boolean };

/** Of more than that FTS5 takes longer than whoever looks at each text. */
const MOST_PIECES = 300;

/** A phrase of nothing is in nothing. */
const NOWHERE: Phrase = { match: toPhrase(""), isWhole: true };

/**
 * How a word is looked for by the index. A word of one or two letters is every piece that begins with it, or the first of
 * them where they are too many. Null where it is not of the letters of ASCII alone: LIKE tells the cases of others apart.
 */
export function phrases(db: Database, keep: Keep) {
  const pieces = {
    certificate: pieceReader(db, "certificate_pieces"),
    grant: pieceReader(db, "grant_pieces"),
    host_name: pieceReader(db, "host_name_pieces"),
    key_file: pieceReader(db, "key_file_pieces"),
    location: pieceReader(db, "location_pieces"),
    binding: pieceReader(db, "binding_pieces"),
  };

  return function phraseOf(table: Searched, word: string): Phrase | null {
    if (isIndexed(word)) return { match: toPhrase(word), isWhole: true };
    if (!isAscii(word)) return null;
    const start = word.toLowerCase();
    return keep(JSON.stringify(["pieces", table, start]), () => {
      const found = pieces[table](start, MOST_PIECES + 1);
      if (found.length === 0) return NOWHERE;
      const match = found.slice(0, MOST_PIECES).map(toPhrase).join(" OR ");
      return { match, isWhole: found.length <= MOST_PIECES };
    });
  };
}

/**
 * The first pieces that begin so, one look at the index each: a vocabulary lists a piece with each text that it is in, and
 * to read on from one to the next would be to read all of these.
 */
function pieceReader(db: Database, table: string): (start: string, most: number) => string[] {
  const sql = `SELECT term FROM ${table} WHERE term >= ? AND term < ? LIMIT 1`;
  const next = db.prepare<[string, string], string>(sql).pluck();
  return (start, most) => {
    const [found, end] = [[] as string[], afterAll(start)];
    let from = start;
    while (found.length < most) {
      const term = next.get(from, end);
      if (term === undefined) break;
      found.push(term);
      from = `${term}\u0001`;
    }
    return found;
  };
}

/** The first text after all that begin so; the letters are those of ASCII. */
const afterAll = (start: string): string =>
  start.slice(0, -1) + String.fromCharCode(start.charCodeAt(start.length - 1) + 1);
