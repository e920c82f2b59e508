import type { Lists } from "#store/lists/lists.ts";
import type { Part } from "#store/lists/part.ts";
import { endOfStart, isAscii, splitWords, toFingerprintStart, toPattern } from "#store/lists/search.ts";
import { either, type Ids, type Search, type SoughtWord, seek, type Together } from "#store/lists/seek.ts";

export const STANDS_NOW: Part = { sql: "gone_scan IS NULL", values: [] };

/** As `grant_search` has it. */
const HOLDS = "search_text LIKE ? ESCAPE '\\'";
const BY_TEXT = "SELECT rowid AS id FROM grant_search WHERE grant_search MATCH ?";
const BY_HASH = "ifnull(fingerprint, '') BETWEEN ? AND ?";
const OF_HASH = `SELECT id FROM grant_line WHERE gone_scan IS NULL AND ${BY_HASH}`;

/** Of the grants that stand now: a word stands in one, or the fingerprint of its key begins with it. */
export function grantSearch(lists: Lists, size: () => number) {
  return function find(search: string): Search {
    const words = splitWords(search);
    const phrases = words.map((word) => lists.phraseOf("grant", word));
    const together = (): Together => ({
      sure: byText(phrases.map((phrase) => `(${phrase?.match})`).join(" AND ")),
      maybe: words.flatMap(ofHash),
    });
    const isKnown = phrases.every((phrase) => phrase?.isWhole);
    const sought = words.map((word) => seekInGrants(lists, word));
    return seek(lists, { words: sought, together: isKnown ? together : null, id: "id", size });
  };
}

export function seekInGrants(lists: Lists, word: string): SoughtWord {
  const hash = hashOf(word);
  const looked = {
    sql: hash.length === 0 ? HOLDS : `(${HOLDS} OR ${BY_HASH})`,
    values: [toPattern(word), ...hash],
  };
  const phrase = lists.phraseOf("grant", word);
  const some = phrase && byText(phrase.match);
  const inRow = isAscii(word) || phrase === null ? looked : null;
  return { byIndex: phrase?.isWhole && some ? either([some, ...ofHash(word)]) : null, some, inRow };
}

const byText = (match: string): Ids => ({ sql: BY_TEXT, values: [match] });

function ofHash(word: string): Ids[] {
  const hash = hashOf(word);
  return hash.length === 0 ? [] : [{ sql: OF_HASH, values: hash }];
}

function hashOf(word: string): string[] {
  const start = toFingerprintStart(word);
  return start === null ? [] : [start, endOfStart(start)];
}
