import type { Question } from "#shared/model/question.ts";
import type { Redacted } from "#shared/model/redacted.ts";
import { Refusal } from "#shared/model/refusal.ts";
import type { ScanId } from "#shared/model/scan.ts";

/**
 * Puts a question to whoever started the scan. Answers with one secret for each prompt, or with null where nobody
 * is there to ask, or whoever is there goes on without.
 */
export type Ask = (
  question: Omit<Question, "id">,
  signal: AbortSignal,
) => Promise<{ answers: Redacted<string>[]; isForSameUser: boolean } | null>;

/** The questions of running scans. */
export function createQuestions() {
  return {
    list: (_scanId: ScanId): Question[] => [],
    answer(_scanId: ScanId, questionId: string): Record<string, never> {
      throw new Refusal("not-found", `there is no question ${questionId}`);
    },
  };
}
