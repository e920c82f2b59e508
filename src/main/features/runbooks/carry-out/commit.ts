import type { Step } from "#domain/rotation/run/step.ts";
import { nameKept } from "#net/local/private-halves/half-place.ts";
import type { Hand } from "#net/ssh/hand/hand.ts";
import type { FilePlan, HolderPlan } from "#shared/model/plan.ts";
import { described, type Evidence } from "#shared/model/step-result.ts";
import { handOf, holdersOf } from "./hand-over.ts";
import { giveLocksBack, takeLocks, type Unended } from "./locks.ts";
import { keepsOld, sayWhyKept } from "./old-halves.ts";
import { nearOf, type RunContext, SessionLost } from "./run-context.ts";

/** Clears away what the run has kept to take itself back. There is no way back from here. */
export async function commitPlace(run: RunContext, step: Step): Promise<void> {
  await run.journal.intend(step.ordinal, { kind: "clear" });
  const hand = await handOf(run, step);
  const holders = holdersOf(run, step);
  const isKept = keepsOld(run) && holders.length > 0;
  for (const holder of holders) {
    // Known before it is there under its name: what nobody knows of would never be removed.
    if (isKept) await keepKey(run, holder);
    const outcome = await run.holders.commit(nearOf(run), holder, hand, isKept);
    if (outcome.kind === "lost") throw new SessionLost(outcome.message);
    if (outcome.kind === "failed") return stop(run, step, [outcome.message]);
  }
  const files = step.host === null ? [] : (run.plan.hosts[step.host]?.files ?? []);
  const left = hand === null ? [] : await clearFolders(run, hand, files);
  const messages = left.map(({ message }) => message);
  if (left.some(({ isOfRoot }) => isOfRoot)) return stop(run, step, messages);
  const check: Evidence = isKept
    ? { kind: "old-key-kept", why: sayWhyKept(run) }
    : { kind: "cleared", isWhole: left.length === 0 };
  const evidence = [check, ...messages.map(described)];
  return run.journal.mark(step.ordinal, "proved", { kind: "verified", evidence });
}

const stop = (run: RunContext, { ordinal }: Step, left: readonly string[]): Promise<void> =>
  run.journal.mark(ordinal, "needs-attention", {
    kind: "needs-attention",
    cause: null,
    left: left.map(described),
  });

async function keepKey({ journal }: RunContext, { host, kind, path, before }: HolderPlan): Promise<void> {
  if (kind !== "file" || before === null) return;
  const place = host ?? { host: null, port: null };
  await journal.keepKey({ host: place.host, port: place.port, path, kept: nameKept(path, before) });
}

/** What is left there. An account that keeps us out of its own folder keeps what is there; nothing of it is needed any more. */
async function clearFolders(run: RunContext, hand: Hand, files: readonly FilePlan[]): Promise<Unended[]> {
  const { unheld } = await takeLocks(hand, files, run);
  const kept = unheld.map(({ files: own, why, message }) => ({
    isOfRoot: why === null || own.some(({ uid }) => uid === 0),
    message: `nothing was cleared away: ${message}`,
  }));
  if (kept.some(({ isOfRoot }) => isOfRoot)) return kept;
  const without = new Set(unheld.flatMap((one) => one.files));
  const clear = files.filter((file) => !without.has(file));
  return [...kept, ...(await giveLocksBack(hand, clear, run.token))];
}
