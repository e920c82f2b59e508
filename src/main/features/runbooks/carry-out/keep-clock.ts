import { isClockKept } from "#domain/rotation/run/watch-old-key.ts";
import type { Hand } from "#net/ssh/hand/hand.ts";
import { lookAtHost } from "#net/ssh/hand/look.ts";
import type { HostPlan } from "#shared/model/plan.ts";
import { type RunContext, SessionLost } from "./run-context.ts";

/**
 * Keeps how far the clock of a host is ahead, as long as `isClockKept`. It is at least so far ahead, for this computer's clock is
 * read once the host has answered. Rejects with `SessionLost`.
 */
export async function keepClock({ plan, journal }: RunContext, host: HostPlan, hand: Hand): Promise<void> {
  if (!isClockKept(plan, journal.steps())) return;
  const look = await lookAtHost(hand);
  if (look.kind === "lost") throw new SessionLost(look.message);
  const answered = Math.floor(journal.now().getTime() / 1_000);
  await journal.keepClock({
    host: host.host,
    port: host.port,
    aheadSeconds: look.host.epochSeconds - answered,
  });
}
