import type { LatchkeyClient } from "#shared/contract/index.ts";
import { assertNever } from "#shared/model/assert-never.ts";
import { isPasswordPrompt, MOST_WRONG_ANSWERS, type PromptRequest } from "#shared/model/hosts/prompt.ts";
import type { ScanId } from "#shared/model/hosts/scan.ts";
import { formatPlace } from "#shared/text/hosts/target.ts";
import { printable } from "#shared/text/untrusted-text.ts";
import { explain } from "./options.ts";
import type { World } from "./session.ts";

type Prompt = NonNullable<World["prompt"]>;

/** Who asks. */
type Asker = {
  questions(): Promise<PromptRequest[]>;
  answer(given: { questionId: string; answers: string[] | null; isForSameUser: boolean }): Promise<unknown>;
  /** Whether a password may be tried at other hosts, too. */
  isReusable(): Promise<boolean>;
};

export const promptsOfScan = (scanId: ScanId, { scans }: LatchkeyClient): Asker => ({
  questions: () => scans.questions({ scanId }),
  answer: (given) => scans.answer({ scanId, ...given }),
  isReusable: async () => (await scans.find({ scanId })).total > 1,
});

/**
 * Puts the questions of a scan or a run to whoever sits at the terminal, one after the other. What is typed goes to who
 * asks and nowhere else. A question that is withdrawn gives its prompt up.
 */
export function createAnswerer(asker: Asker, world: World) {
  const { prompt } = world;
  const done = new Set<string>();
  let current: { id: string; withdrawn: AbortController } | null = null;
  let isOver = false;

  return {
    refresh,
    isAsking: () => current !== null,

    [Symbol.dispose](): void {
      isOver = true;
      current?.withdrawn.abort();
    },
  };

  /** Looks what is asked now; `scan-asks` and `run-asks` say when. */
  async function refresh(): Promise<void> {
    if (!prompt || isOver) return;
    const questions = await asker.questions();
    if (current && questions.every(({ id }) => id !== current?.id)) current.withdrawn.abort();
    const question = questions.find(({ id }) => !done.has(id));
    if (current || !question || isOver) return;
    current = { id: question.id, withdrawn: new AbortController() };
    done.add(question.id);
    void put(question, prompt, current.withdrawn.signal);
  }

  async function put(question: PromptRequest, ask: Prompt, signal: AbortSignal): Promise<void> {
    try {
      world.showStatus?.([]);
      for (const line of formatPrompt(question)) world.err(printable(line));
      const answers = await typeAnswers(question, ask, signal);
      const isForSameUser = answers !== null && (await mayReuse(question, ask, signal));
      if (!signal.aborted) await asker.answer({ questionId: question.id, answers, isForSameUser });
    } catch (error) {
      // Who asked ended, or went on, while this was typed.
      if (!signal.aborted && !isOver) explain(error, world);
    }
    current = null;
    await refresh();
  }

  async function mayReuse(question: PromptRequest, ask: Prompt, signal: AbortSignal): Promise<boolean> {
    const { about } = question;
    if (!isPasswordPrompt(question) || !("user" in about)) return false;
    if (!(await asker.isReusable())) return false;
    const text = `Use it for ${printable(about.user)} on the other hosts of this scan that ask for a password? [y/N] `;
    return /^y(es)?$/i.test((await ask(text, { isHidden: false, signal }))?.trim() ?? "");
  }
}

/** Null: without. Enter alone is no password, but may be what a host waits for that asks something else. */
async function typeAnswers(
  question: PromptRequest,
  ask: Prompt,
  signal: AbortSignal,
): Promise<string[] | null> {
  const answers: string[] = [];
  for (const { text, isEchoed } of question.prompts) {
    const shown = printable(text).replace(/[\s:]*$/, "");
    const answer = await ask(`${shown || "Answer"}: `, { isHidden: !isEchoed, signal });
    if (answer === null) return null;
    answers.push(answer);
  }
  const isOfOurs = question.about.kind !== "keyboard-interactive" || isPasswordPrompt(question);
  return isOfOurs && answers.every((answer) => answer === "") ? null : answers;
}

function formatPrompt({ about, wrongAnswers }: PromptRequest): string[] {
  const left = MOST_WRONG_ANSWERS - wrongAnswers;
  switch (about.kind) {
    case "passphrase": {
      const wrong = wrongAnswers > 0 ? [`wrong passphrase; ${formatTries(left)}`] : [];
      const key = about.fingerprint ? ` (${about.fingerprint})` : "";
      return [...wrong, `${about.file}${key} has a passphrase; press Enter to go on without this key`];
    }
    case "proxy":
      return [
        `${about.user} at the proxy ${formatPlace(about)} may need a password; press Enter to go on without one`,
      ];
    case "password":
    case "keyboard-interactive": {
      const wrong =
        wrongAnswers > 0 ? [`the host refused that, and counts failed logins; ${formatTries(left)}`] : [];
      const login = `${about.user} at ${formatPlace(about)}`;
      if (about.kind === "password")
        return [...wrong, `no key can log in as ${login}; press Enter to go on without a password`];
      const words = [about.title, about.instructions].filter(Boolean).map((said) => `  ${said}`);
      return [...wrong, `no key can log in as ${login}, and the host prompts:`, ...words];
    }
    default:
      return assertNever(about);
  }
}

/** How often may still be tried. */
export const formatTries = (count: number): string =>
  count === 1 ? "1 attempt left" : `${count} attempts left`;

/** What runs and plans ask: they reuse no answer for another host. */
export const promptsOfRuns = ({ runs }: LatchkeyClient): Asker => ({
  questions: () => runs.questions(),
  answer: ({ questionId, answers }) => runs.answer({ questionId, answers }),
  isReusable: async () => false,
});
