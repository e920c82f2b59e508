import type { Answer, Ask } from "#net/ssh/ask.ts";
import type { Announcement } from "#shared/contract/events.ts";
import { toInstant } from "#shared/model/instant.ts";
import type { Question } from "#shared/model/question.ts";
import { Redacted } from "#shared/model/redacted.ts";
import { Refusal } from "#shared/model/refusal.ts";
import type { ScanId } from "#shared/model/scan.ts";
import { sayCount } from "#shared/text/count.ts";
import { sayPlace } from "#shared/text/target.ts";
import type { Store } from "#store/store.ts";

type Deps = {
  store: Pick<Store, "inTurn" | "events">;
  announce: (announcement: Announcement) => void;
  now: () => Date;
};

type AnswerGiven = {
  scanId: ScanId;
  questionId: string;
  answers: readonly string[] | null;
  isForSameUser: boolean;
};

type OpenQuestion = { question: Question; settle: (answer: Answer | null) => void };

/**
 * The questions of running scans. What is typed passes through here into a `Redacted`, for whoever asked, and is
 * kept nowhere; that it was typed, and for what, is on the record. Each change of a scan's questions is announced as
 * `scan-asks`.
 */
export function createQuestions(deps: Deps) {
  const { announce } = deps;
  const openOf = new Map<ScanId, Map<string, OpenQuestion>>();

  return {
    /** From now until `close` this scan may ask; where nobody is there to ask, it is told so at once. */
    askFor(scanId: ScanId, mayAsk: boolean): Ask {
      const open = new Map<string, OpenQuestion>();
      openOf.set(scanId, open);
      return (question, signal) =>
        mayAsk && openOf.get(scanId) === open && !signal.aborted
          ? ask(scanId, open, question, signal)
          : Promise.resolve(null);
    },

    list: (scanId: ScanId): Question[] =>
      [...(openOf.get(scanId)?.values() ?? [])].map(({ question }) => question),

    async answer(given: AnswerGiven): Promise<Record<string, never>> {
      const { scanId, questionId, answers, isForSameUser } = given;
      const open = openOf.get(scanId)?.get(questionId);
      if (!open) throw new Refusal("not-found", "this question is not asked any more");
      refuseWrongNumber(open.question, answers);
      await takeOut(openOf.get(scanId), open, () => record(deps, scanId, open.question, answers !== null));
      open.settle(answers && { answers: answers.map((answer) => new Redacted(answer)), isForSameUser });
      return {};
    },

    /** Withdraws what the scan still asks: it has ended. */
    close(scanId: ScanId): void {
      const open = openOf.get(scanId);
      openOf.delete(scanId);
      for (const { settle } of open?.values() ?? []) settle(null);
    },
  };

  async function ask(
    scanId: ScanId,
    open: Map<string, OpenQuestion>,
    asked: Omit<Question, "id">,
    signal: AbortSignal,
  ): Promise<Answer | null> {
    const { promise, resolve } = Promise.withResolvers<Answer | null>();
    const id = crypto.randomUUID();
    const withdraw = () => resolve(null);
    open.set(id, { question: { id, ...asked }, settle: resolve });
    signal.addEventListener("abort", withdraw, { once: true });
    announce({ kind: "scan-asks", scanId });
    try {
      return await promise;
    } finally {
      signal.removeEventListener("abort", withdraw);
      open.delete(id);
      announce({ kind: "scan-asks", scanId });
    }
  }
}

/** Whoever else answers it meanwhile is told that it is answered; where that cannot be recorded, it still stands. */
async function takeOut(
  questions: Map<string, OpenQuestion> | undefined,
  open: OpenQuestion,
  record: () => Promise<void>,
): Promise<void> {
  questions?.delete(open.question.id);
  try {
    await record();
  } catch (error) {
    questions?.set(open.question.id, open);
    throw error;
  }
}

function refuseWrongNumber({ prompts }: Question, answers: readonly string[] | null): void {
  if (!answers || answers.length === prompts.length) return;
  const wanted = sayCount(prompts.length, "answer");
  throw new Refusal("invalid-input", `this question takes ${wanted}, not ${answers.length}`);
}

function record(
  { store, now }: Deps,
  scanId: ScanId,
  { about }: Question,
  isAnswered: boolean,
): Promise<void> {
  const of = about.kind === "passphrase" ? about.file : `${about.user}@${sayPlace(about)}`;
  const detail = { scanId, asked: about.kind, of, isAnswered };
  return store.inTurn(() => {
    store.events.append({ at: toInstant(now()), kind: "question-answered", detail });
  });
}
