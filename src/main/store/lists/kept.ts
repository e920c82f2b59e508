import type { Database, Statement } from "better-sqlite3";
import type { Value } from "./order.ts";

/** So many answers are kept, and so many rows in all of them: a person asks far fewer questions at a time. */
const MOST_ANSWERS = 200;
const MOST_ROWS = 400_000;

export type Keep = ReturnType<typeof keptAnswers>;

/**
 * What was found once serves all pages, until something changes in the database: to look through a million rows for
 * a word takes as long the second time.
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

/** So many different questions keep their statement: a page of findings may be a hundred of them. */
const MOST_STATEMENTS = 500;

/** Asks questions whose SQL depends on what is wanted. */
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

/** What tells an answer from another one. */
export const cacheKeyOf = (sql: string, values: readonly Value[], named: Record<string, Value>): string =>
  JSON.stringify([sql, values, sql.includes("@") ? named : null]);

/** Another text as soon as anything in the database may be otherwise, whoever has changed it. */
export function databaseVersion(db: Database): () => string {
  const own = db.prepare<[], number>("SELECT total_changes()").pluck();
  // `db.pragma` would prepare it anew each time, and a page of rows asks a hundred times.
  const others = db.prepare<[], number>("PRAGMA data_version").pluck();
  return () => `${others.get()} ${own.get()}`;
}
