import { judgeIssued } from "#domain/rotation/run/certificates/judge-issued.ts";
import type { Step } from "#domain/rotation/run/step.ts";
import { type Near as NearHost, TYPE_OF_WAY } from "#net/challenges/challenge.ts";
import type { OrderWays } from "#net/issuing/order.ts";
import { assertNever } from "#shared/model/assert-never.ts";
import type { OrderState } from "#shared/model/issuer.ts";
import type { CertificateChange } from "#shared/model/pair.ts";
import { described, type StepResult } from "#shared/model/step-result.ts";
import { clearAnswers, isAnsweredByHost } from "./clear-answers.ts";
import { changesOf, keyOf, orderOf, toolsOf } from "./renewal-place.ts";
import { enterHost, hostOf, type RunContext } from "./run-context.ts";

/** Has the requests of a host signed. What an earlier try was given is taken. */
export async function issuePairs(run: RunContext, step: Step): Promise<void> {
  const changes = changesOf(run, step);
  await run.journal.intend(step.ordinal, {
    kind: "have-signed",
    names: changes.flatMap((change) => change.names),
    issuers: [...new Set(changes.map(({ issuer }) => issuer.name))],
  });
  await clearEarlier(run, step, changes);
  for (const change of changes) {
    const problem = await issue(run, step, change);
    if (problem !== null)
      return run.journal.mark(step.ordinal, "failed", {
        kind: "failed",
        cause: described(problem),
        stands: "not-said",
        left: [],
      });
  }
  const isAwaiting = changes.some((change) => orderOf(run, step, change).chain === null);
  if (isAwaiting) return run.journal.markWaiting(step.ordinal, { kind: "certificate" });
  await run.journal.mark(step.ordinal, "proved", issuedAt(run, step));
}

/** A try that was killed may have left its answers, which nothing else would take away until the run ends. */
async function clearEarlier(run: RunContext, step: Step, changes: readonly CertificateChange[]) {
  if (!changes.some(isAnsweredByHost)) return;
  const { hand } = await enterHost(run, step.host ?? -1);
  const left = await clearAnswers(run, changes, hand);
  if (left !== null) await run.journal.note(step.ordinal, `an earlier answer is still there: ${left}`);
}

/** Those of a host, by their SHA-256. */
export const issuedAt = (run: RunContext, step: Step): StepResult => ({
  kind: "verified",
  evidence: changesOf(run, step).map((change) => ({
    kind: "issued",
    name: change.names[0] ?? "",
    sha256: orderOf(run, step, change).sha256,
  })),
});

/** Null, or why it was not issued. */
async function issue(run: RunContext, step: Step, change: CertificateChange): Promise<string | null> {
  const { orders, order } = toolsOf(run);
  const at = keyOf(run, step, change);
  const known = orders.get(at);
  if (known.chain !== null) return null;
  if (!known.csr) throw new Error("a certificate is ordered before it was asked for");
  const ordered = await order(change.issuer.id, known.csr, await waysOf(run, step, change));
  switch (ordered.kind) {
    case "waits":
      await orders.set(at, { state: "waits", message: ordered.what });
      return null;
    case "refused":
      await orders.set(at, { state: "refused", message: ordered.message });
      return `${change.names[0]}: ${change.issuer.name}: ${ordered.message}`;
    case "issued":
      return take(run, step, change, ordered.chain);
    default:
      return assertNever(ordered);
  }
}

async function take(
  run: RunContext,
  step: Step,
  change: CertificateChange,
  came: readonly Uint8Array[],
): Promise<string | null> {
  const { orders, derOf, roots, now } = toolsOf(run);
  const at = keyOf(run, step, change);
  const { csr } = orders.get(at);
  const judged = judgeIssued({
    came,
    csr: csr ?? new Uint8Array(),
    before: derOf(change.old),
    roots: roots(),
    now: now(),
    narrower: change.narrower ?? [],
  });
  if (judged.kind === "faulty") {
    await orders.set(at, { state: "refused", message: judged.why, orderUrl: null });
    return `${change.names[0]}: what ${change.issuer.name} sent cannot be used: ${judged.why}`;
  }
  const { chain, sha256, notes } = judged;
  await orders.set(at, { state: "issued", message: "", chain, sha256 });
  for (const note of notes) await run.journal.note(step.ordinal, note);
  return null;
}

async function waysOf(run: RunContext, step: Step, change: CertificateChange): Promise<OrderWays> {
  const { orders, derOf, issuerOf, answer } = toolsOf(run);
  const at = keyOf(run, step, change);
  const { challenge, old, issuer } = change;
  const near = challenge && (await nearHost(run, step, isAnsweredByHost(change)));
  const onState = (state: OrderState) => void noteState(run, step, change, state);
  return {
    signal: run.signal,
    onState,
    days: null,
    orderUrl: orders.get(at).orderUrl,
    replaces: issuerOf(old) === issuer.id ? derOf(old) : null,
    challenges:
      challenge && near
        ? { type: TYPE_OF_WAY[challenge.kind], answer: (asked) => answer(challenge, asked, near) }
        : null,
  };
}

async function nearHost(run: RunContext, step: Step, isThere: boolean): Promise<NearHost> {
  const { vault } = toolsOf(run);
  const { hand } = isThere ? await enterHost(run, step.host ?? -1) : { hand: null };
  return {
    hand,
    token: run.token,
    address: hostOf(run, step).host,
    signal: run.signal,
    openSecret: (id) => vault.open(id),
  };
}

async function noteState(run: RunContext, step: Step, change: CertificateChange, state: OrderState) {
  const { orders } = toolsOf(run);
  const at = keyOf(run, step, change);
  const more = state.kind === "ordered" ? { orderUrl: state.url } : {};
  // What cannot be written down now is asked of the issuer again.
  await orders.set(at, { state: "ordered", message: sayState(state), ...more }).catch(() => undefined);
}

function sayState(state: OrderState): string {
  switch (state.kind) {
    case "ordered":
      return "ordered";
    case "challenge":
      return `${state.type} of ${state.name}: ${state.reason ?? state.state}`;
    case "finalizing":
      return "is being signed";
    default:
      return assertNever(state);
  }
}
