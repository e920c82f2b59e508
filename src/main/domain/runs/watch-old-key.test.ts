import { expect, test } from "vitest";
import type { HostUse } from "#shared/model/hosts/host-use.ts";
import type { KeyPlan } from "#shared/model/runs/plan.ts";
import type { RunStep } from "#shared/model/runs/run.ts";
import { type HostClocks, isClockKept, nowThere, watchOldKey } from "./watch-old-key.ts";

const OLD = `SHA256:${"o".repeat(43)}`;
const plan = {
  kind: "rotate-key",
  oldKey: OLD,
  options: { graceDays: 9 },
  hosts: [{ host: "db1", port: 22, files: [{ account: "jo", removed: [] }] }],
} as unknown as KeyPlan;

/** When the private key locations got the new key, by this computer. */
const SINCE = "2026-03-05T12:00:00Z";
/** A moment of this computer, by a clock that is so far ahead. */
const there = (ahead: number, secondsLater: number) =>
  `${new Date(Date.parse(SINCE) + (ahead + secondsLater) * 1_000).toISOString().slice(0, 19)}Z`;

/** As the run has stored it, and as the last scan has read it. */
const clocksOf = (aheadSeconds: number, read: number | null): HostClocks => ({
  kept: [{ host: "db1", port: 22, aheadSeconds }],
  readOf: () => read,
});

const useOf = (at: string, from: string): HostUse => ({
  logins: [
    {
      account: "jo",
      fingerprint: OLD,
      isAuthority: false,
      days: [],
      lastInJournalAt: at,
      firstAt: at,
      lastAt: at,
      lastFrom: from,
      origins: [{ from, lastAt: at, lastInJournalAt: at }],
    },
  ],
  windows: [{ source: "journal", from: "2026-03-01T00:00:00Z", to: at }],
});

test.each([-300, -2, 0, 2, 300])(
  "on a host whose clock is %i seconds ahead a run's own login before the hand-over is no use of the old key, and one of somebody else after it is",
  (aheadSeconds) => {
    const clocks = clocksOf(aheadSeconds, aheadSeconds);
    const watch = (at: string, from: string) => watchOldKey(plan, SINCE, () => useOf(at, from), clocks);
    const own = watch(there(aheadSeconds, -1), "192.0.2.1");
    expect(own.uses).toEqual([]);
    const somebody = watch(there(aheadSeconds, 5), "192.0.2.9");
    expect(somebody.uses.map(({ from, at }) => [from, at])).toEqual([["192.0.2.9", there(aheadSeconds, 5)]]);
    // In the first case its log has nothing since the installation of the new key, in the second it has.
    expect([own.unreadable.length, somebody.unreadable.length]).toEqual([1, 0]);
  },
);

/** Whether a login at a moment of the host's log is reported. */
const isNamed = (clocks: HostClocks, at: string): boolean =>
  watchOldKey(plan, SINCE, () => useOf(at, "192.0.2.9"), clocks).uses.length > 0;

test.each([301, 999_999_999_999_999])(
  "a clock that a host says is %i seconds ahead breaks nothing and hides no use, for scans date such logins by this computer's",
  (ahead) => {
    expect(isNamed(clocksOf(ahead, null), there(0, 1))).toBe(true);
    expect(isNamed(clocksOf(200, ahead), there(0, 1))).toBe(true);
    expect(isNamed({ kept: [], readOf: () => ahead }, there(0, 1))).toBe(true);
    expect(nowThere(SINCE, { host: "db1", port: 22 }, clocksOf(ahead, ahead))).toBe(SINCE);
  },
);

test("a host whose clock is set right while its uses are watched hides none, whichever way it was wrong", () => {
  for (const clocks of [clocksOf(200, 0), clocksOf(-200, 0), clocksOf(0, -200)])
    expect(isNamed(clocks, there(clocks.readOf({ host: "db1", port: 22 }) ?? 0, 3))).toBe(true);
  // The duration of a probe does not count as another clock: a login of the run itself is not reported because of it.
  expect(isNamed(clocksOf(0, -20), there(0, -1))).toBe(false);
  expect(nowThere(SINCE, { host: "db1", port: 22 }, clocksOf(-900, 0))).toBe(SINCE);
});

test("a clock is kept until the privateKeyLocations have the new key, and not again once the removal has begun", () => {
  const step = (phase: RunStep["phase"], state: RunStep["state"]) => ({ phase, state, at: SINCE }) as RunStep;
  const isKept = (add: RunStep["state"], remove: RunStep["state"]) =>
    isClockKept(plan, [step("grant", add), step("revoke", remove)]);
  expect([isKept("acted", "planned"), isKept("verified", "planned"), isKept("verified", "acted")]).toEqual([
    true,
    false,
    false,
  ]);
});
