import { expect, test } from "vitest";
import type { HostUse } from "#shared/model/host-use.ts";
import type { Plan } from "#shared/model/plan.ts";
import { watchOldKey } from "./watch-old-key.ts";

const OLD = `SHA256:${"o".repeat(43)}`;
const plan = {
  ...{ kind: "rotate-key", oldKey: OLD, options: { graceDays: 9 } },
  hosts: [{ host: "db1", port: 22, files: [{ account: "jo", removed: [] }] }],
} as unknown as Plan;

/** When the holders have got the new key, by this computer. */
const SINCE = "2026-03-05T12:00:00Z";
/** A moment of this computer, as a clock that is so far ahead has it. */
const there = (ahead: number, secondsLater: number) =>
  `${new Date(Date.parse(SINCE) + (ahead + secondsLater) * 1_000).toISOString().slice(0, 19)}Z`;

const useOf = (at: string, from: string): HostUse => ({
  logins: [
    {
      ...{ account: "jo", fingerprint: OLD, isAuthority: false, days: [], lastInJournalAt: at },
      ...{ firstAt: at, lastAt: at, lastFrom: from, origins: [{ from, lastAt: at, lastInJournalAt: at }] },
    },
  ],
  windows: [{ source: "journal", from: "2026-03-01T00:00:00Z", to: at }],
});

test.each([-300, -2, 0, 2, 300])(
  "on a host whose clock is %i seconds ahead a run's own login before the hand-over is no use of the old key, and one of somebody else after it is",
  (aheadSeconds) => {
    const clocks = [{ host: "db1", port: 22, aheadSeconds }];
    const watch = (at: string, from: string) => watchOldKey(plan, SINCE, () => useOf(at, from), clocks);
    const own = watch(there(aheadSeconds, -1), "192.0.2.1");
    expect(own.uses).toEqual([]);
    const somebody = watch(there(aheadSeconds, 5), "192.0.2.9");
    expect(somebody.uses.map(({ from, at }) => [from, at])).toEqual([["192.0.2.9", there(aheadSeconds, 5)]]);
    // Its log tells of nothing since the hand-over; or it does.
    expect([own.unread.length, somebody.unread.length]).toEqual([1, 0]);
  },
);
