import type { Total } from "#shared/model/total.ts";
import type { Found } from "./count.ts";
import { cacheKeyOf } from "./kept.ts";
import type { Lists } from "./lists.ts";
import type { Part } from "./order.ts";
import {
  eachWord,
  type HostColumn,
  isAscii,
  isOfCalled,
  orOfCalled,
  type Searched,
  splitWords,
} from "./search.ts";

/**
 * Finds rows by words. Each word is looked up in an index; where one word has few rows, only these are tested for the
 * others. A word that many rows have is soon met by walking the list: it is neither found nor counted to its end.
 */

/** A query for ids; it may return one twice. */
export type Ids = Part;

/** How one word is found. */
export type FoundWord = {
  /** All rows with the word; null where no index has them all. */
  byIndex: Ids | null;
  /** Some rows with the word, where an index has only some. */
  some: Ids | null;
  /** A test of each row; null where that would miss rows, because LIKE ignores the case of ASCII letters alone. */
  inRow: Part | null;
};

/**
 * What all words find together: `sure` are rows that have each of them, `maybe` has the remaining ones among others.
 */
export type Together = { sure: Ids; maybe: readonly Ids[] };

export type Search = {
  /** There are no other rows than these; null where they are not known. */
  found: Found | null;
  /** The conditions that each row still has to meet. */
  where: Part[];
  /** How many rows the words find, where that is known. */
  total: Total | null;
};

/** An index finds so many times what is counted at no greater cost; a word of more rows is met soon enough. */
const TIMES_COUNTED = 15;

type WordSearch = {
  words: readonly FoundWord[];
  together: (() => Together) | null;
  /** The column of the ids, and how many rows there are. */
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

  /** A lower limit, from some of the rows with the word. */
  function totalOfSome({ some }: FoundWord): Total | null {
    return some && !(lists.findIds(some, lists.mostCounted) instanceof Set)
      ? { moreThan: lists.mostCounted }
      : null;
  }

  function findTogether({ sure, maybe }: Together): Omit<Search, "where"> {
    const parts = [sure, ...maybe].map((part) => lists.findIds(part, lists.mostCounted));
    if (!(parts[0] instanceof Set)) return { found: null, total: { moreThan: lists.mostCounted } };
    const { sql, values } = either([sure, ...maybe]);
    // Each page gets the same set object: cached queries are distinguished by the number of the set.
    const found = lists.keep(cacheKeyOf(`together: ${sql}`, values, {}), () => unite(parts));
    return { found, total: null };
  }
}

/** Null where one of them was not read to its end. */
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

/** The ids of rows by a host's name: `from`, with `column`, whose index begins with it. */
export type OfHosts = { ids: string; column: HostColumn };

/** The ids of the rows of hosts that call themselves so; none where there is no such host. */
export function ofCalled(lists: Lists, word: string, { ids, column }: OfHosts): Ids[] {
  const called = lists.calledHosts(word);
  if (!called) return [];
  const { sql, values } = isOfCalled(called, column);
  return [{ sql: `${ids} AND ${sql}`, values }];
}

/** The same word, which is also found where the host calls itself so. */
export function orCalled(lists: Lists, word: string, found: FoundWord, ofHosts: OfHosts): FoundWord {
  const own = ofCalled(lists, word, ofHosts);
  const called = lists.calledHosts(word);
  if (own.length === 0) return found;
  return {
    byIndex: found.byIndex && either([found.byIndex, ...own]),
    some: found.some && either([found.some, ...own]),
    inRow: found.inRow && orOfCalled(found.inRow, called, ofHosts.column),
  };
}

export type IndexedText = {
  table: Searched;
  /** An expression for the text that the search table has of a row. */
  text: string;
  ofHosts: OfHosts;
};

/** Finds rows by words of one text alone, or by the own name of their host. `id`: the column of their ids. */
export function searchIn(
  lists: Lists,
  { size, id = "id", ...text }: IndexedText & { size: () => number; id?: string },
): (search: string) => Search {
  const { table, ofHosts } = text;
  return (search) => {
    const words = splitWords(search);
    const phrases = words.map((word) => lists.phraseOf(table, word));
    const all = phrases.map((phrase) => `(${phrase?.match})`).join(" AND ");
    const together = () => ({
      sure: matching(table, all),
      maybe: words.flatMap((word) => ofCalled(lists, word, ofHosts)),
    });
    const isKnown = phrases.every((phrase) => phrase?.isWhole);
    return searchWords(lists, {
      words: words.map((word) => findInText(lists, text, word)),
      together: isKnown ? together : null,
      id,
      size,
    });
  };
}

/** How a word is found in a text that has an index of its own, or by the name that a host gives itself. */
export function findInText(lists: Lists, { table, text, ofHosts }: IndexedText, word: string): FoundWord {
  const [rowMatch = null] = eachWord(word, text);
  const phrase = lists.phraseOf(table, word);
  const some = phrase && matching(table, phrase.match);
  const found = {
    byIndex: phrase?.isWhole ? some : null,
    some,
    inRow: isAscii(word) || phrase === null ? rowMatch : null,
  };
  return orCalled(lists, word, found, ofHosts);
}

export const matching = (table: Searched, match: string): Ids => ({
  sql: `SELECT rowid AS id FROM ${table}_search WHERE ${table}_search MATCH ?`,
  values: [match],
});
