/**
 * How the rows of a part of the list are found. As a rule by whoever holds a key, in the order of the list; but of one host,
 * or of a word that few grants and holders have, they are found from there: then only those are looked at, and put in order.
 */

import type { Total } from "#shared/model/total.ts";
import type { Value } from "#store/lists/cursor.ts";
import type { Phrase } from "#store/lists/letters.ts";
import { isWalkShorter, type Lists } from "#store/lists/lists.ts";
import type { Part } from "#store/lists/part.ts";
import { endOfStart, isAscii, splitWords, toFingerprintStart, toPattern } from "#store/lists/search.ts";
import { armConditions, GRANT_TEXT, type LinkArm, type LinkFilter } from "./link-arms.ts";

/** Each of several ways finds rows that no other does; together they find all. */
export type Way = { from: string; where: readonly Part[] };

export type Ways = {
  /** Their rows are counted. */
  counted: readonly Way[];
  /** More than so many, where that shows in the steps of the first holders; null where it does not. */
  least: Total | null;
  /** Those by which a page of so many rows is read, of `total`, is found. */
  read(total: Total, limit: number): readonly Way[];
};

/** Steps of so many holders are looked at for words that many grants have; in a thousand of them pages are soon full. */
const MOST_LOOKED = 1_000;
const SOON_FULL = 20;

export function waysOf(lists: Lists, arm: LinkArm, filter: LinkFilter): Ways {
  const { fromGrants } = arm;
  const words = splitWords(filter.search);
  const plain = armConditions(arm, filter);
  const walked: Way = { from: arm.from, where: [...plain, ...words.map((word) => stands(arm, word))] };
  const only = (way: Way): Ways => ({ counted: [way], least: null, read: () => [way] });
  if (filter.host !== null) return only({ ...walked, from: arm.fromHost });
  if (!fromGrants) return only(walked);

  const sought = words
    .toSorted(longestFirst)
    .flatMap((word) => seek(lists, word))
    .find(({ inGrants }) => isFew(lists, inGrants));
  if (sought === undefined)
    return { ...only(walked), least: words.length === 0 ? null : countSome(lists, fromGrants.table, walked) };
  const { word, inGrants, inFiles } = sought;
  const rest = words.filter((one) => one !== word).map((one) => stands(arm, one));
  const { table, id, holders, isPhrase } = fromGrants;
  const found: Way[] = [
    { from: `grant_line ${fromGrants.join}`, where: [...plain, ...rest, isInGrants(word, inGrants)] },
    {
      from: arm.from,
      where: [
        ...plain,
        ...rest,
        { sql: `${id} IN (${holders})`, values: [isPhrase ? inFiles.match : toPattern(word)] },
        negate(standsInGrant(word)),
      ],
    },
  ];
  return {
    counted: found,
    least: null,
    read: (total, limit) => (isWalkShorter(total, limit, lists.sum(table, [])) ? [walked] : found),
  };
}

/** Of words that many grants have nothing more is counted where a page is soon full. */
function countSome(lists: Lists, table: string, { from, where }: Way): Total | null {
  if (lists.sum(table, []) <= MOST_LOOKED) return null;
  const first = from.replace(table, `(SELECT * FROM ${table} LIMIT ${MOST_LOOKED}) AS ${table}`);
  const count = lists.count(first, where);
  return typeof count === "number" && count >= SOON_FULL ? { moreThan: count - 1 } : null;
}

const longestFirst = (one: string, other: string): number => other.length - one.length;

/** A word as the indexes look for it; nothing where they cannot. */
function seek(lists: Lists, word: string): { word: string; inGrants: Phrase; inFiles: Phrase }[] {
  const inGrants = lists.phraseOf("grant", word);
  const inFiles = lists.phraseOf("key_file", word);
  return inGrants?.isWhole && inFiles?.isWhole && isAscii(word) ? [{ word, inGrants, inFiles }] : [];
}

/** A word that more grants have finds enough of the list in its order. */
const isFew = (lists: Lists, { match }: Phrase): boolean =>
  typeof lists.count("grant_search", [{ sql: "grant_search MATCH ?", values: [match] }]) === "number";

/** In the holder, or in the grant where the arm has one, or the key's fingerprint begins with it. */
function stands(arm: LinkArm, word: string): Part {
  const held = { sql: `(${arm.text}) LIKE ? ESCAPE '\\'`, values: [toPattern(word)] };
  if (!arm.fromGrants) return held;
  const granted = standsInGrant(word);
  return { sql: `(${granted.sql} OR ${held.sql})`, values: [...granted.values, ...held.values] };
}

function standsInGrant(word: string): Part {
  const text = { sql: `(${GRANT_TEXT}) LIKE ? ESCAPE '\\'`, values: [toPattern(word)] };
  const key = keyRange(word);
  return key
    ? { sql: `(${text.sql} OR grant_line.fingerprint BETWEEN ? AND ?)`, values: [...text.values, ...key] }
    : text;
}

function isInGrants(word: string, { match }: Phrase): Part {
  const text = "SELECT rowid FROM grant_search WHERE grant_search MATCH ?";
  const key = keyRange(word);
  const sql = key
    ? `${text} UNION SELECT id FROM grant_line WHERE gone_scan IS NULL AND ifnull(fingerprint, '') BETWEEN ? AND ?`
    : text;
  return { sql: `grant_line.id IN (${sql})`, values: [match, ...(key ?? [])] };
}

function keyRange(word: string): Value[] | null {
  const start = toFingerprintStart(word);
  return start === null ? null : [start, endOfStart(start)];
}

const negate = ({ sql, values }: Part): Part => ({ sql: `NOT (${sql})`, values });
