import type { Database } from "better-sqlite3";
import type { Keep } from "./kept.ts";
import { isAscii, isIndexed, toPhrase } from "./search.ts";

/** Search tables of three-letter pieces. Each has its vocabulary in the table of its pieces. */
export type Searched = "certificate" | "grant" | "host_name" | "key_file" | "place" | "serving";

/** What FTS5 is asked for; `isWhole` where that is all that has the word, and not only some of it. */
export type Phrase = { match: string; isWhole: boolean };

export type PhraseOf = ReturnType<typeof phrases>;

/** Of more than that FTS5 takes longer than whoever looks at each text. */
const MOST_PIECES = 300;

/** A phrase of nothing is in nothing. */
const NOWHERE: Phrase = { match: toPhrase(""), isWhole: true };

/**
 * How a word is looked for by the index. A word of one or two letters is every piece that begins with it, or the first of
 * them where they are too many. Null where it is not of the letters of ASCII alone: LIKE tells the cases of others apart.
 */
export function phrases(db: Database, keep: Keep) {
  const pieces = {
    certificate: pieceReader(db, "certificate_pieces"),
    grant: pieceReader(db, "grant_pieces"),
    host_name: pieceReader(db, "host_name_pieces"),
    key_file: pieceReader(db, "key_file_pieces"),
    place: pieceReader(db, "place_pieces"),
    serving: pieceReader(db, "serving_pieces"),
  };

  return function phraseOf(table: Searched, word: string): Phrase | null {
    if (isIndexed(word)) return { match: toPhrase(word), isWhole: true };
    if (!isAscii(word)) return null;
    const start = word.toLowerCase();
    return keep(JSON.stringify(["pieces", table, start]), () => {
      const found = pieces[table](start, MOST_PIECES + 1);
      if (found.length === 0) return NOWHERE;
      const match = found.slice(0, MOST_PIECES).map(toPhrase).join(" OR ");
      return { match, isWhole: found.length <= MOST_PIECES };
    });
  };
}

/**
 * The first pieces that begin so, one look at the index each: a vocabulary lists a piece with each text that it is in, and
 * to read on from one to the next would be to read all of these.
 */
function pieceReader(db: Database, table: string): (start: string, most: number) => string[] {
  const sql = `SELECT term FROM ${table} WHERE term >= ? AND term < ? LIMIT 1`;
  const next = db.prepare<[string, string], string>(sql).pluck();
  return (start, most) => {
    const [found, end] = [[] as string[], afterAll(start)];
    let from = start;
    while (found.length < most) {
      const term = next.get(from, end);
      if (term === undefined) break;
      found.push(term);
      from = `${term}\u0001`;
    }
    return found;
  };
}

/** The first text after all that begin so; the letters are those of ASCII. */
const afterAll = (start: string): string =>
  start.slice(0, -1) + String.fromCharCode(start.charCodeAt(start.length - 1) + 1);
