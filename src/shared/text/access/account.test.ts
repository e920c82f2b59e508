import { expect, test } from "vitest";
import { formatKindReason, formatLoginMethod, formatWorkload } from "./account.ts";

test("one thing that runs as an account and several are said so", () => {
  const runs = { what: "runs", kind: "unit", name: "app.service" } as const;
  expect([1, 2, 2_001].map((count) => formatKindReason({ ...runs, count }))).toEqual([
    "app.service runs as it",
    "app.service and 1 more run as it",
    "app.service and 2,000 more run as it",
  ]);
});

test("what runs is named with where that stands and what starts it", () => {
  const unit = {
    kind: "unit",
    name: "app.service",
    path: "/etc/app.service",
    program: "/usr/bin/app",
  } as const;
  expect(
    [
      { ...unit, isEnabled: true, startedBy: ["app.timer", "app.socket"] },
      { ...unit, isEnabled: false, startedBy: [] },
      { kind: "cron" as const, path: "/etc/crontab", line: 3, schedule: "@daily", program: "save" },
      { kind: "at" as const, path: "/var/spool/at/1" },
      { kind: "process" as const, name: "app", count: 2, isContained: true },
      { kind: "process" as const, name: "app", count: 1, isContained: false },
    ].map((workload) => formatWorkload(workload)),
  ).toEqual([
    { what: "app.service", why: "/etc/app.service, enabled, by app.timer, app.socket" },
    { what: "app.service", why: "/etc/app.service, nothing known starts it" },
    { what: "save", why: "/etc/crontab:3, @daily" },
    { what: "a job of at", why: "/var/spool/at/1" },
    { what: "app", why: "2 processes in a container when the host was read" },
    { what: "app", why: "1 process when the host was read" },
  ]);
});

test("a login without a key is named by its means, and one by su by whoever became the account", () => {
  expect(formatLoginMethod({ method: "password", by: "" })).toBe("by password");
  expect(formatLoginMethod({ method: "su", by: "ann" })).toBe("by su, from ann");
});
