import { findInGrants } from "#store/access/grant-search.ts";
import { findInCertificates } from "#store/certificates/certificate-search.ts";
import type { Lists } from "#store/lists/lists.ts";
import type { Part } from "#store/lists/part.ts";
import {
  eachWord,
  endOfStart,
  isAscii,
  splitWords,
  toFingerprintStart,
  toHexStart,
} from "#store/lists/search.ts";
import { type FoundWord, type Search, seek } from "#store/lists/seek.ts";
import { matching } from "#store/lists/seek-text.ts";
import type { Arm } from "./arm.ts";

/**
 * Where the rows of an arm are that words stand in, and what is to be asked of them. `isFound` where an index knows of few
 * that they are among these.
 */
type Sought = { from: string; where: readonly Part[]; isFound: boolean };

/** So few rows are fetched one by one; to walk what an arm has costs less than more of them. */
const FEW = 1_000;

/** Null where no row of the arm can have them. */
export function findInArm(lists: Lists, arm: Arm, search: string): Sought | null {
  const { rule } = arm.columns;
  const isInRule = (word: string) =>
    "same" in rule && isAscii(word) && `${rule.same}`.includes(word.toLowerCase());
  const words = splitWords(search).filter((word) => !isInRule(word));
  const { from } = arm;
  if (words.length === 0) return { from, where: [], isFound: false };
  switch (arm.sought) {
    case "certificate":
      return narrow(
        lists,
        arm,
        findEach(lists, words, findInCertificates, () => sizeOf(lists)),
      );
    case "grant":
      return narrow(lists, arm, findEach(lists, words, findInGrants));
    case "key":
      return findKeys(from, words);
    case "tls-key":
      return ofCertificates(lists, arm, words);
    case "host":
      return ofHosts(lists, arm, words);
    default:
      return { from, where: inRow(arm, words), isFound: false };
  }
}

const inRow = ({ text }: Arm, words: readonly string[]): Part[] => eachWord(words.join(" "), text);

/** What many things have is asked of each row of the arm. */
const findEach = (
  lists: Lists,
  words: readonly string[],
  lookFor: (lists: Lists, word: string) => FoundWord,
  size = () => Number.POSITIVE_INFINITY,
): Search =>
  seek(lists, {
    words: words.map((word) => lookFor(lists, word)),
    together: null,
    id: "id",
    size,
  });

/** Of certificates what many have is found, too: an index has what is due, with their ids, and no row is read for it. */
const sizeOf = (lists: Lists): number =>
  lists.read<{ count: number }>("SELECT count FROM tally WHERE what = 'certificate'", [])[0]?.count ?? 0;

function narrow(lists: Lists, { from, table }: Arm, { found, where }: Search): Sought {
  if (!found) return { from, where, isFound: false };
  if (found.size > FEW) return { from, where: [...where, lists.isAmong("id", found)], isFound: true };
  return { from: `${table} NOT INDEXED`, where: [lists.isIn("id", found), ...where], isFound: true };
}

function findKeys(from: string, words: readonly string[]): Sought | null {
  const starts = words.flatMap((word) => toFingerprintStart(word) ?? []);
  if (starts.length < words.length) return null;
  const where = starts.map((start) => ({
    sql: "fingerprint BETWEEN ? AND ?",
    values: [start, endOfStart(start)],
  }));
  return { from, where, isFound: true };
}

/** A key has the names of its certificates; a word that its hash may have is looked for in each row. */
function ofCertificates(lists: Lists, arm: Arm, words: readonly string[]): Sought {
  const [{ from, table }, where] = [arm, inRow(arm, words)];
  const isHash = words.some((word) => toHexStart(word) !== null);
  const found = isHash ? null : findEach(lists, words, findInCertificates).found;
  if (!found) return { from, where, isFound: false };
  const { sql, values } = lists.isIn("id", found);
  const isOne = { sql: `spki IN (SELECT spki_sha256 FROM certificate NOT INDEXED WHERE ${sql})`, values };
  return { from: table, where: [isOne, ...where], isFound: true };
}

function ofHosts(lists: Lists, arm: Arm, words: readonly string[]): Sought {
  const where = inRow(arm, words);
  const found = words.flatMap((word) => {
    const phrase = lists.phraseOf("host_name", word);
    const ids = phrase?.isWhole
      ? lists.findIds(matching("host_name", phrase.match), lists.mostCounted)
      : null;
    return ids instanceof Set ? [ids] : [];
  })[0];
  return found && arm.ofHost !== null
    ? { from: arm.ofHost, where: [lists.isIn("name", found), ...where], isFound: true }
    : { from: arm.from, where, isFound: false };
}
