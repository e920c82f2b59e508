import type { Answer, PromptUser } from "#net/ssh/interactive-login.ts";
import type { Announcement } from "#shared/contract/events.ts";
import type { PromptRequest } from "#shared/model/hosts/prompt.ts";
import type { ScanId } from "#shared/model/hosts/scan.ts";
import { toInstant } from "#shared/model/instant.ts";
import { Refusal } from "#shared/model/refusal.ts";
import type { PlanId } from "#shared/model/runs/plan.ts";
import type { RunId } from "#shared/model/runs/run.ts";
import { Redacted } from "#shared/model/secret.ts";
import { formatCount } from "#shared/text/count.ts";
import { formatHostAddress } from "#shared/text/hosts/target.ts";
import type { Store } from "#store/store.ts";

type PromptDeps = {
  store: Pick<Store, "queueWrite" | "events">;
  now: () => Date;
  /** Called whenever a prompt opens or closes. */
  onChange: () => void;
};

/** `isForSameUser`: only then a password for one host is tried on others. */
type PromptAnswer = { promptId: string; answers: readonly string[] | null; isForSameUser?: boolean };

/** The run or the plan that prompts, where several show their prompts together. */
export type PromptSource = { runId?: RunId | undefined; planId?: PlanId | undefined };

type OpenPrompt = { prompt: PromptRequest; of: PromptSource; settle: (answer: Answer | null) => void };

export type Prompts = ReturnType<typeof createPrompts>;

/**
 * The open prompts of a scan, or of plans and runs. What is typed passes through here into a `Redacted`, for whoever
 * prompts, and is kept nowhere. An event records that it was typed, and for what.
 */
export function createPrompts({ store, now, onChange }: PromptDeps) {
  const open = new Map<string, OpenPrompt>();
  let isClosed = false;

  return {
    /** Where nobody can answer, the answer is null at once. */
    promptUserFor:
      (mayPrompt: boolean, of: PromptSource = {}): PromptUser =>
      (request, signal) =>
        mayPrompt && !isClosed && !signal.aborted ? show(request, of, signal) : Promise.resolve(null),

    /** Those of one run or plan, else all. */
    list: ({ runId, planId }: PromptSource = {}): PromptRequest[] =>
      [...open.values()]
        .filter(({ of }) => runId === undefined || of.runId === runId)
        .filter(({ of }) => planId === undefined || of.planId === planId)
        .map(({ prompt }) => prompt),

    /**
     * `of`: the scan that prompts, for the record. Whoever else answers meanwhile learns that the prompt is not open.
     */
    async answer(typed: PromptAnswer, of: { scanId?: ScanId } = {}): Promise<Record<string, never>> {
      const { promptId, answers, isForSameUser = false } = typed;
      const prompted = open.get(promptId);
      if (!prompted) throw refuseUnknownPrompt();
      refuseWrongNumber(prompted.prompt, answers);
      open.delete(promptId);
      try {
        await record(prompted.prompt, answers !== null, of);
      } catch (error) {
        // An answer that cannot be recorded does not count: the prompt stays open.
        if (!isClosed) open.set(promptId, prompted);
        throw error;
      }
      prompted.settle(answers && { answers: answers.map((answer) => new Redacted(answer)), isForSameUser });
      return {};
    },

    /** Withdraws the open prompts, and opens no more. */
    close(): void {
      isClosed = true;
      const left = [...open.values()];
      open.clear();
      for (const { settle } of left) settle(null);
    },
  };

  async function show(
    request: Omit<PromptRequest, "id">,
    of: PromptSource,
    signal: AbortSignal,
  ): Promise<Answer | null> {
    const { promise, resolve } = Promise.withResolvers<Answer | null>();
    const id = crypto.randomUUID();
    const withdraw = () => resolve(null);
    open.set(id, { prompt: { id, ...request }, of, settle: resolve });
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
    const detail = { ...(scanId !== undefined && { scanId }), prompt: about.kind, of, isAnswered };
    return store.queueWrite(() => {
      const hosts = about.kind === "passphrase" ? [] : [about.host];
      store.events.append({ at: toInstant(now()), kind: "prompt-answered", detail, hosts });
    });
  }
}

type ScanAnswer = PromptAnswer & { scanId: ScanId; isForSameUser: boolean };

type ScanPromptDeps = Omit<PromptDeps, "onChange"> & { announce: (announcement: Announcement) => void };

/** The prompts of running scans, by scan. Each change of a scan's prompts is announced as `scan-prompts`. */
export function createScanPrompts({ store, now, announce }: ScanPromptDeps) {
  const promptsOf = new Map<ScanId, Prompts>();

  return {
    /** From now until `close` this scan may prompt; where nobody can answer, each answer is null at once. */
    open(scanId: ScanId, mayPrompt: boolean): PromptUser {
      const onChange = () => announce({ kind: "scan-prompts", scanId });
      const prompts = createPrompts({ store, now, onChange });
      promptsOf.set(scanId, prompts);
      return prompts.promptUserFor(mayPrompt);
    },

    list: (scanId: ScanId): PromptRequest[] => promptsOf.get(scanId)?.list() ?? [],

    async answer({ scanId, ...typed }: ScanAnswer): Promise<Record<string, never>> {
      const prompts = promptsOf.get(scanId);
      if (!prompts) throw refuseUnknownPrompt();
      return prompts.answer(typed, { scanId });
    },

    /** Withdraws the open prompts of a scan that has ended. */
    close(scanId: ScanId): void {
      const prompts = promptsOf.get(scanId);
      promptsOf.delete(scanId);
      prompts?.close();
    },
  };
}

const refuseUnknownPrompt = () => new Refusal("not-found", "this prompt is no longer open");

function refuseWrongNumber({ prompts }: PromptRequest, answers: readonly string[] | null): void {
  if (!answers || answers.length === prompts.length) return;
  const expected = formatCount(prompts.length, "answer");
  throw new Refusal("invalid-input", `this prompt takes ${expected}, not ${answers.length}`);
}
