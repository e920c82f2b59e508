import type { Database } from "better-sqlite3";
import type { answerReader, Keep } from "./kept.ts";
import type { Part } from "./order.ts";

/** The shortest piece of text that the trigram index can find. */
const TRIGRAM = 3;

/** More words than anyone types; each is one more condition of the query. */
const MOST_WORDS = 20;

/**
 * The words of a search. SQLite's text ends at a NUL, which therefore separates words like a space; so does the mark
 * that a table puts where it had to cut a value.
 */
export const splitWords = (search: string): string[] =>
  search
    .split(/[\s\0…]+/u)
    .filter((word) => word !== "")
    .slice(0, MOST_WORDS);

/** Whether the trigram index can find a word. */
const isIndexed = (word: string): boolean => [...word].length >= TRIGRAM;

/** Whether LIKE ignores the case of a word, as the trigram index does. */
export const isAscii = (word: string): boolean => /^[\u0020-\u007e]+$/.test(word);

/** A word as an FTS5 string, in which only the quote has a meaning. */
const toPhrase = (word: string): string => `"${word.replaceAll('"', '""')}"`;

/** A LIKE pattern (with ESCAPE '\') for text that contains the word. */
export const toPattern = (word: string): string => `%${word.replaceAll(/[\\%_]/g, "\\$&")}%`;

/** One condition for each word: it is in `text`, which is an expression of this program. */
export const eachWord = (search: string, text: string): Part[] =>
  splitWords(search).map((word) => ({ sql: `(${text}) LIKE ? ESCAPE '\\'`, values: [toPattern(word)] }));

/** The number that a word is, as people write it: `12`, `#12`; 0, which no row has, where it is none. */
export const toNumber = (word: string): number => Number(/^#?(\d{1,15})$/.exec(word)?.[1] ?? 0);

/**
 * The hosts that call themselves by a word which the user's name for them does not have: those names, and their ids in
 * `host_name`, as JSON.
 */
export type CalledHosts = { names: string; ids: string };

/** A column with the user's name for a host, or with the id of that name. */
export type HostColumn = { sql: string; has: keyof CalledHosts };

/** Finds what a word calls; null where that is no host. A host's own name is its word: it only finds what is listed. */
export function calledHosts({ find }: ReturnType<typeof answerReader>): (word: string) => CalledHosts | null {
  return (word) => {
    const pattern = toPattern(word);
    const [called] = find<CalledHosts & { count: number }>(CALLED, [pattern, pattern]);
    return called && called.count > 0 ? { names: called.names, ids: called.ids } : null;
  };
}

const CALLED = `
  SELECT count(*) AS count, json_group_array(host) AS names, json_group_array(name) AS ids FROM host
  WHERE hostname <> host AND hostname LIKE ? ESCAPE '\\' AND host NOT LIKE ? ESCAPE '\\'`;

export const isOfCalled = (called: CalledHosts, { sql, has }: HostColumn): Part => ({
  sql: `${sql} IN (SELECT value FROM json_each(?))`,
  values: [called[has]],
});

/** The condition of a word, or that the row is of a host which calls itself so. */
export function orOfCalled(condition: Part, called: CalledHosts | null, column: HostColumn): Part {
  if (!called) return condition;
  const own = isOfCalled(called, column);
  return { sql: `(${condition.sql} OR ${own.sql})`, values: [...condition.values, ...own.values] };
}

type OfHost = { calledHosts: (word: string) => CalledHosts | null; column: HostColumn };

/** As `eachWord`, of rows that are of a host: its own name has the word, too. */
export const eachWordOfHost = (search: string, text: string, { calledHosts: find, column }: OfHost): Part[] =>
  splitWords(search).flatMap((word) =>
    eachWord(word, text).map((condition) => orOfCalled(condition, find(word), column)),
  );

/**
 * The beginning of a hash that a word may be: hex as openssl and browsers write it, with or without colons; null when
 * it is no such thing.
 */
export function toHexStart(word: string): string | null {
  const hex = word.replaceAll(":", "").toLowerCase();
  return hex.length >= TRIGRAM && /^[0-9a-f]{1,64}$/.test(hex) ? hex : null;
}

/** The beginning of a fingerprint that a word may be, as ssh-keygen prints it; null when it is no such thing. */
export function toFingerprintStart(word: string): string | null {
  const start = word.startsWith("SHA256:") ? word : `SHA256:${word}`;
  return /^SHA256:[A-Za-z0-9+/]{0,43}$/.test(start) ? start : null;
}

/** Every text that begins so is between `start` and this; both kinds of hash are ASCII. */
export const endOfStart = (start: string): string => `${start}\u007f`;

/** The search tables, which consist of trigrams. Each has a vocabulary: the table of its pieces. */
export type Searched =
  | "account"
  | "certificate"
  | "grant"
  | "host_name"
  | "key_file"
  | "login_observation"
  | "login_source"
  | "location"
  | "binding";

/** A query of FTS5. `isWhole`: it finds every row with the word, and not only some. */
export type Phrase = { match: string; isWhole: boolean };

/** With more pieces than that, FTS5 takes longer than reading each text. */
const MOST_PIECES = 300;

/** An empty phrase finds nothing. */
const NOWHERE: Phrase = { match: toPhrase(""), isWhole: true };

/**
 * How the index finds a word. A word of one or two letters is every piece that begins with it, or the first of these
 * where they are too many. Null where it is not ASCII alone: LIKE does not ignore the case of other letters.
 */
export function phrases(db: Database, keep: Keep) {
  const pieces = {
    account: pieceReader(db, "account_pieces"),
    certificate: pieceReader(db, "certificate_pieces"),
    grant: pieceReader(db, "grant_pieces"),
    host_name: pieceReader(db, "host_name_pieces"),
    key_file: pieceReader(db, "key_file_pieces"),
    login_observation: pieceReader(db, "login_observation_pieces"),
    login_source: pieceReader(db, "login_source_pieces"),
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
 * Reads the first pieces that begin so, with one seek in the index each: a vocabulary has a row for each piece and
 * text, and reading on to the next piece would read all of these.
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

/** The first text after all that begin so; the letters are ASCII. */
const afterAll = (start: string): string =>
  start.slice(0, -1) + String.fromCharCode(start.charCodeAt(start.length - 1) + 1);
