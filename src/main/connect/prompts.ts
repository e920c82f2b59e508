import type { Answer, Ask } from "#net/ssh/interactive-login.ts";
import type { Announcement } from "#shared/contract/events.ts";
import type { PromptRequest } from "#shared/model/hosts/prompt.ts";
import type { ScanId } from "#shared/model/hosts/scan.ts";
import { toInstant } from "#shared/model/instant.ts";
import { Refusal } from "#shared/model/refusal.ts";
import { Redacted } from "#shared/model/secret.ts";
import { formatCount } from "#shared/text/count.ts";
import { formatHostAddress } from "#shared/text/hosts/target.ts";
import type { Store } from "#store/store.ts";

type PromptDeps = {
  store: Pick<Store, "queueWrite" | "events">;
  now: () => Date;
  /** Told whenever something is asked, or is no longer. */
  onChange: () => void;
};

/** A password for one host is no password for others unless somebody has said so. */
type PromptAnswer = { questionId: string; answers: readonly string[] | null; isForSameUser?: boolean };

type OpenPrompt = { question: PromptRequest; settle: (answer: Answer | null) => void };

export type Prompts = ReturnType<typeof createPrompts>;

/**
 * What is asked while a scan, or plans and runs, go on. What is typed passes through here into a `Redacted`, for whoever
 * asked, and is kept nowhere; that it was typed, and for what, is on the record.
 */
export function createPrompts({ store, now, onChange }: PromptDeps) {
  const open = new Map<string, OpenPrompt>();
  let isClosed = false;

  return {
    /** Where nobody is there to be asked, the answer is null at once. */
    askFor:
      (mayPrompt: boolean): Ask =>
      (question, signal) =>
        mayPrompt && !isClosed && !signal.aborted ? ask(question, signal) : Promise.resolve(null),

    list: (): PromptRequest[] => [...open.values()].map(({ question }) => question),

    /** `of`: the scan that has asked, for the record. Whoever else answers meanwhile is told that it is answered. */
    async answer(given: PromptAnswer, of: { scanId?: ScanId } = {}): Promise<Record<string, never>> {
      const { questionId, answers, isForSameUser = false } = given;
      const asked = open.get(questionId);
      if (!asked) throw notAsked();
      refuseWrongNumber(asked.question, answers);
      open.delete(questionId);
      try {
        await record(asked.question, answers !== null, of);
      } catch (error) {
        // Where it cannot be recorded, it still stands.
        if (!isClosed) open.set(questionId, asked);
        throw error;
      }
      asked.settle(answers && { answers: answers.map((answer) => new Redacted(answer)), isForSameUser });
      return {};
    },

    /** Withdraws what is still asked, and asks nothing more. */
    close(): void {
      isClosed = true;
      const left = [...open.values()];
      open.clear();
      for (const { settle } of left) settle(null);
    },
  };

  async function ask(asked: Omit<PromptRequest, "id">, signal: AbortSignal): Promise<Answer | null> {
    const { promise, resolve } = Promise.withResolvers<Answer | null>();
    const id = crypto.randomUUID();
    const withdraw = () => resolve(null);
    open.set(id, { question: { id, ...asked }, settle: resolve });
    signal.addEventListener("abort", withdraw, { once: true });
    onChange();
    try {
      return await promise;
    } finally {
      signal.removeEventListener("abort", withdraw);
      open.delete(id);
      onChange();
    }
  }

  function record(
    { about }: PromptRequest,
    isAnswered: boolean,
    { scanId }: { scanId?: ScanId },
  ): Promise<void> {
    const of = about.kind === "passphrase" ? about.file : `${about.user}@${formatHostAddress(about)}`;
    const detail = { ...(scanId !== undefined && { scanId }), asked: about.kind, of, isAnswered };
    return store.queueWrite(() => {
      store.events.append({ at: toInstant(now()), kind: "prompt-answered", detail });
    });
  }
}

type ScanAnswer = PromptAnswer & { scanId: ScanId; isForSameUser: boolean };

type ScanPromptDeps = Omit<PromptDeps, "onChange"> & { announce: (announcement: Announcement) => void };

/** The prompts of running scans, each by its scan. Each change of a scan's prompts is announced as `scan-asks`. */
export function createScanPrompts({ store, now, announce }: ScanPromptDeps) {
  const promptsOf = new Map<ScanId, Prompts>();

  return {
    /** From now until `close` this scan may ask; where nobody is there to ask, it is told so at once. */
    askFor(scanId: ScanId, mayPrompt: boolean): Ask {
      const onChange = () => announce({ kind: "scan-asks", scanId });
      const prompts = createPrompts({ store, now, onChange });
      promptsOf.set(scanId, prompts);
      return prompts.askFor(mayPrompt);
    },

    list: (scanId: ScanId): PromptRequest[] => promptsOf.get(scanId)?.list() ?? [],

    async answer({ scanId, ...given }: ScanAnswer): Promise<Record<string, never>> {
      const prompts = promptsOf.get(scanId);
      if (!prompts) throw notAsked();
      return prompts.answer(given, { scanId });
    },

    /** Withdraws what the scan still asks: it has ended. */
    close(scanId: ScanId): void {
      const prompts = promptsOf.get(scanId);
      promptsOf.delete(scanId);
      prompts?.close();
    },
  };
}

const notAsked = () => new Refusal("not-found", "this question is not asked any more");

function refuseWrongNumber({ prompts }: PromptRequest, answers: readonly string[] | null): void {
  if (!answers || answers.length === prompts.length) return;
  const wanted = formatCount(prompts.length, "answer");
  throw new Refusal("invalid-input", `this question takes ${wanted}, not ${answers.length}`);
}
