import type { KeyLogins } from "#shared/model/host-use.ts";
import { MOST_AHEAD_SECONDS } from "#shared/model/instant.ts";
import { formatCount } from "#shared/text/count.ts";
import type { LoginEvidence } from "./find-logins.ts";
import { DAY_SECONDS, instantOf } from "./times.ts";

/**
 * What logs tell of where the host's clock is ahead of ours: that there were logins, none later than now. When its lines
 * were written is not known, so no stretch of time is covered by them. `now` in seconds since the epoch, by our clock.
 */
export function withoutFuture(evidence: LoginEvidence, { ahead, now }: { ahead: number; now: number }) {
  if (ahead <= MOST_AHEAD_SECONDS) return evidence;
  const why = `its clock is ${formatCount(ahead, "second")} ahead of this computer's, so that nothing in its logs is dated; set it`;
  const logins = evidence.logins.map((login) => notAfter(login, now));
  return { ...evidence, logins, windows: [], notRead: [...evidence.notRead, why] };
}

function notAfter(login: KeyLogins, now: number): KeyLogins {
  const latest = instantOf(now) ?? login.lastAt;
  const today = Math.floor(now / DAY_SECONDS);
  const counts = new Map<number, number>();
  for (const [day, count] of login.days)
    counts.set(Math.min(day, today), (counts.get(Math.min(day, today)) ?? 0) + count);
  const bound = (at: string): string => (at.localeCompare(latest) < 0 ? at : latest);
  return {
    ...login,
    firstAt: bound(login.firstAt),
    lastAt: bound(login.lastAt),
    // Nothing shows when it was.
    lastInJournalAt: null,
    days: [...counts].sort(([one], [other]) => one - other),
  };
}
