import { expect, test } from "vitest";
import { nextMove } from "#domain/runs/machine.ts";
import { RENEWAL_RULES } from "#domain/runs/renewal/rules.ts";
import type { Progress, StepProgress, Wait } from "#domain/runs/step.ts";
import { makeChange } from "#domain/runs/testdata/make-change.ts";
import { createDice, type Dice } from "#domain/runs/testdata/make-keys-file.ts";
import { makeRenewalHost, makeRenewalPlan } from "#domain/runs/testdata/make-plan-value.ts";
import { SimulatedRenewal } from "#domain/runs/testdata/simulated-renewal.ts";
import { SimulatedServers } from "#domain/runs/testdata/simulated-servers.ts";
import type { RenewalPlan } from "#shared/model/runs/plan.ts";

const RUNS = 4_000;

const OPTIONS = {
  canary: true,
  batchSize: 2,
  maxFailures: 1,
  postCheckMinutes: 60,
  rollbackAfterSeconds: 120,
};

const makeRenewal = (hosts: RenewalPlan["hosts"], options: RenewalPlan["options"] = OPTIONS): RenewalPlan =>
  makeRenewalPlan({ hosts, options });

const hostAt = (index: number, certificates: number) =>
  makeRenewalHost({
    host: `host${index}`,
    batch: index === 0 ? 0 : 1 + Math.floor((index - 1) / 2),
    certificates: Array.from({ length: certificates }, (_, nth) => makeChange(nth)),
  });

/** Up to four hosts with up to three certificates each. */
const makeAnyRenewal = (dice: Dice): RenewalPlan =>
  makeRenewal(
    Array.from({ length: 1 + dice(4) }, (_, index) => hostAt(index, 1 + dice(3))),
    { ...OPTIONS, canary: dice(2) === 0, maxFailures: 1 + dice(3), postCheckMinutes: dice(2) * 60 },
  );

test("killed, cut off and failing as often as it may be, no renewal leaves half a pair, and each host ends with the new one or as it was", () => {
  const wrong: string[] = [];
  const ends = { committed: 0, "rolled-back": 0 };
  for (let seed = 0; seed < RUNS; seed++) {
    const dice = createDice(seed);
    const plan = makeAnyRenewal(dice);
    const servers = new SimulatedServers(plan, dice);
    const run = new SimulatedRenewal(plan, servers);
    for (let tries = dice(6); tries > 0; tries--)
      run.go((["on", "on", "on", "pause", "back"] as const)[dice(5)] ?? "on");
    servers.calmDown();
    const first = run.go(dice(3) === 0 ? "back" : "on");
    const last = first?.state === "committed" || first?.state === "rolled-back" ? first : run.go("back");
    const isAtEnd = plan.hosts.every((_, host) => servers.isAt(host, run.isCommitted(host) ? "new" : "old"));
    const isAllBack = plan.hosts.every((_, host) => !run.isCommitted(host));
    const isSo = last?.state === "rolled-back" ? isAllBack : last?.state === "committed";
    if (last?.state === "committed" || last?.state === "rolled-back") ends[last.state]++;
    if (!isAtEnd || !isSo || servers.wrong.length > 0)
      wrong.push(`${seed}: ${last?.state} ${isAtEnd} ${servers.wrong[0] ?? ""}`);
  }
  expect(wrong.slice(0, 5)).toEqual([]);
  expect(Math.min(ends.committed, ends["rolled-back"])).toBeGreaterThan(RUNS / 5);
});

const plan = makeRenewal(
  [0, 1, 2, 3].map((index) => hostAt(index, 1)),
  { ...OPTIONS, maxFailures: 2 },
);
const steps = RENEWAL_RULES.steps(plan);
const nameOf = (ordinal: number): string => {
  const step = steps[ordinal - 1];
  return `${step?.phase} ${step?.host}`;
};

type States = Record<string, StepProgress["state"] | "awaiting">;

function ask(states: States, more: Partial<Progress> = {}) {
  const progress = steps.map(({ ordinal }) => {
    const state = states[nameOf(ordinal)] ?? states[nameOf(ordinal).split(" ")[0] ?? ""] ?? "planned";
    return state === "awaiting"
      ? { ordinal, state: "acted" as const, isAwaiting: true }
      : { ordinal, state, isAwaiting: false };
  });
  const seen = { kind: "certificates-seen", hasWork: true } as const;
  const move = nextMove(RENEWAL_RULES, plan, {
    want: "on",
    steps: progress,
    over: new Set(),
    seen: new Map([0, 1, 2, 3].map((place) => [place, { ...seen, certificates: ["old"] }])),
    ...more,
  });
  if (move.kind === "do") return move.tasks.map(({ step, what }) => `${what} ${nameOf(step.ordinal)}`);
  return move.kind === "inspect"
    ? ["inspect"]
    : move.kind === "wait"
      ? [`wait for ${move.until}`]
      : [move.state];
}

test("all are asked for before any is put in place, and one host has its new one wholly before the others begin", () => {
  expect(ask({})).toEqual(["act request 0"]);
  expect(ask({ request: "verified", "issue 0": "verified" })).toEqual(["act issue 1", "act issue 2"]);
  expect(ask({ request: "verified", issue: "verified" })).toEqual(["act install 0"]);
  expect(ask({ request: "verified", issue: "verified", "install 0": "verified" })).toEqual([
    "act install 1",
    "act install 2",
  ]);
});

test("a certificate that somebody has to bring is waited for once all others are issued", () => {
  const states: States = { request: "verified", "issue 0": "awaiting" };
  expect(ask(states)).toEqual(["act issue 1", "act issue 2"]);
  expect(ask({ ...states, issue: "verified" })).toEqual(["wait for certificate"]);
});

test("what is in place is looked at again before it is committed, also where other hosts have failed", () => {
  const done: States = { request: "verified", issue: "verified", install: "verified" };
  expect(ask(done)).toEqual(["wait for post-check"]);
  const failed: States = { ...done, "install 2": "failed" };
  expect(ask(failed)).toEqual(["wait for post-check"]);
  expect(ask({ ...failed, "install 3": "failed" })).toEqual(["wait for post-check"]);
  const isNew = {
    kind: "certificates-seen",
    hasWork: true,
    certificates: ["new"],
  } as const;
  const later = {
    over: new Set<Wait>(["post-check"]),
    seen: new Map([0, 1, 2, 3].map((place) => [place, isNew])),
  };
  expect(ask(failed, later)).toEqual(["act post-check 0"]);
  expect(ask({ ...failed, "post-check": "verified" }, later)).toEqual(["act finish 0"]);
  expect(ask({ ...failed, "post-check": "verified", finish: "verified" }, later)).toEqual(["stopped"]);
});

test("a failed canary, or as many failures as may be, keep all others from being begun", () => {
  const issued: States = { request: "verified", issue: "verified" };
  expect(ask({ ...issued, "install 0": "failed" })).toEqual(["stopped"]);
  expect(ask({ ...issued, "install 0": "verified", "install 1": "failed", "install 2": "failed" })).toEqual([
    "wait for post-check",
  ]);
});

test("going back, what is committed stays, and all others are as they were", () => {
  const states: States = {
    request: "verified",
    issue: "verified",
    install: "verified",
    "post-check": "verified",
  };
  const back = { want: "back" } as const;
  expect(ask({ ...states, "finish 0": "verified" }, back)).toEqual(["settle post-check 3"]);
  const isNew = new Map([[0, { ...isSeen, certificates: ["new" as const] }]]);
  expect(ask({ ...states, "finish 0": "intended" }, { ...back, seen: isNew })).toEqual(["act finish 0"]);
  expect(ask({ ...states, "post-check": "rolled-back", "finish 0": "verified" }, back)).toEqual([
    "undo install 3",
  ]);
  const undone: States = {
    request: "rolled-back",
    issue: "rolled-back",
    install: "rolled-back",
    "post-check": "rolled-back",
  };
  expect(ask({ ...undone, "finish 0": "verified" }, back)).toEqual(["committed"]);
  expect(ask(undone, back)).toEqual(["rolled-back"]);
});

const ALL_DONE: States = {
  request: "verified",
  issue: "verified",
  install: "verified",
  "post-check": "verified",
};
const isSeen = { kind: "certificates-seen", hasWork: true } as const;
const LOST = { kind: "lost", why: "no answer" } as const;

test("a host that is down when its recheck or its commit is due settles nothing, and is taken back later", () => {
  const seen = new Map([0, 1, 2, 3].map((place) => [place, LOST]));
  expect(
    ask({ ...ALL_DONE, "post-check": "planned" }, { seen, over: new Set<Wait>(["post-check"]) }),
  ).toEqual(["stopped"]);
  expect(ask(ALL_DONE, { seen })).toEqual(["stopped"]);
  expect(ask({ ...ALL_DONE, "post-check": "rolled-back" }, { want: "back" })).toEqual(["undo install 3"]);
});

test("old files go only where all of the new ones stand, and a commit that has not begun stays so", () => {
  const seen = new Map([[0, { ...isSeen, certificates: ["other" as const] }]]);
  expect(ask(ALL_DONE, { seen })).toEqual(["settle post-check 0"]);
  expect(ask({ ...ALL_DONE, "finish 0": "intended" }, { seen })).toEqual(["settle finish 0"]);
  const cleared = new Map([[0, { ...isSeen, hasWork: false, certificates: ["other" as const] }]]);
  expect(ask({ ...ALL_DONE, "finish 0": "intended" }, { seen: cleared })).toEqual(["verify finish 0"]);
});

test("one host that is down does not keep the others from going back", () => {
  const states: States = { ...ALL_DONE, "post-check": "rolled-back" };
  const old = { ...isSeen, certificates: ["new" as const] };
  const seen = new Map([0, 1, 2, 3].map((place) => [place, place === 3 ? LOST : old]));
  const back = { want: "back", seen } as const;
  expect(ask(states, back)).toEqual(["undo install 1", "undo install 2"]);
  const undone: States = {
    request: "rolled-back",
    issue: "rolled-back",
    install: "rolled-back",
    "post-check": "rolled-back",
  };
  const left: States = { ...undone, "request 3": "verified", "issue 3": "verified", "install 3": "verified" };
  expect(ask(left, back)).toEqual(["needs-attention"]);
});

test("a certificate that never comes keeps no other host waiting, but the canary's does", () => {
  const states: States = { request: "verified", issue: "verified", "issue 3": "awaiting" };
  expect(ask(states)).toEqual(["act install 0"]);
  expect(ask({ ...states, install: "verified", "install 3": "planned" })).toEqual(["wait for post-check"]);
  const most: States = {
    ...ALL_DONE,
    finish: "verified",
    "issue 3": "awaiting",
    "install 3": "planned",
  };
  expect(ask({ ...most, "post-check 3": "planned", "finish 3": "planned" })).toEqual([
    "wait for certificate",
  ]);
  expect(ask({ request: "verified", issue: "verified", "issue 0": "awaiting" })).toEqual([
    "wait for certificate",
  ]);
});
