import type { Searched } from "./letters.ts";
import type { Lists } from "./lists.ts";
import { eachWord, isAscii, splitWords } from "./search.ts";
import { type FoundWord, type Ids, type Search, seek } from "./seek.ts";

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
