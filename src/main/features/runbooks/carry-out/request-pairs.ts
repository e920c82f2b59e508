import { SERVERS } from "#domain/rotation/pairs/servers.ts";
import { SERVER_TEST } from "#domain/rotation/plan/certificates/check-renewal.ts";
import { placeOf } from "#domain/rotation/plan/draft.ts";
import type { Back, Step } from "#domain/rotation/run/step.ts";
import type { Hand } from "#net/ssh/hand/hand.ts";
import { endPair } from "#net/ssh/hand/pairs/change-pair.ts";
import { testServer } from "#net/ssh/hand/pairs/consumers.ts";
import { makePairKey } from "#net/ssh/hand/pairs/make-pair-key.ts";
import type { CertificateChange } from "#shared/model/pair.ts";
import { described, type StepResult } from "#shared/model/step-result.ts";
import { clearAnswers } from "./clear-answers.ts";
import { makeKeyHere } from "./make-key-here.ts";
import { changesOf, consumersOf, keyOf, orderOf, sayTail, toolsOf } from "./renewal-place.ts";
import { stuckOf } from "./results.ts";
import { enterHost, hostOf, type RunContext, SessionLost } from "./run-context.ts";

/** Makes the new keys of a host, and what asks for certificates with them. What an earlier try has made is taken. */
export async function requestPairs(run: RunContext, step: Step): Promise<void> {
  const changes = changesOf(run, step);
  await run.journal.intend(step.ordinal, { kind: "make-certificate-keys", count: changes.length });
  const { hand } = await enterHost(run, step.host ?? -1);
  const failing = await whyFailing(run, step, hand);
  if (failing !== null) return undoRequests(run, step, { as: "failed", cause: described(failing) });
  for (const change of changes) {
    const problem = await request(run, step, change, hand);
    if (problem !== null) return undoRequests(run, step, { as: "failed", cause: described(problem) });
  }
  await run.journal.mark(step.ordinal, "proved", {
    kind: "verified",
    evidence: [{ kind: "certificate-keys-made", count: changes.length }],
  });
}

/** Null, or which server fails its own test before there is anything new, unless the plan has that agreed to: then nothing is ordered. */
async function whyFailing(run: RunContext, step: Step, hand: Hand): Promise<string | null> {
  const host = placeOf(hostOf(run, step));
  if (run.plan.checks.some((one) => one.id === SERVER_TEST && one.host === host)) return null;
  for (const consumer of consumersOf(changesOf(run, step))) {
    if (!SERVERS[consumer.server].testsConfiguration) continue;
    const tried = await testServer(hand, consumer);
    if (tried.kind === "lost") throw new SessionLost(tried.message);
    if (tried.kind === "failed" && "said" in tried)
      return `${consumer.server} fails its own test before anything is changed: ${tried.said}; nothing was ordered`;
  }
  return null;
}

async function request(
  run: RunContext,
  step: Step,
  change: CertificateChange,
  hand: Hand,
): Promise<string | null> {
  const order = orderOf(run, step, change);
  const { key, names, id, forClients } = change;
  if (key.made === "here") return order.csr ? null : makeKeyHere(run, keyOf(run, step, change), change);
  const made = await makePairKey(hand, { token: run.token, id, key: key.kind, names, forClients });
  if (made.kind !== "made") return sayTail(made, "the new key");
  const isSame = order.csr !== null && Buffer.compare(order.csr, made.csr) === 0;
  if (!isSame) {
    const fresh = { chain: null, sha256: null, wanted: null, orderUrl: null };
    await toolsOf(run).orders.set(keyOf(run, step, change), {
      state: "requested",
      message: "",
      csr: made.csr,
      ...fresh,
    });
  }
  return null;
}

/** The new keys go, and all that was kept of the run on the host. */
export async function undoRequests(run: RunContext, step: Step, back: Back): Promise<void> {
  const { hand } = await enterHost(run, step.host ?? -1);
  const left = await endPairs(run, step, hand);
  if (left !== null)
    return run.journal.mark(step.ordinal, "needs-attention", stuckOf(back, [described(left)]));
  const result: StepResult =
    back.as === "failed"
      ? { kind: "failed", cause: back.cause, stands: "not-said", left: [] }
      : { kind: "rolled-back", as: "certificate-keys-removed", left: [] };
  await run.journal.mark(step.ordinal, back.as, result);
}

/** Null, or why something of the run is still kept there. */
export async function endPairs(run: RunContext, step: Step, hand: Hand): Promise<string | null> {
  const { vault, orders } = toolsOf(run);
  const changes = changesOf(run, step);
  const answers = await clearAnswers(run, changes, hand);
  if (answers !== null) return answers;
  for (const change of changes) {
    const ended = await endPair(hand, { token: run.token, id: change.id });
    if (ended.kind !== "ended") return sayTail(ended, `what was kept of ${change.names[0]}`);
    const { keyId } = orderOf(run, step, change);
    if (keyId === null) continue;
    await vault.forget(keyId);
    await orders.set(keyOf(run, step, change), { keyId: null });
  }
  return null;
}
