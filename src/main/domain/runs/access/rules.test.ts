import { expect, test } from "vitest";
import { ACCESS_RULES } from "#domain/runs/access/rules.ts";
import { nextMove } from "#domain/runs/machine.ts";
import type { FileSeen, Observation, Progress, StepProgress, Wait } from "#domain/runs/step.ts";
import { createDice, type Dice } from "#domain/runs/testdata/make-keys-file.ts";
import { makeFile, makeHolder, makeHost, makePlanValue } from "#domain/runs/testdata/make-plan-value.ts";
import { SimulatedHosts } from "#domain/runs/testdata/simulated-hosts.ts";
import { SimulatedRun } from "#domain/runs/testdata/simulated-run.ts";
import type { AccessPlan } from "#shared/model/runs/plan.ts";

const RUNS = 4_000;

/** Up to four hosts with up to two files and a private key each, and perhaps one here. */
function makeAnyPlan(dice: Dice): AccessPlan {
  const hosts = Array.from({ length: 1 + dice(4) }, (_, index) =>
    makeHost({
      host: `host${index}`,
      batch: index === 0 ? 0 : 1 + Math.floor((index - 1) / 2),
      files: Array.from({ length: dice(3) }, (__, at) => makeFile(at, dice(4) === 0 ? "removed" : "both")),
      privateKeyLocations: dice(3) === 0 ? [makeHolder(`host${index}`)] : [],
    }),
  );
  const options = {
    canary: dice(2) === 0,
    batchSize: 2,
    maxFailures: 1 + dice(2),
    graceDays: 0,
    undoHours: dice(2) * 24,
    rollbackAfterSeconds: 120,
  };
  return makePlanValue({ hosts, here: dice(2) === 0 ? [makeHolder(null)] : [], options });
}

test("killed, cut off and failing as often as it may be, a run shuts nobody out and ends committed or rolled back, with nothing left", () => {
  const wrong: string[] = [];
  const ends = { committed: 0, "rolled-back": 0 };
  for (let seed = 0; seed < RUNS; seed++) {
    const dice = createDice(seed);
    const plan = makeAnyPlan(dice);
    const hosts = new SimulatedHosts(plan, dice);
    const run = new SimulatedRun(plan, hosts);
    for (let tries = dice(6); tries > 0; tries--)
      run.go((["on", "on", "on", "pause", "back"] as const)[dice(5)] ?? "on");
    hosts.calmDown();
    const want = dice(3) === 0 ? "back" : "on";
    const first = run.go(want);
    const last = first?.state === "committed" || first?.state === "rolled-back" ? first : run.go("back");
    const isAtEnd =
      last?.state === "committed"
        ? hosts.isAt("removed", ["committed"])
        : last?.state === "rolled-back" && hosts.isAt("before", ["old"]);
    if (last?.state === "committed" || last?.state === "rolled-back") ends[last.state]++;
    if (!isAtEnd || !hosts.isClean || hosts.wrong.length > 0) {
      wrong.push(
        `${seed}: ${last?.state} ${last?.reason?.kind} ${isAtEnd} ${hosts.isClean} ${hosts.wrong[0] ?? ""}`,
      );
    }
  }
  expect(wrong.slice(0, 5)).toEqual([]);
  expect(Math.min(ends.committed, ends["rolled-back"])).toBeGreaterThan(RUNS / 5);
});

test("a finished run that is undone, killed and cut off as often as it may be, shuts nobody out and leaves all as it was", () => {
  const wrong: string[] = [];
  let undone = 0;
  for (let seed = 0; seed < RUNS / 2; seed++) {
    const dice = createDice(seed);
    const made = makeAnyPlan(dice);
    const undoable = { ...made, options: { ...made.options, undoHours: 24 } };
    const hosts = new SimulatedHosts(undoable, dice);
    const run = new SimulatedRun(undoable, hosts, new Set(["grace"]));
    let end = run.go("on");
    for (let tries = 0; tries < 20 && end?.state !== "committed"; tries++) end = run.go("on");
    if (end?.state !== "committed") continue;
    for (let tries = dice(4); tries > 0; tries--) run.go("back");
    hosts.calmDown();
    const last = run.go("back");
    undone++;
    const isBack = last?.state === "rolled-back" && hosts.isAt("before", ["old"]);
    if (!isBack || !hosts.isClean || hosts.wrong.length > 0)
      wrong.push(`${seed}: ${last?.state} ${last?.reason?.kind} ${hosts.isClean} ${hosts.wrong[0] ?? ""}`);
  }
  expect(wrong.slice(0, 5)).toEqual([]);
  expect(undone).toBeGreaterThan(RUNS / 10);
});

const NOTHING: ReadonlySet<Wait> = new Set();
const ALL: ReadonlySet<Wait> = new Set(["grace", "undo", "post-check"]);

const plan = makePlanValue({
  hosts: ["a", "b", "c"].map((host, index) =>
    makeHost({ host, batch: Math.min(index, 1), files: [makeFile(0, "both")] }),
  ),
  here: [makeHolder(null)],
});

/** Steps by phase and host in brief: `grant a`. */
const steps = ACCESS_RULES.steps(plan);
const nameOf = (ordinal: number): string => {
  const step = steps[ordinal - 1];
  return `${step?.phase} ${step?.host === null ? "here" : plan.hosts[step?.host ?? 0]?.host}`;
};

const see = (file: FileSeen): Observation => ({
  kind: "seen",
  files: [file],
  privateKeys: [],
  hasWork: file !== "before",
  leftOut: [],
});

function ask(states: Record<string, StepProgress["state"]>, more: Partial<Progress> = {}) {
  const progress = steps.map(({ ordinal }) => ({
    ordinal,
    state: states[nameOf(ordinal)] ?? states[nameOf(ordinal).split(" ")[0] ?? ""] ?? "planned",
    isAwaiting: false,
  }));
  const move = nextMove(ACCESS_RULES, plan, {
    want: "on",
    steps: progress,
    over: NOTHING,
    seen: new Map([0, 1, 2].map((place) => [place, see("before")])),
    ...more,
  });
  if (move.kind === "do") return move.tasks.map(({ step, what }) => `${what} ${nameOf(step.ordinal)}`);
  return move.kind === "inspect"
    ? ["inspect", ...move.hostIndexes]
    : move.kind === "wait"
      ? [`wait for ${move.until}`]
      : [move.state];
}

test("a run begins with its key, then one host, then the others side by side, and looks before it touches", () => {
  expect(steps.map(({ ordinal }) => nameOf(ordinal))).toEqual([
    "create-key here",
    "grant a",
    "grant b",
    "grant c",
    "install-key here",
    "revoke a",
    "revoke b",
    "revoke c",
    "finish a",
    "finish b",
    "finish c",
    "finish here",
  ]);
  expect(ask({})).toEqual(["act create-key here"]);
  expect(ask({ "create-key": "verified" }, { seen: new Map() })).toEqual(["inspect", 0]);
  expect(ask({ "create-key": "verified" })).toEqual(["act grant a"]);
  expect(ask({ "create-key": "verified", "grant a": "acted" })).toEqual(["act grant a"]);
  expect(ask({ "create-key": "verified", "grant a": "verified" })).toEqual(["act grant b", "act grant c"]);
});

test("what was done before a kill is verified and not done again", () => {
  const seen = new Map([[0, see("added")]]);
  expect(ask({ "create-key": "verified", "grant a": "intended" }, { seen })).toEqual(["verify grant a"]);
});

test("a step that is taken back for what somebody else has written says whose file that is", () => {
  const progress = steps.map(({ ordinal }) => ({
    ordinal,
    isAwaiting: false,
    state: nameOf(ordinal) === "grant a" ? ("acted" as const) : ("planned" as const),
  }));
  const made = progress.map((one) =>
    nameOf(one.ordinal) === "create-key here" ? { ...one, state: "verified" as const } : one,
  );
  const seen = new Map([[0, see("other")]]);
  expect(nextMove(ACCESS_RULES, plan, { want: "on", steps: made, over: NOTHING, seen })).toMatchObject({
    kind: "do",
    tasks: [
      { what: "undo", as: "failed", cause: { kind: "file-changed", path: expect.stringMatching(/^\//) } },
    ],
  });
});

test("nothing is removed while one host has not verified the new key", () => {
  const states = {
    "create-key": "verified",
    grant: "verified",
    "grant c": "failed",
    "install-key": "planned",
  } as const;
  expect(ask(states)).toEqual(["stopped"]);
  const seen = new Map([[0, see("before")]]);
  const after = { "create-key": "verified", grant: "verified", "install-key": "verified" } as const;
  expect(ask(after, { seen })).toEqual(["settle revoke a"]);
});

test("a failed canary stops the run, however many may fail", () => {
  const many = { ...plan, options: { ...plan.options, maxFailures: 9 } };
  const states = steps.map(({ ordinal }) => ({
    ordinal,
    state:
      nameOf(ordinal) === "grant a"
        ? ("failed" as const)
        : ordinal === 1
          ? ("verified" as const)
          : ("planned" as const),
    isAwaiting: false,
  }));
  const progress = { want: "on" as const, steps: states, seen: new Map(), over: NOTHING };
  expect(nextMove(ACCESS_RULES, many, progress)).toMatchObject({ kind: "end", state: "stopped" });
});

test("a pause lets what is under way come to its end, and begins nothing", () => {
  const states = { "create-key": "verified", "grant a": "verified", "grant b": "intended" } as const;
  expect(ask(states, { want: "pause" })).toEqual(["act grant b"]);
  expect(ask({ ...states, "grant b": "verified" }, { want: "pause" })).toEqual(["paused"]);
});

test("going back, the old key is put back before its halves are, and the new one goes last", () => {
  const states = {
    "create-key": "verified",
    grant: "verified",
    "install-key": "verified",
    "revoke a": "acted",
  } as const;
  const seen = new Map<number | null, Observation>([
    [0, see("removed")],
    [1, see("added")],
    [2, see("added")],
    [null, { kind: "seen", files: [], privateKeys: ["new"], hasWork: false, leftOut: [] }],
  ]);
  const back = { want: "back", seen } as const;
  expect(ask(states, back)).toEqual(["undo revoke a"]);
  expect(ask({ ...states, "revoke a": "rolled-back" }, back)).toEqual(["undo install-key here"]);
  expect(ask({ ...states, "revoke a": "rolled-back", "install-key": "rolled-back" }, back)).toEqual([
    "undo grant b",
    "undo grant c",
  ]);
  const last = {
    "revoke a": "rolled-back",
    "install-key": "rolled-back",
    grant: "rolled-back",
    "create-key": "verified",
  } as const;
  expect(ask(last, back)).toEqual(["undo create-key here"]);
  expect(ask({ ...last, "create-key": "rolled-back" }, back)).toEqual(["rolled-back"]);
});

test("a run that was going back when it was killed goes on going back", () => {
  const states = { "create-key": "verified", grant: "verified", "grant c": "rolled-back" } as const;
  expect(ask(states)).toEqual(["settle grant b"]);
});

test("once a host is committed there is no way back, only to the end", () => {
  const states = {
    "create-key": "verified",
    grant: "verified",
    "install-key": "verified",
    revoke: "verified",
    "finish a": "verified",
  } as const;
  expect(ask(states, { want: "back" })).toEqual(["act finish b", "act finish c"]);
});

test("what can neither be done nor taken back stops everything", () => {
  expect(ask({ "create-key": "verified", "grant a": "needs-attention" })).toEqual(["needs-attention"]);
  expect(ask({ "create-key": "verified", "install-key": "needs-attention" }, { want: "back" })).toEqual([
    "needs-attention",
  ]);
});

test("a host that is out of reach fails where it was not begun, and is left for a resume where it was", () => {
  const seen = new Map<number | null, Observation>([[0, { kind: "lost", why: "no answer" }]]);
  expect(ask({ "create-key": "verified" }, { seen })).toEqual(["settle grant a"]);
  expect(ask({ "create-key": "verified", "grant a": "acted" }, { seen })).toEqual(["stopped"]);
});

test("a host that is down when its commit is due settles nothing, so that all can still be taken back", () => {
  const done = {
    "create-key": "verified",
    grant: "verified",
    "install-key": "verified",
    revoke: "verified",
  } as const;
  const lost: Observation = { kind: "lost", why: "no answer" };
  const seen = new Map<number | null, Observation>([
    [0, lost],
    [1, see("removed")],
    [2, see("removed")],
  ]);
  expect(ask(done, { seen })).toEqual(["stopped"]);
  expect(ask(done, { seen, want: "back" })).toEqual(["undo revoke b", "undo revoke c"]);
});

test("the days of grace are waited for between hand-over and removal", () => {
  const slow = { ...plan, options: { ...plan.options, graceDays: 7 } };
  const states = steps.map(({ ordinal, phase }) => ({
    ordinal,
    state: phase === "revoke" || phase === "finish" ? ("planned" as const) : ("verified" as const),
    isAwaiting: false,
  }));
  const progress = { want: "on" as const, steps: states, seen: new Map([[0, see("added")]]) };
  expect(nextMove(ACCESS_RULES, slow, { ...progress, over: NOTHING })).toEqual({
    kind: "wait",
    until: "grace",
  });
  expect(nextMove(ACCESS_RULES, slow, { ...progress, over: ALL })).toMatchObject({ kind: "do" });
});

test("a verification by a log is waited for before anything is removed, and hinders no holder from getting the new key", () => {
  const states = (handOver: "planned" | "verified") =>
    steps.map(({ ordinal, phase }) => ({
      ordinal,
      state:
        phase === "create-key"
          ? ("verified" as const)
          : phase === "grant"
            ? ("acted" as const)
            : phase === "install-key"
              ? handOver
              : ("planned" as const),
      isAwaiting: phase === "grant",
    }));
  const progress = { want: "on" as const, seen: new Map(), over: NOTHING };
  expect(nextMove(ACCESS_RULES, plan, { ...progress, steps: states("planned") })).toEqual({
    kind: "inspect",
    hostIndexes: [null],
  });
  expect(nextMove(ACCESS_RULES, plan, { ...progress, steps: states("verified") })).toEqual({
    kind: "wait",
    until: "log",
  });
});
