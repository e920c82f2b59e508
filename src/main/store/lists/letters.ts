import type { Database } from "better-sqlite3";
import type { Keep } from "./kept.ts";
import { isAscii, isIndexed, toPhrase } from "./search.ts";

/** Search tables of three-letter pieces. Each has its vocabulary in the table of its pieces. */
export type Searched = "certificate" | "grant" | "host_name" | "key_file";

/** What FTS5 is asked for. In so many texts it may stand; null for a word of which that is not known. */
export type Phrase = { match: string; most: number | null };

export type PhraseOf = ReturnType<typeof phrases>;

/** Of more than that FTS5 takes longer than whoever looks at each text. */
const MOST_PIECES = 300;
const MOST_TEXTS = 5_000_000;

/** A phrase of nothing is in nothing. */
const NOWHERE: Phrase = { match: toPhrase(""), most: 0 };

/**
 * How a word is looked for by the index. A word of one or two letters is every piece that begins with it. Null where
 * these are too many, and where it is not of the letters of ASCII alone: LIKE tells the cases of others apart.
 */
export function phrases(db: Database, keep: Keep) {
  const pieces = {
    certificate: pieceReader(db, "certificate_pieces"),
    grant: pieceReader(db, "grant_pieces"),
    host_name: pieceReader(db, "host_name_pieces"),
    key_file: pieceReader(db, "key_file_pieces"),
  };

  return function phraseOf(table: Searched, word: string): Phrase | null {
    if (isIndexed(word)) return { match: toPhrase(word), most: null };
    if (!isAscii(word)) return null;
    const start = word.toLowerCase();
    return keep(JSON.stringify(["pieces", table, start]), () => {
      const found: string[] = [];
      let sum = 0;
      for (const { term, doc } of pieces[table](start)) {
        found.push(toPhrase(term));
        sum += doc;
        if (sum > MOST_TEXTS || found.length > MOST_PIECES) return null;
      }
      return found.length === 0 ? NOWHERE : { match: found.join(" OR "), most: sum };
    });
  };
}

type Piece = { term: string; doc: number };

function pieceReader(db: Database, table: string): (start: string) => Iterable<Piece> {
  const sql = `SELECT term, doc FROM ${table} WHERE term >= ? AND term < ?`;
  const read = db.prepare<[string, string], Piece>(sql);
  return (start) => read.iterate(start, afterAll(start));
}

/** The first text after all that begin so; the letters are those of ASCII. */
const afterAll = (start: string): string =>
  start.slice(0, -1) + String.fromCharCode(start.charCodeAt(start.length - 1) + 1);
