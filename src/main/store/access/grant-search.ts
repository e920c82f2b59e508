import type { Lists } from "#store/lists/lists.ts";
import type { Part } from "#store/lists/part.ts";
import { endOfStart, isAscii, splitWords, toFingerprintStart, toPattern } from "#store/lists/search.ts";
import { either, type FoundWord, type Ids, type Search, seek, type Together } from "#store/lists/seek.ts";

export const STANDS_NOW: Part = { sql: "gone_scan IS NULL", values: [] };

/** As `grant_search` has it. */
const HOLDS = "search_text LIKE ? ESCAPE '\\'";
/** As lists print where a grant is. The index has the file alone, for whatever is added to it moves the lines below. */
const STANDS_AT = "file || ':' || line LIKE ? ESCAPE '\\'";
const BY_LINE = `SELECT id FROM grant_line
  WHERE id IN (SELECT rowid FROM grant_search WHERE grant_search MATCH ?) AND ${STANDS_AT}`;
const BY_TEXT = "SELECT rowid AS id FROM grant_search WHERE grant_search MATCH ?";
const BY_HASH = "ifnull(fingerprint, '') BETWEEN ? AND ?";
const OF_HASH = `SELECT id FROM grant_line WHERE gone_scan IS NULL AND ${BY_HASH}`;

/** Of the grants that stand now: a word stands in one, or is its FILE:LINE, or the fingerprint of its key begins with it. */
export function grantSearch(lists: Lists, size: () => number) {
  return function find(search: string): Search {
    const words = splitWords(search);
    const phrases = words.map((word) => lists.phraseOf("grant", word));
    const together = (): Together => ({
      sure: byText(phrases.map((phrase) => `(${phrase?.match})`).join(" AND ")),
      maybe: words.flatMap(ofHash),
    });
    const isKnown =
      phrases.every((phrase) => phrase?.isWhole) && words.every((word) => fileOf(word) === null);
    const sought = words.map((word) => findInGrants(lists, word));
    return seek(lists, { words: sought, together: isKnown ? together : null, id: "id", size });
  };
}

export function findInGrants(lists: Lists, word: string): FoundWord {
  const hash = hashOf(word);
  const file = fileOf(word);
  const pattern = toPattern(word);
  const conditions = [HOLDS, ...(file === null ? [] : [STANDS_AT]), ...(hash.length === 0 ? [] : [BY_HASH])];
  const looked = {
    sql: `(${conditions.join(" OR ")})`,
    values: [pattern, ...(file === null ? [] : [pattern]), ...hash],
  };
  const phrase = lists.phraseOf("grant", word);
  const some = phrase && byText(phrase.match);
  const inRow = isAscii(word) || phrase === null ? looked : null;
  const atLine = file === null ? [] : findAtLine(lists, file, pattern);
  const isKnown = phrase?.isWhole && some && atLine;
  return { byIndex: isKnown ? either([some, ...atLine, ...ofHash(word)]) : null, some, inRow };
}

/** Null where the file is that of too many grants to look at the line of each: whoever walks the list meets them. */
function findAtLine(lists: Lists, file: string, pattern: string): Ids[] | null {
  const phrase = lists.phraseOf("grant", file);
  if (!phrase?.isWhole) return null;
  const isFew = lists.findIds(byText(phrase.match), lists.mostCounted) instanceof Set;
  return isFew ? [{ sql: BY_LINE, values: [phrase.match, pattern] }] : null;
}

/** What a word may say of a file, with a line or the beginning of one; null: it is no such thing. */
const fileOf = (word: string): string | null => /^(.+):\d*$/.exec(word)?.[1] ?? null;

const byText = (match: string): Ids => ({ sql: BY_TEXT, values: [match] });

function ofHash(word: string): Ids[] {
  const hash = hashOf(word);
  return hash.length === 0 ? [] : [{ sql: OF_HASH, values: hash }];
}

function hashOf(word: string): string[] {
  const start = toFingerprintStart(word);
  return start === null ? [] : [start, endOfStart(start)];
}
