import type { Total } from "#shared/model/total.ts";
import type { Found } from "./count.ts";
import { cacheKeyOf } from "./kept.ts";
import type { Lists } from "./lists.ts";
import type { Part } from "./order.ts";
import { eachWord, isAscii, type Searched, splitWords } from "./search.ts";

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

type WordSearch = {
  words: readonly FoundWord[];
  together: (() => Together) | null;
  /** The column that the ids are of, and how many rows there are. */
  id: string;
  size: () => number;
};

export function searchWords(lists: Lists, { words, together, id, size }: WordSearch): Search {
  if (words.length === 0) return { found: null, where: [], total: null };
  const found = words.map((word) => ({
    condition: conditionOf(word, id),
    found: word.byIndex && lists.findIds(word.byIndex, lists.mostCounted),
  }));
  const fewest = found
    .flatMap(({ found }) => (found instanceof Set ? [found as Found] : []))
    .toSorted((one, other) => one.size - other.size)[0];
  if (fewest !== undefined) {
    const others = found.filter(({ found }) => found !== fewest).map(({ condition }) => condition);
    return { found: fewest, where: others, total: words.length === 1 ? fewest.size : null };
  }
  const [word] = words;
  const first = found[0]?.found;
  const where = found.map(({ condition }) => condition);
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
    const found = lists.keep(cacheKeyOf(`together: ${sql}`, values, {}), () => unite(parts));
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
export function searchIn(lists: Lists, { table, text, size }: Text): (search: string) => Search {
  return (search) => {
    const words = splitWords(search);
    const phrases = words.map((word) => lists.phraseOf(table, word));
    const all = phrases.map((phrase) => `(${phrase?.match})`).join(" AND ");
    const together = () => ({ sure: matching(table, all), maybe: [] });
    const isKnown = phrases.every((phrase) => phrase?.isWhole);
    return searchWords(lists, {
      words: words.map(findWord),
      together: isKnown ? together : null,
      id: "id",
      size,
    });
  };

  function findWord(word: string): FoundWord {
    const [rowMatch = null] = eachWord(word, text);
    const phrase = lists.phraseOf(table, word);
    const some = phrase && matching(table, phrase.match);
    return {
      byIndex: phrase?.isWhole ? some : null,
      some,
      inRow: isAscii(word) || phrase === null ? rowMatch : null,
    };
  }
}

export const matching = (table: Searched, match: string): Ids => ({
  sql: `SELECT rowid AS id FROM ${table}_search WHERE ${table}_search MATCH ?`,
  values: [match],
});
