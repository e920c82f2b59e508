import type { Lists } from "#store/lists/lists.ts";
import type { Part } from "#store/lists/part.ts";
import { endOfStart, isAscii, splitWords, toHexStart, toPattern } from "#store/lists/search.ts";
import { either, type FoundWord, type Ids, type Search, seek, type Together } from "#store/lists/seek.ts";

export const SEEN_NOW: Part = { sql: "is_seen = 1", values: [] };

/** As `certificate_search` has it. */
const TEXT = "subject || char(10) || issuer || char(10) || names";

const BY_TEXT = "SELECT rowid AS id FROM certificate_search WHERE certificate_search MATCH ?";

/** A place after the other, so that whoever wants few of them has these at once. */
const BY_PLACE = `SELECT place.certificate AS id
  FROM place_search CROSS JOIN place ON place.id = place_search.rowid
  WHERE place_search MATCH ?`;

const BY_HASH = "SELECT certificate.id FROM certificate WHERE sha256 BETWEEN ? AND ? AND is_seen = 1";

const HAS_PLACE = `EXISTS (
  SELECT 1 FROM place_text WHERE place_text.certificate = certificate.id AND place_text.text LIKE ? ESCAPE '\\')`;

/** Of the certificates that are seen now: a word stands in one or in a place where it is, as it is printed, or its hash begins with it. */
export function certificateSearch(lists: Lists, size: () => number) {
  return function find(search: string): Search {
    const words = splitWords(search);
    const texts = words.map((word) => lists.phraseOf("certificate", word));
    const places = words.map((word) => lists.phraseOf("place", word));
    const together = (): Together => ({
      sure: byText(texts.map((phrase) => `(${phrase?.match})`).join(" AND ")),
      maybe: [...places.map((phrase) => byPlace(phrase?.match ?? "")), ...words.flatMap(byHash)],
    });
    const isKnown = [...texts, ...places].every((phrase) => phrase?.isWhole);
    const sought = words.map((word) => findInCertificates(lists, word));
    return seek(lists, { words: sought, together: isKnown ? together : null, id: "id", size });
  };
}

export function findInCertificates(lists: Lists, word: string): FoundWord {
  const text = lists.phraseOf("certificate", word);
  const place = lists.phraseOf("place", word);
  const inRow = isAscii(word) || !text || !place ? look(word) : null;
  if (!text || !place) return { byIndex: null, some: null, inRow };
  const some = either([byText(text.match), byPlace(place.match)]);
  const isWhole = text.isWhole && place.isWhole;
  return { byIndex: isWhole ? either([some, ...byHash(word)]) : null, some, inRow };
}

const byText = (match: string): Ids => ({ sql: BY_TEXT, values: [match] });
const byPlace = (match: string): Ids => ({ sql: BY_PLACE, values: [match] });

function byHash(word: string): Ids[] {
  const hash = hashOf(word);
  return hash.length === 0 ? [] : [{ sql: BY_HASH, values: hash }];
}

/** Each certificate is looked at. */
function look(word: string): Part {
  const [pattern, hash] = [toPattern(word), hashOf(word)];
  const hashed = hash.length === 0 ? "" : "OR sha256 BETWEEN ? AND ?";
  const sql = `((${TEXT}) LIKE ? ESCAPE '\\' ${hashed} OR ${HAS_PLACE})`;
  return { sql, values: [pattern, ...hash, pattern] };
}

function hashOf(word: string): string[] {
  const start = toHexStart(word);
  return start === null ? [] : [start, endOfStart(start)];
}
