import type { Database } from "better-sqlite3";
import type { Total } from "#shared/model/total.ts";
import type { Found } from "./count.ts";
import { type Keep, questionOf } from "./kept.ts";
import type { Lists } from "./lists.ts";
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
type Searched = "certificate" | "grant" | "host_name" | "key_file" | "place" | "serving";

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
    place: pieceReader(db, "place_pieces"),
    serving: pieceReader(db, "serving_pieces"),
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

/**
 * Which rows words find. An index is asked for each word; where one of them has few rows, these alone are looked at for
 * the others. What many rows have is met soon by whoever walks the list, and is neither found nor counted to its end.
 */

/** A query for ids; the same may come twice. */
export type Ids = Part;

/** How one word is looked for. */
export type FoundWord = {
  /** All that it finds; null where no index knows. */
  byIndex: Ids | null;
  /** Some of what it finds: what an index knows of a word of which it does not know all. */
  some: Ids | null;
  /** In each row; null where that would find less, for LIKE tells the cases of other letters than those of ASCII apart. */
  inRow: Part | null;
};

/** What all words find together: rows that each of them finds, and more among which the others are. */
export type Together = { sure: Ids; maybe: readonly Ids[] };

export type Search = {
  /** There are no other rows than these; null where they are not known. */
  found: Found | null;
  /** What is still to be asked of each row. */
  where: Part[];
  /** How many rows the words find, where that is known. */
  total: Total | null;
};

/** So many times what is counted is found by an index at no greater cost; what more rows have is met soon enough. */
const TIMES_COUNTED = 15;

type Sought = {
  words: readonly FoundWord[];
  together: (() => Together) | null;
  /** The column that the ids are of, and how many rows there are. */
  id: string;
  size: () => number;
};

export function seek(lists: Lists, { words, together, id, size }: Sought): Search {
  if (words.length === 0) return { found: null, where: [], total: null };
  const asked = words.map((word) => ({
    condition: conditionOf(word, id),
    found: word.byIndex && lists.findIds(word.byIndex, lists.mostCounted),
  }));
  const fewest = asked
    .flatMap(({ found }) => (found instanceof Set ? [found as Found] : []))
    .toSorted((one, other) => one.size - other.size)[0];
  if (fewest !== undefined) {
    const others = asked.filter(({ found }) => found !== fewest).map(({ condition }) => condition);
    return { found: fewest, where: others, total: words.length === 1 ? fewest.size : null };
  }
  const [word] = words;
  const first = asked[0]?.found;
  const where = asked.map(({ condition }) => condition);
  if (words.length > 1 || !word) return { where, ...(together ? findTogether(together()) : NOTHING) };
  if (!first || first instanceof Set || !("readTo" in first))
    return { found: null, where, total: totalOfSome(word) };
  const estimate = (lists.mostCounted * size()) / Math.max(1, first.readTo);
  const most = TIMES_COUNTED * lists.mostCounted;
  const more = word.byIndex && estimate <= most ? lists.findIds(word.byIndex, most) : null;
  if (more instanceof Set) return { found: more, where: [], total: more.size };
  return { found: null, where, total: { moreThan: lists.mostCounted } };

  /** What is known of it by some of what it finds. */
  function totalOfSome({ some }: FoundWord): Total | null {
    return some && !(lists.findIds(some, lists.mostCounted) instanceof Set)
      ? { moreThan: lists.mostCounted }
      : null;
  }

  function findTogether({ sure, maybe }: Together): Omit<Search, "where"> {
    const parts = [sure, ...maybe].map((part) => lists.findIds(part, lists.mostCounted));
    if (!(parts[0] instanceof Set)) return { found: null, total: { moreThan: lists.mostCounted } };
    const { sql, values } = either([sure, ...maybe]);
    // The same set for each page: questions about it are told apart by which set it is.
    const found = lists.keep(questionOf(`together: ${sql}`, values, {}), () => unite(parts));
    return { found, total: null };
  }
}

/** Null where one of them is not known to its end. */
function unite(parts: readonly (Found | { readTo: number })[]): Found | null {
  const ids = new Set<number>();
  for (const part of parts) {
    if ("readTo" in part) return null;
    for (const one of part) ids.add(one);
  }
  return ids;
}

export const either = (ids: readonly Ids[]): Ids => ({
  sql: ids.map(({ sql }) => sql).join(" UNION ALL "),
  values: ids.flatMap(({ values }) => values),
});

const NOTHING = { found: null, total: null };

function conditionOf({ inRow, byIndex }: FoundWord, id: string): Part {
  if (inRow) return inRow;
  if (!byIndex) throw new Error("a word is looked for by an index or in each row");
  return { sql: `${id} IN (SELECT id FROM (${byIndex.sql}))`, values: byIndex.values };
}

type Text = {
  table: Searched;
  /** What that table has of a row, as an expression. */
  text: string;
  size: () => number;
};

/** Finds rows by words that stand in one text and nowhere else. */
export function seekIn(lists: Lists, { table, text, size }: Text): (search: string) => Search {
  return (search) => {
    const words = splitWords(search);
    const phrases = words.map((word) => lists.phraseOf(table, word));
    const all = phrases.map((phrase) => `(${phrase?.match})`).join(" AND ");
    const together = () => ({ sure: matching(table, all), maybe: [] });
    const isKnown = phrases.every((phrase) => phrase?.isWhole);
    return seek(lists, { words: words.map(lookFor), together: isKnown ? together : null, id: "id", size });
  };

  function lookFor(word: string): FoundWord {
    const [looked = null] = eachWord(word, text);
    const phrase = lists.phraseOf(table, word);
    const some = phrase && matching(table, phrase.match);
    return {
      byIndex: phrase?.isWhole ? some : null,
      some,
      inRow: isAscii(word) || phrase === null ? looked : null,
    };
  }
}

export const matching = (table: Searched, match: string): Ids => ({
  sql: `SELECT rowid AS id FROM ${table}_search WHERE ${table}_search MATCH ?`,
  values: [match],
});
