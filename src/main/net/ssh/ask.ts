import type { Question } from "#shared/model/question.ts";
import type { Redacted } from "#shared/model/redacted.ts";

/** What somebody has typed: one secret for each prompt. */
export type Answer = {
  answers: Redacted<string>[];
  /** It is a password for every host of the scan that wants one for the same user. */
  isForSameUser: boolean;
};

/**
 * Puts a question to whoever started the scan. Null where nobody is there to ask, where whoever is there goes on
 * without, and once the signal aborts: the question is withdrawn then.
 */
export type Ask = (question: Omit<Question, "id">, signal: AbortSignal) => Promise<Answer | null>;
