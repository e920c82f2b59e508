import { inspect } from "node:util";
import type { LatchkeyClient } from "#shared/contract/index.ts";
import type { PlanDetail, PlanRequest } from "#shared/contract/runs.ts";
import { isPasswordPrompt, type PromptRequest } from "#shared/model/hosts/prompt.ts";
import type { ScanId } from "#shared/model/hosts/scan.ts";
import type { RunDetail } from "#shared/model/runs/run.ts";
import { acknowledgementOf } from "#shared/text/runs/plan.ts";
import { type SecretDesk, WORDS } from "./secret-desk.ts";

/** Requests plans and runs, and answers every prompt: wrongly at first, and in malformed ways that are refused. */
export function createDriver(client: LatchkeyClient, desk: SecretDesk) {
  const { runs, scans } = client;
  const answerer = createAnswerer(client, desk);
  const { follow, errors } = answerer;
  const means = { mayPrompt: true, identityFiles: [desk.admin.path] };
  const untilStill = (runId: RunDetail["id"]) =>
    follow(async () => {
      const run = await runs.find({ runId });
      return run.state === "running" ? null : run;
    });

  return {
    errors,
    typed: answerer.typed,

    /** The outcome of each probe. */
    async scan(text: string): Promise<string[]> {
      const { scanId } = await scans.start({ text, acceptNew: true, ...means, promptsForPassword: true });
      await follow(async () => ((await scans.find({ scanId })).state === "running" ? null : true), scanId);
      return (await scans.probes({ scanId })).rows.map(({ outcome, message }) =>
        `${outcome} ${message}`.trim(),
      );
    },

    async plan(request: PlanRequest): Promise<PlanDetail> {
      const { planId } = await runs.plan({ request, ...means });
      return follow(async () => {
        const detail = await runs.findPlan({ planId });
        return detail.state === "making" ? null : detail;
      });
    },

    async carryOut({ id: planId, plan, hash, message }: PlanDetail): Promise<RunDetail> {
      if (!plan || !hash) throw new Error(`the plan is not ready: ${message}`);
      const acknowledgements = plan.checks
        .filter(({ state }) => state === "acknowledge")
        .map(acknowledgementOf);
      const typed = plan.confirm?.word ?? null;
      return untilStill((await runs.start({ planId, hash, acknowledgements, typed, ...means })).runId);
    },

    async resume({ id: runId }: RunDetail): Promise<RunDetail> {
      await runs.resume({ runId, ...means });
      return untilStill(runId);
    },
  };
}

/** Follows the work, and answers its prompts; `errors` has what was refused meanwhile. */
function createAnswerer({ runs, scans, events }: LatchkeyClient, desk: SecretDesk) {
  const errors: unknown[] = [];
  const typed = new Set<string>();
  const done = new Set<string>();
  const failed = new Set<string>();
  return { errors, typed, follow };

  /** Until `ask` returns an answer; it is called again after every announcement. */
  async function follow<T>(ask: () => Promise<T | null>, scanId: ScanId | null = null): Promise<T> {
    const announcements = await events.watch();
    for (;;) {
      const found = await ask();
      if (found !== null) return found;
      const questions = scanId ? await scans.prompts({ scanId }) : await runs.prompts();
      for (const question of questions.filter(({ id }) => !done.has(id))) {
        done.add(question.id);
        const given = { promptId: question.id, answers: answersTo(question) };
        if (scanId) await scans.answer({ scanId, ...given, isForSameUser: false });
        else await misanswer(question.id).then(() => runs.answer(given));
      }
      await announcements.next();
    }
  }

  function answersTo(question: PromptRequest): string[] {
    const word = wordFor(question, desk);
    if (failed.has(word)) {
      typed.add(word);
      return question.prompts.map(() => word);
    }
    failed.add(word);
    return question.prompts.map((_, index) => `linnet-wrong-${index}`);
  }

  async function misanswer(promptId: string): Promise<void> {
    for (const answers of MISSHAPED)
      await runs.answer({ promptId, answers } as never).then(
        () => Promise.reject(new Error("it was taken")),
        (error) => errors.push(error),
      );
  }
}

function wordFor({ about, prompts, ...question }: PromptRequest, { admin, deploy }: SecretDesk): string {
  if (prompts.length > 1) return WORDS.made;
  if (about.kind !== "passphrase" && isPasswordPrompt({ about, prompts })) return WORDS.password;
  if (about.kind === "passphrase" && about.file === admin.path) return WORDS.admin;
  if (about.kind === "passphrase" && about.file.startsWith(deploy.path)) return WORDS.deploy;
  throw new Error(`nobody knows the answer to ${inspect({ about, prompts, ...question })}`);
}

/** Answers that do not fit the contract, or the prompt. */
const MISSHAPED = [
  ["linnet-one", "linnet-two", "linnet-three"],
  "linnet",
  [{ linnet: "linnet" }],
  { answers: "linnet" },
  [`linnet${"x".repeat(5_000)}`],
  Array(20).fill("linnet"),
];
