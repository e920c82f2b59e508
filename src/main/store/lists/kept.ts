import type { Database } from "better-sqlite3";
import { databaseVersion } from "./database-version.ts";

/** So many answers are kept, and so many rows in all of them: a person asks far fewer questions at a time. */
const MOST_ANSWERS = 200;
const MOST_ROWS = 400_000;

export type Keep = ReturnType<typeof keptAnswers>;

/**
 * What was found once serves all pages, until something changes in the database: to look through a million rows for
 * a word takes as long the second time.
 */
export function keptAnswers(db: Database) {
  const answers = new Map<string, { version: string; answer: unknown }>();
  const versionOf = databaseVersion(db);
  let rowCount = 0;

  return function keep<Answer>(question: string, find: () => Answer): Answer {
    const version = versionOf();
    const known = answers.get(question);
    if (known?.version === version) return known.answer as Answer;
    const answer = find();
    rowCount += sizeOf(answer) - sizeOf(known?.answer);
    if (answers.size >= MOST_ANSWERS || rowCount > MOST_ROWS) {
      answers.clear();
      rowCount = sizeOf(answer);
    }
    answers.set(question, { version, answer });
    return answer;
  };
}

function sizeOf(answer: unknown): number {
  if (Array.isArray(answer)) return answer.length;
  return answer instanceof Set ? answer.size : 0;
}
