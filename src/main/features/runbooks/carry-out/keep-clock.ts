import { watchedSince } from "#domain/rotation/run/watch-old-key.ts";
import type { Hand } from "#net/ssh/hand/hand.ts";
import { lookAtHost } from "#net/ssh/hand/look.ts";
import type { HostPlan } from "#shared/model/plan.ts";
import { type RunContext, SessionLost } from "./run-context.ts";

/**
 * Keeps how far the clock of a host is ahead, as long as the old key is not watched there yet: by then the run's own logins with it
 * are over, and the host may set its clock. Rejects with `SessionLost`.
 */
export async function keepClock({ plan, journal }: RunContext, host: HostPlan, hand: Hand): Promise<void> {
  if (plan.options.graceDays === 0 || watchedSince(plan, journal.steps()) !== null) return;
  const begun = Math.floor(journal.now().getTime() / 1_000);
  const look = await lookAtHost(hand);
  if (look.kind === "lost") throw new SessionLost(look.message);
  await journal.keepClock({
    ...{ host: host.host, port: host.port },
    aheadSeconds: look.host.epochSeconds - begun,
  });
}
