import { inspect } from "node:util";
import { expect, test } from "vitest";
import type { Announcement } from "#shared/contract/events.ts";
import { ScanId } from "#shared/model/hosts/scan.ts";
import { Refusal } from "#shared/model/refusal.ts";
import { PlanId } from "#shared/model/runs/plan.ts";
import { RunId } from "#shared/model/runs/run.ts";
import { Redacted } from "#shared/model/secret.ts";
import { openStore } from "#store/store.ts";
import { createPrompts, createScanPrompts, type PromptSource } from "./prompts.ts";

const scanId = ScanId.parse(1);
const PASSPHRASE = {
  about: { kind: "passphrase", file: "/home/jo/.ssh/id_ed25519", fingerprint: null },
  prompts: [{ text: "Passphrase", isEchoed: false }],
  wrongAnswers: 0,
} as const;
const question = { ...PASSPHRASE, prompts: [...PASSPHRASE.prompts] };

function open(mayPrompt = true) {
  const announced: Announcement[] = [];
  const store = openStore({ path: ":memory:", access: "write" });
  const prompts = createScanPrompts({
    store,
    announce: (announcement) => announced.push(announcement),
    now: () => new Date("2026-06-01T00:00:00Z"),
  });
  const promptUser = prompts.open(scanId, mayPrompt);
  const firstId = () => prompts.list(scanId)[0]?.id ?? "";
  const answer = (answers: string[] | null, promptId = firstId()) =>
    prompts.answer({ scanId, promptId, answers, isForSameUser: false });
  return { announced, store, prompts, promptUser, answer, firstId };
}

const never = new AbortController().signal;

test("a question is announced and listed until it is answered; the answer cannot be printed by accident", async () => {
  const { announced, prompts, promptUser, answer } = open();
  const asked = promptUser(question, never);
  expect(prompts.list(scanId)).toEqual([{ id: expect.any(String), ...question }]);
  expect(announced).toEqual([{ kind: "scan-prompts", scanId }]);

  expect(await answer(["hunter2"])).toEqual({});
  const given = await asked;
  expect(given?.answers.map(Redacted.reveal)).toEqual(["hunter2"]);
  expect(`${inspect(given, { depth: null, showHidden: true })} ${JSON.stringify(given)}`).not.toContain(
    "hunter2",
  );
  expect(prompts.list(scanId)).toEqual([]);
  expect(announced).toHaveLength(2);
});

test("that somebody answered, or went on without, is on the record, and what was typed is not", async () => {
  const { store, promptUser, answer } = open();
  for (const answers of [["hunter2"], null]) {
    void promptUser(question, never);
    await answer(answers);
  }
  void promptUser(question, never);
  await expect(answer(["hunter2", "hunter3"])).rejects.toThrow();
  expect(store.events.count()).toBe(2);
});

test("who goes on without answers with null", async () => {
  const { promptUser, answer } = open();
  const asked = promptUser(question, never);
  await answer(null);
  expect(await asked).toBeNull();
});

test("a wrong number of answers is refused without a word of them, and the question still stands", async () => {
  const { prompts, promptUser, answer } = open();
  const asked = promptUser(question, never);
  await expect(answer(["hunter2", "hunter3"])).rejects.toThrow(
    new Refusal("invalid-input", "this prompt takes 1 answer, not 2"),
  );
  expect(prompts.list(scanId)).toHaveLength(1);
  await answer(["right"]);
  expect((await asked)?.answers.map(Redacted.reveal)).toEqual(["right"]);
});

test("an answer comes once: a second one, and one to a question that was never asked, are refused", async () => {
  const { promptUser, answer, firstId } = open();
  const asked = promptUser(question, never);
  const id = firstId();
  await answer(["first"]);
  await asked;
  await expect(answer(["second"], id)).rejects.toThrow("this prompt is no longer open");
  await expect(answer(["stray"], "no such id")).rejects.toThrow(Refusal);
});

test("of two answers at once the first counts, and only that is on the record", async () => {
  const { store, promptUser, answer, firstId } = open();
  const asked = promptUser(question, never);
  const id = firstId();
  const [first, second] = await Promise.allSettled([answer(["first"], id), answer(["second"], id)]);
  expect([first.status, second.status]).toEqual(["fulfilled", "rejected"]);
  expect((await asked)?.answers.map(Redacted.reveal)).toEqual(["first"]);
  expect(store.events.count()).toBe(1);
});

test("an answer that cannot be recorded leaves the question as it was", async () => {
  const { store, prompts, promptUser, answer } = open();
  void promptUser(question, never);
  store.close();
  await expect(answer(["hunter2"])).rejects.toThrow("not open");
  expect(prompts.list(scanId)).toHaveLength(1);
});

test("where nobody is there to promptUser, nothing is asked", async () => {
  const { announced, prompts, promptUser } = open(false);
  expect(await promptUser(question, never)).toBeNull();
  expect(prompts.list(scanId)).toEqual([]);
  expect(announced).toEqual([]);
});

test("a question is withdrawn when what it is for has ended, and when its scan has", async () => {
  const { prompts, promptUser } = open();
  const login = new AbortController();
  const [first, second] = [promptUser(question, login.signal), promptUser(question, never)];
  login.abort();
  expect(await first).toBeNull();
  expect(prompts.list(scanId)).toHaveLength(1);
  prompts.close(scanId);
  expect(await second).toBeNull();
  expect(prompts.list(scanId)).toEqual([]);
  expect(await promptUser(question, never)).toBeNull();
  expect(await promptUser(question, login.signal)).toBeNull();
});

test("the prompts of one run, or of one plan, are listed without those of others", async () => {
  const prompts = createPrompts({
    store: openStore({ path: ":memory:", access: "write" }),
    onChange: () => undefined,
    now: () => new Date("2026-06-01T00:00:00Z"),
  });
  const [runId, planId] = [RunId.parse(7), PlanId.parse(7)];
  void prompts.promptUserFor(true, { runId })(question, never);
  void prompts.promptUserFor(true, { planId })({ ...question, wrongAnswers: 1 }, never);
  const wrongAnswersOf = (of: PromptSource) => prompts.list(of).map(({ wrongAnswers }) => wrongAnswers);
  expect(wrongAnswersOf({ runId })).toEqual([0]);
  expect(wrongAnswersOf({ planId })).toEqual([1]);
  expect(wrongAnswersOf({ runId: RunId.parse(8) })).toEqual([]);
  expect(wrongAnswersOf({})).toEqual([0, 1]);
});
