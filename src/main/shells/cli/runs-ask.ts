import type { LatchkeyClient } from "#shared/contract/index.ts";
import type { Asker } from "./answer-questions.ts";

/** What runs and plans ask: they reuse no answer for another host. */
export const questionsOfRuns = ({ runbooks }: LatchkeyClient): Asker => ({
  questions: () => runbooks.questions(),
  answer: ({ questionId, answers }) => runbooks.answer({ questionId, answers }),
  isReusable: async () => false,
});
