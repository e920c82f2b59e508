import type { Database, Statement } from "better-sqlite3";
import type { Value } from "./cursor.ts";
import { keptAnswers } from "./kept.ts";

/** So many different questions keep their statement: a page of findings may be a hundred of them. */
const MOST_STATEMENTS = 500;

/** Asks questions whose SQL depends on what is wanted. */
export function answerReader(db: Database) {
  const statements = new Map<string, Statement<unknown[]>>();
  const keep = keptAnswers(db);
  return { read, find, keep };

  /** Reads rows once for all pages. */
  function find<Row>(sql: string, values: readonly Value[], named: Record<string, Value> = {}): Row[] {
    return keep(questionOf(sql, values, named), () => read<Row>(sql, values, named));
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
export const questionOf = (sql: string, values: readonly Value[], named: Record<string, Value>): string =>
  JSON.stringify([sql, values, sql.includes("@") ? named : null]);
