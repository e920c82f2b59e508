import { expect, test } from "vitest";
import { nextMove } from "#domain/runs/machine.ts";
import type { DisableSeen, Observation, StepProgress } from "#domain/runs/step.ts";
import { Instant } from "#shared/model/instant.ts";
import type { DisablePlan } from "#shared/model/runs/plan.ts";
import {
  DISABLE_RULES,
  disabledSince,
  findNotReadUntil,
  readFileLines,
  readJournalLines,
  watchedUntil,
} from "./rules.ts";

const PLAN = {
  options: { canary: true, maxFailures: 1, graceDays: 7 },
  hosts: [
    {
      host: "web1",
      port: 22,
      batch: 0,
      disables: [{ account: "app" }],
      files: [{ added: null, removed: [{ at: 0, removed: "x", inserted: "" }] }],
    },
  ],
} as unknown as DisablePlan;

const seen = (
  account: DisableSeen["accounts"][number],
  file: "before" | "removed",
  hasWork = false,
): Observation => ({
  kind: "disable-seen",
  accounts: [account],
  access: { kind: "seen", files: [file], leftOut: [null], privateKeys: [], hasWork },
});

const move = (states: readonly StepProgress["state"][], at: Observation, more: object = {}) =>
  nextMove(DISABLE_RULES, PLAN, {
    want: "on",
    steps: states.map((state, index) => ({ ordinal: index + 1, state, isAwaiting: false })),
    seen: new Map([[0, at]]),
    over: new Set(),
    ...more,
  });

test("the account is shut before its grants go, and nothing ends the wait but a person", () => {
  expect(move([], seen("before", "before"))).toMatchObject({
    tasks: [{ step: { phase: "disable" }, what: "act" }],
  });
  expect(move(["verified"], seen("after", "before"))).toMatchObject({
    tasks: [{ step: { phase: "revoke" }, what: "act" }],
  });
  const shut = ["verified", "verified", "verified"] as const;
  expect(move(shut, seen("after", "removed"))).toEqual({ kind: "wait", until: "grace" });
  expect(move(shut, seen("after", "removed"), { over: new Set(["grace"]) })).toMatchObject({
    tasks: [{ step: { phase: "finish" }, what: "act" }],
  });
});

test("an account that is another one by now is not touched, and one that the host's timer has restored is not disabled again", () => {
  expect(move([], seen("other", "before"))).toMatchObject({ tasks: [{ what: "settle", as: "failed" }] });
  expect(move(["acted"], seen("before", "before"))).toMatchObject({
    tasks: [{ what: "undo", as: "failed", cause: { kind: "rollback-timer-fired" } }],
  });
  expect(move(["intended"], seen("mixed", "before"))).toMatchObject({ tasks: [{ what: "act" }] });
});

test("a run that is rolled back puts the grants back, and then the account", () => {
  const back = { want: "back" };
  expect(move(["verified", "verified", "verified"], seen("after", "removed"), back)).toMatchObject({
    tasks: [{ step: { phase: "keep" }, what: "undo" }],
  });
  expect(move(["verified", "rolled-back", "rolled-back"], seen("after", "before"), back)).toMatchObject({
    tasks: [{ step: { phase: "disable" }, what: "undo" }],
  });
});

test("a line of a log counts from the second on in which the account was shut, and one without a date counts", () => {
  expect(
    readJournalLines(["+1700000000.5 web1 sshd[7]: app", "-1700000001.5 web1 sshd[7]: app", "x"]),
  ).toEqual([
    { at: "2023-11-14T22:13:20Z", line: "web1 sshd[7]: app", source: "journal", isTry: false },
    { at: "2023-11-14T22:13:21Z", line: "web1 sshd[7]: app", source: "journal", isTry: true },
  ]);
  const clock = { now: 1_700_000_000, zone: "+0000", since: 1_699_999_000 };
  const lines = [
    "/var/log/auth.log\t-Nov 14 22:13:19 web1 sshd[7]: app",
    "/var/log/auth.log\t+Nov 14 20:00:00 web1 sshd[7]: app",
    "/var/log/auth.log\t+2023-11-14T22:13:18+00:00 web1 sshd[7]: app",
    "/var/log/auth.log\t+no date of app",
  ];
  expect(readFileLines(lines, clock).map(({ at, isTry }) => [at, isTry])).toEqual([
    ["2023-11-14T22:13:19Z", true],
    ["2023-11-14T22:13:18Z", false],
    [null, false],
  ]);
});

test("each use begins the days anew, by when this computer saw it", () => {
  const since = Instant.parse("2026-01-01T00:00:00Z");
  const reading = (at: string, isUse: boolean) => ({
    host: "web1",
    port: 22,
    at: Instant.parse(at),
    isUse,
    isWhole: false,
  });
  expect(watchedUntil(since, [], 7)).toBe("2026-01-08T00:00:00Z");
  expect(watchedUntil(since, [reading("2026-01-02T00:00:00Z", false)], 7)).toBe("2026-01-08T00:00:00Z");
  const used = [reading("2026-01-03T00:00:00Z", true), reading("2026-01-04T00:00:00Z", false)];
  expect(watchedUntil(since, used, 7)).toBe("2026-01-10T00:00:00Z");
  expect(disabledSince([])).toBeNull();
});

test("a host whose logs nobody could read when the days were over is not known to be without a use", () => {
  const until = Instant.parse("2026-01-08T00:00:00Z");
  const hosts = [
    { host: "web1", port: 22 },
    { host: "web2", port: 22 },
  ];
  const reading = (host: string, at: string, isWhole = true) => ({
    host,
    port: 22,
    at: Instant.parse(at),
    isUse: false,
    isWhole,
  });
  const before = [reading("web1", "2026-01-08T00:00:00Z"), reading("web2", "2026-01-07T23:00:00Z")];
  expect(findNotReadUntil(hosts, before, until)).toEqual([{ host: "web2", port: 22 }]);
  expect(findNotReadUntil(hosts, [...before, reading("web2", "2026-01-09T00:00:00Z")], until)).toEqual([]);
  // A log of it was not read to its end.
  const partial = reading("web2", "2026-01-09T00:00:00Z", false);
  expect(findNotReadUntil(hosts, [...before, partial], until)).toEqual([{ host: "web2", port: 22 }]);
});
