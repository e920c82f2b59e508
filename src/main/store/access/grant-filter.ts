import type { Database } from "better-sqlite3";
import type { AccessFilter } from "#shared/contract/access/grants.ts";
import type { Lists } from "#store/lists/lists.ts";
import type { Part } from "#store/lists/order.ts";
import { endOfStart, isAscii, splitWords, toFingerprintStart, toPattern } from "#store/lists/search.ts";
import {
  either,
  type FoundWord,
  type Ids,
  ofCalled,
  orCalled,
  type Search,
  searchWords,
  type Together,
} from "#store/lists/word-search.ts";

/** A filter by verdicts: cached counts answer any combination of these without reading a grant. */
export type Standing = Pick<
  AccessFilter,
  "effective" | "owner" | "use" | "orphaned" | "undecided" | "privateKeyNotFound"
> & {
  /** Whether a grant whose private key is merely not known is an orphan, too. */
  isAbsenceEvaluated: boolean;
};

export const EVERYTHING: Standing = {
  effective: null,
  owner: null,
  use: null,
  orphaned: false,
  undecided: false,
  privateKeyNotFound: false,
  isAbsenceEvaluated: false,
};

/** How many grants a filter by verdicts lets through. */
type CountStanding = (standing: Standing) => number;

/** Counts from what the triggers keep: see `counted_as`. */
export function standingCachedCount(db: Database): CountStanding {
  const sum = db
    .prepare<[string], number>("SELECT ifnull(sum(count), 0) FROM cached_count WHERE what GLOB ?")
    .pluck();
  return ({ effective, owner, use, privateKeyNotFound, ...orphans }) => {
    const start = `grant ${effective ?? "*"} ${owner ?? "*"} ${use ?? "*"} ${privateKeyNotFound ? "private-key-not-found" : "*"}`;
    return listKinds(orphans).reduce((total, kind) => total + (sum.get(`${start} ${kind}`) ?? 0), 0);
  };
}

/** The values that make an orphan whatever the inventory is. */
const EVIDENT = ["gone", "unused"];

type OrphanFilter = Pick<Standing, "orphaned" | "undecided" | "isAbsenceEvaluated">;

/** The values of the column `orphan` that a filter lets through, as the cached counts have them; `*` for all. */
function listKinds({ orphaned, undecided, isAbsenceEvaluated }: OrphanFilter): string[] {
  const orphans = isAbsenceEvaluated ? [...EVIDENT, "private-key-not-found"] : EVIDENT;
  const unknown = isAbsenceEvaluated ? [] : ["private-key-not-found"];
  if (orphaned) return undecided ? [] : orphans;
  return undecided ? unknown : ["*"];
}

/**
 * A filter that lets only suspects through reads their indexes, in the order of the list. Of any other filter, the most
 * selective condition uses its index. The other conditions are evaluated on the rows that this finds.
 */
export function standingConditions(standing: Standing, count: CountStanding): Part[] {
  const { effective, owner, use, orphaned, undecided, privateKeyNotFound, isAbsenceEvaluated } = standing;
  const alone = { ...EVERYTHING, isAbsenceEvaluated };
  const by = (column: string, value: string | null, size: () => number) =>
    value === null ? [] : [{ sql: (mark: string) => `${mark}${column} = ?`, values: [value], size }];
  const chosen = [
    ...by("effective", effective, () => count({ ...alone, effective })),
    ...by("owner", owner, () => count({ ...alone, owner })),
    ...by("use", use, () => count({ ...alone, use })),
    ...(orphaned || undecided
      ? [
          {
            sql: orphanIn(listKinds(standing)),
            values: [],
            size: () => count({ ...alone, orphaned, undecided }),
          },
        ]
      : []),
    ...(privateKeyNotFound
      ? [{ sql: hasNoPrivateKey, values: [], size: () => count({ ...alone, privateKeyNotFound }) }]
      : []),
  ];
  if (owner === "gone" || use === "unused" || (orphaned && !isAbsenceEvaluated))
    return [{ sql: SUSPECT, values: [] }, ...chosen.map(({ sql, values }) => ({ sql: sql("+"), values }))];
  const [least, ...others] = chosen
    .map((one) => ({ ...one, total: chosen.length > 1 ? one.size() : 0 }))
    .toSorted((one, other) => one.total - other.total);
  if (!least) return [];
  return [
    { sql: least.sql(""), values: least.values, walk: { sql: least.sql("+"), values: least.values } },
    ...others.map(({ sql, values }) => ({ sql: sql("+"), values })),
  ];
}

/** To the letter as the indexes of suspects have it. */
export const SUSPECT = "(owner = 'gone' OR use = 'unused')";

const orphanIn = (kinds: readonly string[]) => (mark: string) =>
  kinds.length > EVIDENT.length
    ? `${mark}orphan IS NOT NULL`
    : `${mark}orphan IN (${kinds.map((kind) => `'${kind}'`).join(", ")})`;

const hasNoPrivateKey = (mark: string): string => `${mark}is_matched = 0 AND ${mark}fingerprint IS NOT NULL`;

export const STANDS_NOW: Part = { sql: "gone_scan IS NULL", values: [] };

/** To the letter as `grant_search` has it. */
const HOLDS = "search_text LIKE ? ESCAPE '\\'";
/**
 * A grant's location as lists print it. The index has the file alone, for whatever is added to a file moves the lines
 * below it.
 */
const STANDS_AT = "file || ':' || line LIKE ? ESCAPE '\\'";
const BY_LINE = `SELECT id FROM grant_line
  WHERE id IN (SELECT rowid FROM grant_search WHERE grant_search MATCH ?) AND ${STANDS_AT}`;
const BY_TEXT = "SELECT rowid AS id FROM grant_search WHERE grant_search MATCH ?";
const BY_HASH = "ifnull(fingerprint, '') BETWEEN ? AND ?";
const OF_HASH = `SELECT id FROM grant_line WHERE gone_scan IS NULL AND ${BY_HASH}`;

export const OF_HOSTS = {
  ids: "SELECT id FROM grant_line WHERE gone_scan IS NULL",
  column: { sql: "host_name", has: "names" },
} as const;

/**
 * Finds grants that stand now: a word is in the grant's text, or is its FILE:LINE, or begins the fingerprint of its
 * key, or is in what the host calls itself.
 */
export function grantSearch(lists: Lists, size: () => number) {
  return function find(search: string): Search {
    const words = splitWords(search);
    const phrases = words.map((word) => lists.phraseOf("grant", word));
    const together = (): Together => ({
      sure: byText(phrases.map((phrase) => `(${phrase?.match})`).join(" AND ")),
      maybe: words.flatMap((word) => [...ofHash(word), ...ofCalled(lists, word, OF_HOSTS)]),
    });
    const isKnown =
      phrases.every((phrase) => phrase?.isWhole) && words.every((word) => fileOf(word) === null);
    const foundWords = words.map((word) => findInGrants(lists, word));
    return searchWords(lists, { words: foundWords, together: isKnown ? together : null, id: "id", size });
  };
}

export function findInGrants(lists: Lists, word: string): FoundWord {
  const hash = hashOf(word);
  const file = fileOf(word);
  const pattern = toPattern(word);
  const conditions = [HOLDS, ...(file === null ? [] : [STANDS_AT]), ...(hash.length === 0 ? [] : [BY_HASH])];
  const rowMatch = {
    sql: `(${conditions.join(" OR ")})`,
    values: [pattern, ...(file === null ? [] : [pattern]), ...hash],
  };
  const phrase = lists.phraseOf("grant", word);
  const some = phrase && byText(phrase.match);
  const inRow = isAscii(word) || phrase === null ? rowMatch : null;
  const atLine = file === null ? [] : findAtLine(lists, file, pattern);
  const isKnown = phrase?.isWhole && some && atLine;
  const found = { byIndex: isKnown ? either([some, ...atLine, ...ofHash(word)]) : null, some, inRow };
  return orCalled(lists, word, found, OF_HOSTS);
}

/** Null where the file has too many grants to compare the line of each: then the list itself is walked. */
function findAtLine(lists: Lists, file: string, pattern: string): Ids[] | null {
  const phrase = lists.phraseOf("grant", file);
  if (!phrase?.isWhole) return null;
  const isFew = lists.findIds(byText(phrase.match), lists.mostCounted) instanceof Set;
  return isFew ? [{ sql: BY_LINE, values: [phrase.match, pattern] }] : null;
}

/** The file that a word names, with a line or the beginning of one; null where the word is no such thing. */
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
