import { type Lists, MOST_KEPT, type Part } from "#store/lists/lists.ts";
import { endOfStart, isAscii, toHexStart, toPattern } from "#store/lists/search.ts";

export const SEEN_NOW: Part = { sql: "is_seen = 1", values: [] };

/** As `certificate_search` has it. */
const TEXT = "subject || char(10) || issuer || char(10) || names";

const BY_TEXT = "SELECT rowid FROM certificate_search WHERE certificate_search MATCH ?";

const BY_NAME = `
  UNION SELECT certificate FROM place
  WHERE gone_scan IS NULL AND name IN (SELECT rowid FROM host_name_search WHERE host_name_search MATCH ?)`;

const BY_HASH = "UNION SELECT certificate.id FROM certificate WHERE sha256 BETWEEN ? AND ? AND is_seen = 1";

/** Most are on one host, whose name they have themselves. */
const HAS_NAME = `only_host LIKE ? ESCAPE '\\' OR only_name IS NULL AND EXISTS (
  SELECT 1 FROM place JOIN host_name ON host_name.id = place.name
  WHERE place.certificate = certificate.id AND gone_scan IS NULL AND host_name.name LIKE ? ESCAPE '\\')`;

/** Of the certificates that are seen now: a word stands in one or in the name of a host where it is, or its hash begins with it. */
export function certificateSearch(lists: Lists, all: () => number) {
  return { find, count };

  function find(word: string): Part {
    const looked = look(word);
    const found = findByIndex(word);
    if (found === null) return { ...looked, walk: looked };
    return {
      sql: `id IN (${found.sql})`,
      values: found.values,
      ...(isAscii(word) ? { walk: looked } : {}),
    };
  }

  /** How many certificates a word finds. */
  function count(word: string): number {
    const phrase = lists.phraseOf("certificate", word);
    const byText = phrase && lists.count("certificate_search", [matching("certificate_search", phrase)]);
    if (byText !== null && byText === all()) return byText;
    const found = findByIndex(word);
    const names = lists.phraseOf("host_name", word);
    const isFew =
      byText !== null &&
      names !== null &&
      byText <= MOST_KEPT &&
      lists.count("host_name_search", [matching("host_name_search", names)]) <= MOST_KEPT;
    if (found !== null && (isFew || !isAscii(word)))
      return lists.count("certificate", [{ sql: `id IN (${found.sql})`, values: found.values }]);
    return lists.count("certificate", [SEEN_NOW, look(word)]);
  }

  function findByIndex(word: string): Part | null {
    const phrase = lists.phraseOf("certificate", word);
    const names = lists.phraseOf("host_name", word);
    if (phrase === null || names === null) return null;
    if (Math.max(phrase.most ?? 0, names.most ?? 0) > MOST_KEPT) return null;
    const hash = hashOf(word);
    const sql = `${BY_TEXT} ${BY_NAME} ${hash.length === 0 ? "" : BY_HASH}`;
    return { sql, values: [phrase.match, names.match, ...hash] };
  }
}

/** Each certificate is looked at. */
function look(word: string): Part {
  const [pattern, hash] = [toPattern(word), hashOf(word)];
  const byHash = hash.length === 0 ? "" : "OR sha256 BETWEEN ? AND ?";
  const sql = `((${TEXT}) LIKE ? ESCAPE '\\' ${byHash} OR ${HAS_NAME})`;
  return { sql, values: [pattern, ...hash, pattern, pattern] };
}

const matching = (table: string, { match }: { match: string }): Part => ({
  sql: `${table} MATCH ?`,
  values: [match],
});

function hashOf(word: string): string[] {
  const start = toHexStart(word);
  return start === null ? [] : [start, endOfStart(start)];
}
