import { makeCheck } from "#domain/rotation/plan/draft.ts";
import type { HostFacts } from "#domain/rotation/plan/plan-facts.ts";
import type { Check } from "#shared/model/plan.ts";

/** Beyond it, what an expiry date means there and what it means here are two things. */
const MOST_CLOCK_SECONDS = 300;

/** Why nothing is changed on the host at all; null where nothing is in the way. */
export function checkHost(host: HostFacts): Check | null {
  const leave = (id: string, why: string): Check =>
    makeCheck("consent", id, { host }, `${why}; the host stays as it is`);
  if (host.hostKey === null)
    return leave("host-key", "its host key is not pinned: scan it, and trust its key");
  if (host.unread !== null) return leave("unread", `it could not be looked at: ${host.unread}`);
  const offset = host.clockOffset;
  if (offset === null || Math.abs(offset) <= MOST_CLOCK_SECONDS) return null;
  const minutes = Math.round(Math.abs(offset) / 60);
  return leave(
    "clock",
    `its clock is ${minutes} minutes ${offset > 0 ? "ahead of" : "behind"} this computer's: set it right`,
  );
}
