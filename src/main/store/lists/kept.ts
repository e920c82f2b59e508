import type { Database, Statement } from "better-sqlite3";
import type { Value } from "./order.ts";

/** So many answers are kept, and so many rows in all of them: one page of findings makes two hundred queries. */
const MOST_ANSWERS = 1_000;
const MOST_ROWS = 400_000;

export type Keep = ReturnType<typeof keptAnswers>;

/**
 * Keeps what was found once for all pages, until anything in the database changes: to search a million rows for a word
 * takes as long the second time.
 */
function keptAnswers(db: Database) {
  const answers = new Map<string, { version: string; answer: unknown }>();
  const versionOf = databaseVersion(db);
  let rowCount = 0;

  return function keep<Answer>(cacheKey: string, find: () => Answer): Answer {
    const version = versionOf();
    const known = answers.get(cacheKey);
    if (known?.version === version) return known.answer as Answer;
    const answer = find();
    rowCount += sizeOf(answer) - sizeOf(known?.answer);
    if (answers.size >= MOST_ANSWERS || rowCount > MOST_ROWS) {
      answers.clear();
      rowCount = sizeOf(answer);
    }
    answers.set(cacheKey, { version, answer });
    return answer;
  };
}

function sizeOf(answer: unknown): number {
  if (Array.isArray(answer)) return answer.length;
  return answer instanceof Set ? answer.size : 0;
}

/** So many different queries keep their prepared statement: a page of findings may need a hundred of them. */
const MOST_STATEMENTS = 500;

/** Runs queries whose SQL depends on the request. */
export function answerReader(db: Database) {
  const statements = new Map<string, Statement<unknown[]>>();
  const keep = keptAnswers(db);
  return { read, find, keep };

  /** Reads rows once for all pages. */
  function find<Row>(sql: string, values: readonly Value[], named: Record<string, Value> = {}): Row[] {
    return keep(cacheKeyOf(sql, values, named), () => read<Row>(sql, values, named));
  }

  function read<Row>(sql: string, values: readonly Value[], named: Record<string, Value> = {}): Row[] {
    return prepare(sql).all(named, ...values) as Row[];
  }

  function prepare(sql: string): Statement<unknown[]> {
    const known = statements.get(sql);
    if (known) return known;
    const [oldest] = statements.keys();
    if (statements.size >= MOST_STATEMENTS && oldest !== undefined) statements.delete(oldest);
    const statement = db.prepare<unknown[]>(sql);
    statements.set(sql, statement);
    return statement;
  }
}

/** What distinguishes an answer from any other. */
export const cacheKeyOf = (sql: string, values: readonly Value[], named: Record<string, Value>): string =>
  JSON.stringify([sql, values, sql.includes("@") ? named : null]);

/** Returns another text as soon as anything in the database may have changed, by any process. */
export function databaseVersion(db: Database): () => string {
  const own = db.prepare<[], number>("SELECT total_changes()").pluck();
  // `db.pragma` would prepare it anew each time, and one page of rows reads it a hundred times.
  const others = db.prepare<[], number>("PRAGMA data_version").pluck();
  return () => `${others.get()} ${own.get()}`;
}
