import { expect, test } from "vitest";
import type { PlanDetail } from "#shared/contract/runs.ts";
import { Plan } from "#shared/model/runs/plan.ts";
import type { RunOrigin, RunState } from "#shared/model/runs/run.ts";
import { openFile } from "#store/testing/open-file.ts";
import { makeTemporaryFolder } from "#testing/temporary-folder.ts";
import {
  type AccessKindDeps,
  createAccessKind,
  createAccessRunbook,
  type KeyRunbookDeps,
} from "./kinds/access/access.ts";
import { createOfflineRuns, type OfflineRunDeps } from "./offline/offline-runs.ts";
import { createRuns } from "./runs.ts";

const AT = "2026-06-01T12:00:00Z";
const HASH = "ab".repeat(32);
const MEANS = { mayPrompt: false, identityFiles: [] };

const plan = Plan.parse({
  format: "latchkey-plan-1",
  kind: "rotate-key",
  title: "",
  madeAt: AT,
  oldKey: "SHA256:one",
  newKey: { kind: "provided", line: "ssh-ed25519 AAAA", comment: "", path: null },
  options: {},
  here: [],
  checks: [],
  leftOut: [],
  asOf: null,
  remaining: [],
  confirm: null,
  hosts: [
    {
      host: "web",
      port: 22,
      user: "root",
      useSudo: false,
      batch: 0,
      hostKey: "",
      rollbackTimer: null,
      files: [],
      privateKeyLocations: [],
      verifications: [],
    },
  ],
});

type Work = (signal: AbortSignal) => Promise<void>;

/** Runs that never proceed; counts those that were launched. `announce` is called at every announcement. */
async function openRuns(announce: () => void = () => undefined) {
  const folder = await makeTemporaryFolder();
  const { store, [Symbol.dispose]: close } = openFile(folder.path);
  const launched: Work[] = [];
  const deps = {
    store,
    announce,
    now: () => new Date(AT),
    log: () => undefined,
    trace: () => undefined,
    inBackground: (work: Work) => void launched.push(work),
    runbookOf: () => runbook,
    kindOf: () =>
      createAccessKind({
        ...deps,
        offline: createOfflineRuns({ ...deps } as unknown as OfflineRunDeps),
      } as unknown as AccessKindDeps),
  };
  const runbook = createAccessRunbook({ ...deps } as unknown as KeyRunbookDeps);
  const planId = store.runbooks.plans.take({ plan, hash: HASH, at: AT });
  const add = (origin: RunOrigin, state: RunState) => {
    const counts = { hosts: 1, adds: 0, changes: 0, removes: 0 };
    const run = {
      planId,
      token: "one",
      origin,
      kind: plan.kind,
      title: "",
      at: AT,
      acknowledgements: [],
      counts,
    };
    const id = store.runbooks.runs.begin(run);
    store.runbooks.runs.setState({ id, state, reasons: [], byHand: [], endedAt: null });
    return id;
  };
  const addPaused = () => add("live", "paused");
  const detail = { id: planId, plan, hash: HASH, state: "ready", message: "", runId: null };
  return {
    runs: createRuns(deps as unknown as Parameters<typeof createRuns>[0]),
    store,
    launched,
    add,
    addPaused,
    detail: detail as unknown as PlanDetail,
    [Symbol.asyncDispose]: async () => {
      close();
      await folder[Symbol.asyncDispose]();
    },
  };
}

const reasonOf = (settled: readonly PromiseSettledResult<unknown>[]): string[] =>
  settled.flatMap((one) => (one.status === "rejected" ? [String(one.reason.message)] : []));

test("of two who go on with a run at the same time one does", async () => {
  await using opened = await openRuns();
  const id = opened.addPaused();
  const both = await Promise.allSettled([opened.runs.resume(id, MEANS), opened.runs.resume(id, MEANS)]);
  expect(reasonOf(both)).toEqual([`run ${id} is running already`]);
  expect(opened.launched).toHaveLength(1);
});

test("a run that is taken back is gone on with by nobody else", async () => {
  await using opened = await openRuns();
  const { runs, store } = opened;
  const id = opened.addPaused();
  const first = await Promise.allSettled([runs.rollBack(id, MEANS), runs.resume(id, MEANS)]);
  expect(reasonOf(first)).toEqual([`run ${id} is running already`]);
  expect(store.runbooks.runs.find(id)?.direction).toBe("back");
  expect(opened.launched).toHaveLength(1);
});

test("of two who take a run back, or one who does while another goes on with it, one begins", async () => {
  await using opened = await openRuns();
  const { runs, store } = opened;
  const id = opened.addPaused();
  const both = [runs.resume(id, MEANS), runs.rollBack(id, MEANS), runs.rollBack(id, MEANS)];
  expect(reasonOf(await Promise.allSettled(both))).toEqual([]);
  expect(store.runbooks.runs.find(id)?.direction).toBe("back");
  expect(opened.launched).toHaveLength(1);
});

test("of two who begin a plan at the same time one does", async () => {
  await using opened = await openRuns();
  const { runs, detail } = opened;
  const given = { ...MEANS, hash: HASH, acknowledgements: [], typed: null };
  const both = await Promise.allSettled([runs.start(detail, given), runs.start(detail, given)]);
  expect(reasonOf(both)).toEqual([
    expect.stringMatching(/^run \d+ is at work on web; wait until it is over$/),
  ]);
  expect(opened.launched).toHaveLength(1);
});

test("a run whose going on cannot be written down may be gone on with later", async () => {
  await using opened = await openRuns();
  const { runs, store } = opened;
  const id = opened.addPaused();
  const { queueWrite } = store;
  store.queueWrite = () => Promise.reject(new Error("full"));
  await expect(runs.resume(id, MEANS)).rejects.toThrow("full");
  store.queueWrite = queueWrite;
  await runs.resume(id, MEANS);
  expect(opened.launched).toHaveLength(1);
});

test.each(["paused", "committed"] as const)(
  "a run that has just become %s when it is to be taken back is taken back at once, or says that it is over",
  async (state) => {
    let ask: () => unknown = () => undefined;
    await using opened = await openRuns(() => ask());
    const { runs, store, launched } = opened;
    const id = opened.addPaused();
    await runs.resume(id, MEANS);
    let asked: Promise<void> | null = null;
    const { setState } = store.runbooks.runs;
    store.runbooks.runs.setState = (said) => setState({ ...said, state });
    // Its end is written, but it is still among the running ones.
    ask = () => {
      if (store.runbooks.runs.find(id)?.state === state) asked ??= runs.rollBack(id, MEANS);
    };
    await launched[0]?.(new AbortController().signal);
    await asked;
    expect(launched).toHaveLength(state === "paused" ? 2 : 1);
    expect(store.runbooks.runs.find(id)?.direction).toBe(state === "paused" ? "back" : "forward");
    const said = JSON.stringify(store.runbooks.journal.list({ runId: id, after: null, limit: 50 }));
    if (state === "committed") expect(said).toContain("it had already ended");
  },
);

const DONE = { kind: "verified" as const, evidence: [] };

test.each([
  { origin: "live", of: "a run over sessions" },
  { origin: "offline", of: "a run of scripts" },
] as const)(
  "an end of Latchkey while old private keys of $of are removed leaves them to be removed once more",
  async ({ origin }) => {
    await using opened = await openRuns();
    const { runs, store, launched } = opened;
    const id = opened.add(origin, "interrupted");
    const path = "/home/deploy/.ssh/id";
    await expect(runs.resume(id, { ...MEANS, removesOld: true })).rejects.toThrow("keeps no old private key");
    store.runbooks.keptKeys.put(id, { host: "web", port: 22, path, kept: `${path}.latchkey-kept-0a0a0a0a` });
    const step = {
      ordinal: 0,
      batch: 0,
      host: "web",
      port: 22,
      phase: "finish" as const,
      verification: null,
      result: null,
    };
    store.runbooks.journal.addSteps(id, [{ ...step, state: "planned", message: "", at: AT }]);
    if (origin === "live") {
      const early = runs.resume(id, { ...MEANS, removesOld: true });
      await expect(early).rejects.toThrow("some of its steps have not ended");
    }
    store.runbooks.journal.setStep({ runId: id, ordinal: 0, state: "verified", result: DONE, at: AT });
    if (origin !== "live") {
      const remedy = `(latchkey runs resume ${id} --remove-old)`;
      await expect(runs.resume(id, MEANS)).rejects.toThrow(remedy);
      await expect(runs.rollBack(id, MEANS)).rejects.toThrow(remedy);
    }
    await runs.resume(id, { ...MEANS, removesOld: true });
    expect(launched).toHaveLength(1);
  },
);
