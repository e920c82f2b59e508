import { type Lists, MOST_KEPT, type Part } from "#store/lists/lists.ts";
import { endOfStart, isAscii, toFingerprintStart, toPattern } from "#store/lists/search.ts";

export const STANDS_NOW: Part = { sql: "gone_scan IS NULL", values: [] };

/** As `grant_search` has it. */
const TEXT = "host_name || char(10) || account || char(10) || file || char(10) || comment";

const HOLDS = `(${TEXT}) LIKE ? ESCAPE '\\'`;
const BY_TEXT = "SELECT rowid FROM grant_search WHERE grant_search MATCH ?";
const BY_HASH = "ifnull(fingerprint, '') BETWEEN ? AND ?";

/** Of the grants that stand now: a word stands in one, or the fingerprint of its key begins with it. */
export function grantSearch(lists: Lists, all: () => number) {
  return {
    find(word: string): Part {
      const hash = hashOf(word);
      const values = [toPattern(word), ...hash];
      const looked = { sql: hash.length === 0 ? HOLDS : `(${HOLDS} OR ${BY_HASH})`, values };
      const phrase = lists.phraseOf("grant", word);
      if (phrase === null || (phrase.most !== null && phrase.most > MOST_KEPT))
        return { ...looked, walk: looked };
      const byHash =
        hash.length === 0 ? "" : `UNION SELECT id FROM grant_line WHERE gone_scan IS NULL AND ${BY_HASH}`;
      return {
        sql: `id IN (${BY_TEXT} ${byHash})`,
        values: [phrase.match, ...hash],
        ...(isAscii(word) ? { walk: looked } : {}),
      };
    },

    /** How many grants a word finds. Those that are found by their text are counted by the index, without a look at any. */
    count(word: string): number {
      const phrase = lists.phraseOf("grant", word);
      if (phrase === null) return lists.count("grant_line", [STANDS_NOW, this.find(word)]);
      const byText = lists.count("grant_search", [{ sql: "grant_search MATCH ?", values: [phrase.match] }]);
      const hash = hashOf(word);
      if (hash.length === 0 || byText === all()) return byText;
      const byHash = { sql: `${BY_HASH} AND NOT (${HOLDS})`, values: [...hash, toPattern(word)] };
      return byText + lists.count("grant_line", [STANDS_NOW, byHash]);
    },
  };
}

function hashOf(word: string): string[] {
  const start = toFingerprintStart(word);
  return start === null ? [] : [start, endOfStart(start)];
}
