import type { Hand } from "#net/ssh/hand/hand.ts";
import type { Instant } from "#shared/model/instant.ts";
import type { Plan } from "#shared/model/plan.ts";
import { AWAITS_LOG } from "./change-host.ts";
import { enterHost, type RunContext, SessionLost } from "./run-context.ts";

type Heard = { kind: "heard"; line: string } | { kind: "not-yet" } | { kind: "unknown"; why: string };

/** What tells whether a run has waited long enough. */
export type Waits = {
  /** Whether a log of the host tells of a login since then. `isNew`: nobody can have used the key before. */
  hear(
    hand: Hand,
    wish: { account: string; fingerprint: string; since: Instant; isNew: boolean },
  ): Promise<Heard>;
  /** Whether the old key may go. `isAsked`: somebody has asked for it, now. */
  judgeGrace(asked: {
    plan: Plan;
    dueAt: Instant | null;
    isAsked: boolean;
  }): Promise<{ isOver: boolean; dueAt: Instant; said: string[] }>;
};

/** Looks for the logins that steps wait for. Whether any step is proved by them. */
export async function hearAll(run: RunContext, waits: Waits, since: Instant): Promise<boolean> {
  let hasHeard = false;
  const awaiting = run.journal
    .steps()
    .filter(({ state, message }) => state === "acted" && message === AWAITS_LOG);
  for (const step of awaiting) {
    const place = run.plan.hosts.findIndex(({ host, port }) => host === step.host && port === step.port);
    const heard = await hearAt(run, waits, place, since).catch((error: unknown) => {
      if (error instanceof SessionLost) return { isProved: false, said: [error.message] };
      throw error;
    });
    if (heard.said.length > 0) await run.journal.note(step.ordinal, heard.said.join("; "));
    if (!heard.isProved) continue;
    await run.journal.mark(step.ordinal, "proved", heard.said.join("; "));
    hasHeard = true;
  }
  await run.sessions.keepOnly([]);
  return hasHeard;
}

async function hearAt(
  run: RunContext,
  waits: Waits,
  place: number,
  since: Instant,
): Promise<{ isProved: boolean; said: string[] }> {
  const fingerprint = run.made.newKey?.fingerprint;
  const accounts = (run.plan.hosts[place]?.proofs ?? []).filter(({ proof }) => proof.kind === "by-log");
  if (!fingerprint) return { isProved: false, said: ["no key is known that a log could tell of"] };
  const isNew = run.plan.newKey?.kind !== "given";
  const { hand } = await enterHost(run, place);
  const said: string[] = [];
  let isProved = true;
  for (const { account } of accounts) {
    const heard = await waits.hear(hand, { account, fingerprint, since, isNew });
    if (heard.kind !== "heard") isProved = false;
    if (heard.kind === "heard") said.push(`${account}: a log tells of a login with ${fingerprint}`);
    if (heard.kind === "unknown") said.push(`${account}: ${heard.why}`);
  }
  return { isProved, said };
}
