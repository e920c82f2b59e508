import { expect, test } from "vitest";
import type { HostClock } from "#domain/runs/watch-old-key.ts";
import type { RemoteSession } from "#net/ssh/session/remote-session.ts";
import type { HostPlan } from "#shared/model/runs/plan.ts";
import { keepClock } from "./install-key.ts";
import type { KeyRun } from "./key-run.ts";

test("what a slow host takes to answer does not count as its clock's being ahead", async () => {
  const host = { host: "db1", port: 22 } as HostPlan;
  let seconds = 1_000;
  const kept: HostClock[] = [];
  const steps = ["install-key", "revoke"].map((phase) => ({ phase, state: "planned" }));
  const run = {
    plan: { kind: "rotate-key", options: { graceDays: 9 } },
    journal: {
      steps: () => steps,
      now: () => new Date(seconds * 1_000),
      keepClock: async (clock: HostClock) => void kept.push(clock),
    },
  } as unknown as KeyRun;
  const told = new Map([
    ["uid", [["0", "root"]]],
    ["time", [["1007", "+0000"]]],
  ]);
  // The host's clock agrees with this computer's: it is read in the seventh of nine seconds.
  const ask = async () => {
    seconds += 9;
    return { kind: "answered", status: "ok", words: [], facts: told, data: new Map() };
  };
  await keepClock(run, host, { send: ask } as unknown as RemoteSession);
  expect(kept).toEqual([{ host: "db1", port: 22, aheadSeconds: -2 }]);
});
