import type { Lists } from "#store/lists/lists.ts";
import type { Part } from "#store/lists/part.ts";
import { endOfStart, isAscii, splitWords, toHexStart, toPattern } from "#store/lists/search.ts";
import { either, type Ids, type Search, type SoughtWord, seek, type Together } from "#store/lists/seek.ts";

export const SEEN_NOW: Part = { sql: "is_seen = 1", values: [] };

/** As `certificate_search` has it. */
const TEXT = "subject || char(10) || issuer || char(10) || names";

const BY_TEXT = "SELECT rowid AS id FROM certificate_search WHERE certificate_search MATCH ?";

/** A name after the other, so that whoever wants few of them has these at once. */
const BY_NAME = `SELECT place.certificate AS id
  FROM host_name_search CROSS JOIN place INDEXED BY place_under_name
    ON place.name = host_name_search.rowid AND place.gone_scan IS NULL
  WHERE host_name_search MATCH ?`;

const BY_HASH = "SELECT certificate.id FROM certificate WHERE sha256 BETWEEN ? AND ? AND is_seen = 1";

/** Most are on one host, whose name they have themselves. */
const HAS_NAME = `only_host LIKE ? ESCAPE '\\' OR only_name IS NULL AND EXISTS (
  SELECT 1 FROM place JOIN host_name ON host_name.id = place.name
  WHERE place.certificate = certificate.id AND gone_scan IS NULL AND host_name.name LIKE ? ESCAPE '\\')`;

/** Of the certificates that are seen now: a word stands in one or in the name of a host where it is, or its hash begins with it. */
export function certificateSearch(lists: Lists, size: () => number) {
  return function find(search: string): Search {
    const words = splitWords(search);
    const texts = words.map((word) => lists.phraseOf("certificate", word));
    const names = words.map((word) => lists.phraseOf("host_name", word));
    const together = (): Together => ({
      sure: byText(texts.map((phrase) => `(${phrase?.match})`).join(" AND ")),
      maybe: [...names.map((phrase) => byName(phrase?.match ?? "")), ...words.flatMap(byHash)],
    });
    const isKnown = [...texts, ...names].every((phrase) => phrase?.isWhole);
    const sought = words.map((word) => seekInCertificates(lists, word));
    return seek(lists, { words: sought, together: isKnown ? together : null, id: "id", size });
  };
}

export function seekInCertificates(lists: Lists, word: string): SoughtWord {
  const text = lists.phraseOf("certificate", word);
  const name = lists.phraseOf("host_name", word);
  const inRow = isAscii(word) || !text || !name ? look(word) : null;
  if (!text || !name) return { byIndex: null, some: null, inRow };
  const some = either([byText(text.match), byName(name.match)]);
  const isWhole = text.isWhole && name.isWhole;
  return { byIndex: isWhole ? either([some, ...byHash(word)]) : null, some, inRow };
}

const byText = (match: string): Ids => ({ sql: BY_TEXT, values: [match] });
const byName = (match: string): Ids => ({ sql: BY_NAME, values: [match] });

function byHash(word: string): Ids[] {
  const hash = hashOf(word);
  return hash.length === 0 ? [] : [{ sql: BY_HASH, values: hash }];
}

/** Each certificate is looked at. */
function look(word: string): Part {
  const [pattern, hash] = [toPattern(word), hashOf(word)];
  const hashed = hash.length === 0 ? "" : "OR sha256 BETWEEN ? AND ?";
  const sql = `((${TEXT}) LIKE ? ESCAPE '\\' ${hashed} OR ${HAS_NAME})`;
  return { sql, values: [pattern, ...hash, pattern, pattern] };
}

function hashOf(word: string): string[] {
  const start = toHexStart(word);
  return start === null ? [] : [start, endOfStart(start)];
}
