import type { FindingFilter } from "#shared/contract/findings.ts";
import { type Total, withoutSome } from "#shared/model/total.ts";
import { findInGrants } from "#store/access/grant-filter.ts";
import { ACCOUNT_TEXT } from "#store/accounts/account-memory.ts";
import { findInCertificates } from "#store/certificates/certificate-table.ts";
import type { Lists } from "#store/lists/lists.ts";
import type { Part } from "#store/lists/order.ts";
import {
  eachWord,
  eachWordOfHost,
  endOfStart,
  isAscii,
  splitWords,
  toFingerprintStart,
  toHexStart,
} from "#store/lists/search.ts";
import {
  either,
  type FoundWord,
  findInText,
  matching,
  ofCalled,
  type Search,
  searchWords,
} from "#store/lists/word-search.ts";
import type { AcceptanceTable } from "./acceptance-table.ts";
import { acceptedFrom, type FindingSource } from "./finding-source.ts";
import { sourceConditions } from "./finding-sources.ts";

/** So many rows of a source are inspected for words that many other rows have, too. */
export const MOST_INSPECTED = 1_000;

const isFew = (total: Total): boolean => typeof total === "number" && total <= MOST_INSPECTED;

/** A source with the conditions of a filter, and how many rows pass. */
export type Narrowed = { from: string; where: readonly Part[]; total: Total };

type CountQuery = { from: string; where: readonly Part[]; filter: Pick<FindingFilter, "host"> };

/**
 * `isMuch` where the whole source is too large to be inspected; `isWalk` where an index in the order of the list may be
 * used.
 */
type FoundSource = { from: string; where: readonly Part[]; isMuch: boolean; isWalk: boolean };

/** Applies a filter to each source, separately for accepted findings and for others. */
export function sourceFilter({ lists, acceptances }: { lists: Lists; acceptances: AcceptanceTable }) {
  return { narrow, findWords };

  /**
   * The rows of a source that pass a filter, and how many they are. Accepted findings are few. They are counted
   * separately and subtracted, because a test of every finding takes time in proportion to all of them.
   */
  function narrow(
    source: FindingSource,
    { accepted, ...filter }: FindingFilter,
    named: { now: string },
  ): Narrowed | null {
    const where = sourceConditions(source, filter);
    if (!where) return null;
    const hasAny = acceptances.hasAny(named.now);
    const isAccepted = { sql: source.isAccepted, values: [] };
    const acceptedCount = hasAny ? lists.sum(acceptedFrom(source), [...where, isAccepted], named) : 0;
    if (accepted) return { from: acceptedFrom(source), where: [...where, isAccepted], total: acceptedCount };
    const from = (filter.host !== null && source.ofHost) || source.from;
    const total = withoutSome(countOpen(source, { from, where, filter }, named), acceptedCount);
    if (acceptedCount === 0) return { from, where, total };
    return { from, where: [...where, { sql: `NOT (${source.isAccepted})`, values: [] }], total };
  }

  /** The cached count serves where no condition beyond the source's own narrows it. */
  function countOpen(
    { cachedCount }: FindingSource,
    { from, where, filter }: CountQuery,
    named: { now: string },
  ): Total {
    if (!cachedCount || filter.host !== null) return lists.count(from, where, named);
    return lists.read<{ count: number }>(`SELECT ${cachedCount} AS count`, [])[0]?.count ?? 0;
  }

  /** The same for words, without counting. */
  function findWords(
    source: FindingSource,
    { accepted, search, ...filter }: FindingFilter,
    named: { now: string },
  ): FoundSource | null {
    const plain = sourceConditions(source, filter);
    if (!plain) return null;
    const isOne = accepted || filter.host !== null;
    const found = findInSource(lists, source, search);
    if (!found) return null;
    const isAll = !isOne && !found.isFound;
    const size = isAll ? countOpen(source, { from: source.from, where: plain, filter }, named) : 0;
    const where = [...plain, ...found.where];
    const isAccepted = { sql: source.isAccepted, values: [] };
    if (accepted)
      return { from: acceptedFrom(source), where: [...where, isAccepted], isMuch: false, isWalk: false };
    const isOpen = { sql: `NOT (${source.isAccepted})`, values: [] };
    return {
      from: (filter.host !== null && source.ofHost) || found.from,
      where: acceptances.hasAny(named.now) ? [...where, isOpen] : where,
      isMuch: isAll && !isFew(size),
      isWalk: !isOne,
    };
  }
}

/**
 * The table and the conditions by which words find rows of a source. `isFound` where an index has few rows that these
 * are among.
 */
type WordsInSource = { from: string; where: readonly Part[]; isFound: boolean };

/** Up to so many rows are fetched one by one; for more of them it is faster to read the whole source. */
const FEW = 1_000;

/** Null where no row of the source can have the words. */
function findInSource(lists: Lists, source: FindingSource, search: string): WordsInSource | null {
  const { rule } = source.columns;
  const isInRule = (word: string) =>
    "same" in rule && isAscii(word) && `${rule.same}`.includes(word.toLowerCase());
  const words = splitWords(search).filter((word) => !isInRule(word));
  const { from } = source;
  if (words.length === 0) return { from, where: [], isFound: false };
  switch (source.foundBy) {
    case "certificate":
      return narrowTo(
        lists,
        source,
        findEach(lists, words, findInCertificates, () => sizeOf(lists)),
      );
    case "grant":
      return narrowTo(lists, source, findEach(lists, words, findInGrants));
    case "account":
      return narrowTo(lists, source, findEach(lists, words, findInAccounts));
    case "key":
      return findKeys(from, words);
    case "tls-key":
      return ofCertificates(lists, source, words);
    case "host":
      return ofHosts(lists, source, words);
    default:
      return { from, where: inRow(lists, source, words), isFound: false };
  }
}

function inRow(lists: Lists, { text, columns: { host } }: FindingSource, words: readonly string[]): Part[] {
  if (!("sql" in host)) return eachWord(words.join(" "), text);
  return eachWordOfHost(words.join(" "), text, { ...lists, column: { sql: `(${host.sql})`, has: "names" } });
}

/** Tests each row of the source for a word that many rows have. */
const findEach = (
  lists: Lists,
  words: readonly string[],
  findWord: (lists: Lists, word: string) => FoundWord,
  size = () => Number.POSITIVE_INFINITY,
): Search =>
  searchWords(lists, {
    words: words.map((word) => findWord(lists, word)),
    together: null,
    id: "id",
    size,
  });

/**
 * With the number of certificates, words that many certificates have are found, too: an index has those that are due,
 * with their ids, and no row is read for it.
 */
const sizeOf = (lists: Lists): number =>
  lists.read<{ count: number }>("SELECT count FROM cached_count WHERE what = 'certificate'", [])[0]?.count ??
  0;

const findInAccounts = (lists: Lists, word: string): FoundWord => findInText(lists, ACCOUNT_TEXT, word);

function narrowTo(lists: Lists, { from, table }: FindingSource, { found, where }: Search): WordsInSource {
  if (!found) return { from, where, isFound: false };
  if (found.size > FEW) return { from, where: [...where, lists.isAmong("id", found)], isFound: true };
  return { from: `${table} NOT INDEXED`, where: [lists.isIn("id", found), ...where], isFound: true };
}

function findKeys(from: string, words: readonly string[]): WordsInSource | null {
  const starts = words.flatMap((word) => toFingerprintStart(word) ?? []);
  if (starts.length < words.length) return null;
  const where = starts.map((start) => ({
    sql: "fingerprint BETWEEN ? AND ?",
    values: [start, endOfStart(start)],
  }));
  return { from, where, isFound: true };
}

/** A key has the names of its certificates; a word that may be a hash is compared with each row. */
function ofCertificates(lists: Lists, source: FindingSource, words: readonly string[]): WordsInSource {
  const [{ from, table }, where] = [source, inRow(lists, source, words)];
  const isHash = words.some((word) => toHexStart(word) !== null);
  const found = isHash ? null : findEach(lists, words, findInCertificates).found;
  if (!found) return { from, where, isFound: false };
  const { sql, values } = lists.isIn("id", found);
  const isOne = { sql: `spki IN (SELECT spki_sha256 FROM certificate NOT INDEXED WHERE ${sql})`, values };
  return { from: table, where: [isOne, ...where], isFound: true };
}

const OF_HOSTS = {
  ids: "SELECT id FROM host_name WHERE 1",
  column: { sql: "id", has: "ids" },
} as const;

function ofHosts(lists: Lists, source: FindingSource, words: readonly string[]): WordsInSource {
  const where = inRow(lists, source, words);
  const found = words.flatMap((word) => {
    const phrase = lists.phraseOf("host_name", word);
    const ids = phrase?.isWhole
      ? lists.findIds(
          either([matching("host_name", phrase.match), ...ofCalled(lists, word, OF_HOSTS)]),
          lists.mostCounted,
        )
      : null;
    return ids instanceof Set ? [ids] : [];
  })[0];
  return found && source.ofHost !== null
    ? { from: source.ofHost, where: [lists.isIn("name", found), ...where], isFound: true }
    : { from: source.from, where, isFound: false };
}
