import type { LatchkeyClient } from "#shared/contract/index.ts";
import { assertNever } from "#shared/model/assert-never.ts";
import { isPasswordPrompt, MOST_WRONG_ANSWERS, type PromptRequest } from "#shared/model/hosts/prompt.ts";
import type { ScanId } from "#shared/model/hosts/scan.ts";
import type { PlanId } from "#shared/model/runs/plan.ts";
import type { RunId } from "#shared/model/runs/run.ts";
import { formatHostAddress } from "#shared/text/hosts/target.ts";
import { printable } from "#shared/text/untrusted-text.ts";
import { explain } from "./options.ts";
import type { World } from "./session.ts";

type Prompt = NonNullable<World["prompt"]>;

/** The source of the prompts: a scan, a run or a plan. */
type Asker = {
  listRequests(): Promise<PromptRequest[]>;
  answer(reply: { promptId: string; answers: string[] | null; isForSameUser: boolean }): Promise<unknown>;
  /** Whether a password may be tried on other hosts, too. */
  isReusable(): Promise<boolean>;
};

export const promptsOfScan = (scanId: ScanId, { scans }: LatchkeyClient): Asker => ({
  listRequests: () => scans.prompts({ scanId }),
  answer: (reply) => scans.answer({ scanId, ...reply }),
  isReusable: async () => (await scans.find({ scanId })).total > 1,
});

/**
 * Shows the prompts of a scan or a run to the user at the terminal, one after the other. What is typed goes to the
 * source of the prompt and nowhere else. A prompt that is withdrawn disappears.
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

  /** Reads which prompts are open now; called at `scan-prompts` and `run-prompts`. */
  async function refresh(): Promise<void> {
    if (!prompt || isOver) return;
    const requests = await asker.listRequests();
    if (current && requests.every(({ id }) => id !== current?.id)) current.withdrawn.abort();
    const request = requests.find(({ id }) => !done.has(id));
    if (current || !request || isOver) return;
    current = { id: request.id, withdrawn: new AbortController() };
    done.add(request.id);
    void put(request, prompt, current.withdrawn.signal);
  }

  async function put(request: PromptRequest, prompt: Prompt, signal: AbortSignal): Promise<void> {
    try {
      world.showStatus?.([]);
      for (const line of formatPrompt(request)) world.err(printable(line));
      const answers = await typeAnswers(request, prompt, signal);
      const isForSameUser = answers !== null && (await mayReuse(request, prompt, signal));
      if (!signal.aborted) await asker.answer({ promptId: request.id, answers, isForSameUser });
    } catch (error) {
      // The source of the prompt ended, or went on, while this was typed.
      if (!signal.aborted && !isOver) explain(error, world);
    }
    current = null;
    await refresh();
  }

  async function mayReuse(request: PromptRequest, prompt: Prompt, signal: AbortSignal): Promise<boolean> {
    const { about } = request;
    if (!isPasswordPrompt(request) || !("user" in about)) return false;
    if (!(await asker.isReusable())) return false;
    const text = `Use it for ${printable(about.user)} on the other hosts of this scan that need a password? [y/N] `;
    return /^y(es)?$/i.test((await prompt(text, { isHidden: false, signal }))?.trim() ?? "");
  }
}

/** Null: no answer. Enter alone is no password, but may be the answer to any other question of a host. */
async function typeAnswers(
  request: PromptRequest,
  prompt: Prompt,
  signal: AbortSignal,
): Promise<string[] | null> {
  const answers: string[] = [];
  for (const { text, isEchoed } of request.prompts) {
    const shown = printable(text).replace(/[\s:]*$/, "");
    const answer = await prompt(`${shown || "Answer"}: `, { isHidden: !isEchoed, signal });
    if (answer === null) return null;
    answers.push(answer);
  }
  const isOfOurs = request.about.kind !== "keyboard-interactive" || isPasswordPrompt(request);
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
        `${about.user} at the proxy ${formatHostAddress(about)} may need a password; press Enter to go on without one`,
      ];
    case "password":
    case "keyboard-interactive": {
      const wrong =
        wrongAnswers > 0 ? [`the host refused that, and counts failed logins; ${formatTries(left)}`] : [];
      const login = `${about.user} at ${formatHostAddress(about)}`;
      if (about.kind === "password")
        return [...wrong, `no key can log in as ${login}; press Enter to go on without a password`];
      const words = [about.title, about.instructions].filter(Boolean).map((line) => `  ${line}`);
      return [...wrong, `no key can log in as ${login}, and the host prompts:`, ...words];
    }
    default:
      return assertNever(about);
  }
}

/** How many tries are left. */
export const formatTries = (count: number): string =>
  count === 1 ? "1 attempt left" : `${count} attempts left`;

/**
 * Prompts of one run or plan, which reuse no answer for another host. Those of others are shown by whoever has started
 * them.
 */
export const promptsOfRun = (of: { runId: RunId } | { planId: PlanId }, { runs }: LatchkeyClient): Asker => ({
  listRequests: () => runs.prompts(of),
  answer: ({ promptId, answers }) => runs.answer({ promptId, answers }),
  isReusable: async () => false,
});
