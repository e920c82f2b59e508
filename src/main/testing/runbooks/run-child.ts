/**
 * Carries out a plan in a process of its own, for tests that kill it: it does so itself as soon as the journal has its
 * nth entry. Where there are fewer, it says how many, and ends.
 */
import { createApp } from "#app";
import { consentOf } from "#shared/text/consent.ts";

const { LATCHKEY_TEST_DB: databasePath = "", LATCHKEY_TEST_PLAN, LATCHKEY_TEST_NTH, HOME = "" } = process.env;

const app = createApp({ databasePath, workstation: { user: "root", home: HOME, agentSocket: null } });
const { runbooks, events } = app.client;
const { id: planId, plan, hash } = await runbooks.findPlan({ planId: Number(LATCHKEY_TEST_PLAN) as never });
if (!plan || !hash) throw new Error("the plan is not ready");
const announcements = await events.watch();
const consents = plan.checks.filter(({ state }) => state === "consent").map(consentOf);
const { runId } = await runbooks.start({ planId, hash, consents, typed: plan.confirm?.word ?? null });
let entries = 0;
for await (const { kind } of announcements) {
  if (kind !== "run-changed") continue;
  if (++entries === Number(LATCHKEY_TEST_NTH)) process.kill(process.pid, "SIGKILL");
  if ((await runbooks.find({ runId })).state !== "running") break;
}
process.stdout.write(`${entries}\n`);
await app[Symbol.asyncDispose]();
process.exit(0);
