/**
 * Executes a plan in a process of its own, for tests that do something to it. LATCHKEY_TEST_NTH: it kills itself as
 * soon as the journal has that many entries; if there are fewer, it prints how many, and ends. LATCHKEY_TEST_STILL: it
 * stands still, as on a computer that sleeps, when it is about to write that this file has changed; after that it
 * prints `waits` once it has nothing to do but wait. LATCHKEY_TEST_UNDO: the run that it undoes instead. LATCHKEY_TEST_PASSPHRASE: of the vault, which is opened first.
 */
import { readFileSync } from "node:fs";
import { setTimeout as pause } from "node:timers/promises";
import { createApp } from "#app";
import { RunId } from "#shared/model/runs/run.ts";
import { Redacted } from "#shared/model/secret.ts";
import { acknowledgementOf } from "#shared/text/runs/plan.ts";

const { LATCHKEY_TEST_DB: databasePath = "", LATCHKEY_TEST_PLAN, LATCHKEY_TEST_NTH, HOME = "" } = process.env;
const {
  LATCHKEY_TEST_STILL: watched,
  LATCHKEY_TEST_PASSPHRASE: passphrase,
  LATCHKEY_TEST_UNDO: undone,
} = process.env;

const readWatched = (): string | null => (watched ? readFileSync(watched, "latin1") : null);
const before = readWatched();
let hasStood = false;
const now = (): Date => {
  if (!hasStood && readWatched() !== before) {
    hasStood = true;
    process.kill(process.pid, "SIGSTOP");
  }
  return new Date();
};
const wait = (ms: number, signal: AbortSignal): Promise<void> => {
  if (hasStood) process.stdout.write("waits\n");
  return pause(ms, undefined, { signal });
};
const app = createApp({
  databasePath,
  now,
  workstation: { user: "root", home: HOME, agentSocket: null },
  retryPolicy: { random: Math.random, wait },
});
const { runs, events, vault } = app.client;
if (passphrase) await vault.unlock({ passphrase: await app.seal(new Redacted(Buffer.from(passphrase))) });
const announcements = await events.watch();
const runId = undone ? await undo(RunId.parse(Number(undone))) : await start();
let entries = 0;
for await (const { kind } of announcements) {
  if (kind !== "run-changed") continue;
  if (++entries === Number(LATCHKEY_TEST_NTH)) process.kill(process.pid, "SIGKILL");
  if ((await runs.find({ runId })).state !== "running") break;
}
process.stdout.write(`${entries}\n`);
await app[Symbol.asyncDispose]();
process.exit(0);

async function start(): Promise<RunId> {
  const { id: planId, plan, hash } = await runs.findPlan({ planId: Number(LATCHKEY_TEST_PLAN) as never });
  if (!plan || !hash) throw new Error("the plan is not ready");
  const acknowledgements = plan.checks.filter(({ state }) => state === "acknowledge").map(acknowledgementOf);
  const begun = await runs.start({ planId, hash, acknowledgements, typed: plan.confirm?.word ?? null });
  return begun.runId;
}

async function undo(runId: RunId): Promise<RunId> {
  await runs.undo({ runId });
  return runId;
}
