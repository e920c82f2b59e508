import type { Answer, Ask } from "#net/ssh/ask.ts";
import type { Announcement } from "#shared/contract/events.ts";
import { toInstant } from "#shared/model/instant.ts";
import type { Question } from "#shared/model/question.ts";
import { Redacted } from "#shared/model/redacted.ts";
import { Refusal } from "#shared/model/refusal.ts";
import { sayCount } from "#shared/text/count.ts";
import { sayPlace } from "#shared/text/target.ts";
import type { Store } from "#store/store.ts";

type Deps = {
  store: Pick<Store, "inTurn" | "events">;
  announce: (announcement: Announcement) => void;
  now: () => Date;
};

type OpenQuestion = { question: Question; settle: (answer: Answer | null) => void };

export type Questions = ReturnType<typeof createQuestions>;

/**
 * What plans and runs ask while they go on. What is typed goes into a `Redacted`, for whoever asked, and is kept nowhere;
 * that it was typed, and for what, is on the record.
 */
export function createQuestions({ store, announce, now }: Deps) {
  const open = new Map<string, OpenQuestion>();
  const ask: Ask = async (asked, signal) => {
    const { promise, resolve } = Promise.withResolvers<Answer | null>();
    const id = crypto.randomUUID();
    const withdraw = () => resolve(null);
    open.set(id, { question: { id, ...asked }, settle: resolve });
    signal.addEventListener("abort", withdraw, { once: true });
    announce({ kind: "run-asks" });
    try {
      return await promise;
    } finally {
      signal.removeEventListener("abort", withdraw);
      open.delete(id);
      announce({ kind: "run-asks" });
    }
  };

  return {
    /** Where nobody is there to be asked, the answer is null at once. */
    askFor: (mayAsk: boolean): Ask =>
      mayAsk
        ? (question, signal) => (signal.aborted ? Promise.resolve(null) : ask(question, signal))
        : () => Promise.resolve(null),

    list: (): Question[] => [...open.values()].map(({ question }) => question),

    async answer({ questionId, answers }: { questionId: string; answers: readonly string[] | null }) {
      const asked = open.get(questionId);
      if (!asked) throw new Refusal("not-found", "this question is not asked any more");
      const { prompts, about } = asked.question;
      if (answers && answers.length !== prompts.length) {
        const wanted = sayCount(prompts.length, "answer");
        throw new Refusal("invalid-input", `this question takes ${wanted}, not ${answers.length}`);
      }
      open.delete(questionId);
      const of = about.kind === "passphrase" ? about.file : `${about.user}@${sayPlace(about)}`;
      const detail = { asked: about.kind, of, isAnswered: answers !== null };
      try {
        await store.inTurn(() =>
          store.events.append({ at: toInstant(now()), kind: "question-answered", detail }),
        );
      } catch (error) {
        open.set(questionId, asked);
        throw error;
      }
      asked.settle(
        answers && { answers: answers.map((answer) => new Redacted(answer)), isForSameUser: true },
      );
      return {};
    },
  };
}
