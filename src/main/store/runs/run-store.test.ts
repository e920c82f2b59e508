import { expect, test } from "vitest";
import { PlanRequest } from "#shared/contract/runs.ts";
import type { Instant } from "#shared/model/instant.ts";
import { Plan, type PlanId } from "#shared/model/runs/plan.ts";
import type { RunStep } from "#shared/model/runs/run.ts";
import { described, type StepResult } from "#shared/model/runs/step-result.ts";
import { visitHost } from "#store/testing/make-visit.ts";
import { openFile } from "#store/testing/open-file.ts";
import { makeTemporaryFolder } from "#testing/temporary-folder.ts";

const AT: Instant = "2026-06-01T12:00:00Z";
const request = PlanRequest.parse({ kind: "remove-grants", grants: [1] });
const HASH = "ab".repeat(32);

const plan = Plan.parse({
  format: "latchkey-plan-1",
  kind: "remove-grants",
  title: "Remove 1 grant",
  madeAt: AT,
  oldKey: null,
  options: {},
  hosts: [],
  checks: [],
  leftOut: [],
  asOf: null,
  remaining: [],
  confirm: null,
});

const step = (ordinal: number, phase: RunStep["phase"]): RunStep => ({
  ordinal,
  phase,
  host: "web",
  port: 22,
  batch: 0,
  state: "planned",
  verification: null,
  result: null,
  message: "",
  at: null,
});

test("a plan is being made, is ready with its hash, and stays as it was", async () => {
  await using folder = await makeTemporaryFolder();
  using database = openFile(folder.path);
  const { plans } = database.store.runbooks;
  const id = plans.begin(request, AT);
  plans.progress(id, 1, 2);
  expect(plans.find(id)).toEqual({
    id,
    state: "making",
    message: "",
    madeAt: AT,
    plan: null,
    hash: null,
    read: 1,
    total: 2,
    request,
    runId: null,
    review: null,
  });
  plans.finish(id, { plan, hash: HASH, at: AT });
  plans.fail(id, "too late");
  expect(plans.find(id)).toMatchObject({ state: "ready", plan, hash: HASH, message: "" });
  const taken = plans.take({ plan, hash: HASH, at: AT });
  const runId = begin(database.store.runbooks.runs, taken, "one");
  expect(plans.find(taken)).toMatchObject({ state: "ready", request: null, runId });
});

test("what a killed process was at is told as cut short when the next one begins", async () => {
  await using folder = await makeTemporaryFolder();
  using database = openFile(folder.path);
  const { plans, runs } = database.store.runbooks;
  const [making, planId] = [plans.begin(request, AT), plans.take({ plan, hash: HASH, at: AT })];
  const runId = begin(runs, planId, "one");
  expect([plans.interruptMaking(), runs.interruptRunning(), runs.interruptRunning()]).toEqual([1, 1, 0]);
  expect(plans.find(making)?.state).toBe("failed");
  expect(runs.find(runId)).toMatchObject({ state: "interrupted", endedAt: null });
});

test("what a bundle told of a host is gone once the host is read anew, and stays while it cannot be", async () => {
  await using folder = await makeTemporaryFolder();
  using database = openFile(folder.path);
  const { store, read } = database;
  const look = { signedBy: null, accounts: [], files: [] };
  for (const host of ["web", "db"]) {
    visitHost(store, host, { at: AT });
    store.atomically(() =>
      store.offlineReadings.put({ host, port: 22 }, { at: AT, standing: "claimed", reading: look }),
    );
  }
  visitHost(store, "db", { at: "2026-06-02T12:00:00Z", collected: null });
  visitHost(store, "web", { at: "2026-06-02T12:00:00Z" });
  expect(read("SELECT host.host FROM offline_reading JOIN host ON host.id = offline_reading.host")).toEqual([
    { host: "db" },
  ]);
});

const FULL: StepResult = {
  kind: "failed",
  cause: described("it is full"),
  stands: "nothing-changed",
  left: [],
};

test("a run is listed with its counts, found with its new key, and its journal is in its order", async () => {
  await using folder = await makeTemporaryFolder();
  using database = openFile(folder.path);
  const { plans, runs, journal } = database.store.runbooks;
  const planId = plans.take({ plan, hash: HASH, at: AT });
  const [first, second] = [begin(runs, planId, "one"), begin(runs, planId, "two")];
  journal.addSteps(first, [step(1, "revoke"), step(2, "revoke"), step(3, "finish")]);
  journal.setStep({
    runId: first,
    ordinal: 1,
    state: "verified",
    result: { kind: "verified", evidence: [] },
    at: AT,
  });
  journal.setStep({ runId: first, ordinal: 2, state: "failed", result: FULL, at: AT });
  for (const kind of ["intends", "acted", "verified"] as const)
    journal.append({ runId: first, ordinal: 1, kind, note: { kind: "over-already" }, at: AT });
  runs.setKey(first, { line: "ssh-ed25519 AAAA", fingerprint: "SHA256:x" });
  runs.setState({
    id: first,
    state: "stopped",
    reasons: [{ kind: "blocked", cause: described("it is full") }],
    byHand: ["true"],
    endedAt: null,
  });

  const all = { search: "", state: null, kind: null, after: null, limit: 1 };
  const newest = { by: "startedAt" as const, descending: true };
  const page = runs.list({ ...all, sort: newest });
  expect(page).toMatchObject({ rows: [{ id: second }], total: 2 });
  expect(runs.list({ ...all, after: page.next, sort: newest }).rows).toMatchObject([
    { id: first, state: "stopped", steps: 3, stepsDone: 1, failed: 1, message: "it is full" },
  ]);
  expect(runs.list({ ...all, search: "nothing", sort: newest }).total).toBe(0);
  expect(runs.list({ ...all, search: `#${first}`, sort: newest }).rows).toMatchObject([{ id: first }]);
  expect(runs.list({ ...all, search: "grant", state: "stopped", sort: newest }).total).toBe(1);
  expect(runs.find(first)).toMatchObject({ newKey: { fingerprint: "SHA256:x" }, byHand: ["true"] });
  expect(journal.steps(first)).toMatchObject([
    { state: "verified", message: "" },
    { state: "failed", result: FULL, message: "it is full; nothing was changed" },
    { state: "planned", result: null, message: "" },
  ]);
  const told = journal.list({ runId: first, after: null, limit: 2 });
  expect(told.rows.map(({ kind }) => kind)).toEqual(["intends", "acted"]);
  expect(journal.list({ runId: first, after: told.next, limit: 2 }).rows).toHaveLength(1);
});

test("a run whose logs have been watched long enough is due", async () => {
  await using folder = await makeTemporaryFolder();
  using database = openFile(folder.path);
  const { plans, runs } = database.store.runbooks;
  const id = begin(runs, plans.take({ plan, hash: HASH, at: AT }), "one");
  runs.setState({ id, state: "waiting", reasons: [], byHand: [], endedAt: null });
  runs.setDue(id, "2026-06-08T12:00:00Z");
  expect([runs.due(AT), runs.due("2026-06-08T12:00:00Z")]).toEqual([[], [id]]);
});

type Runs = ReturnType<typeof openFile>["store"]["runbooks"]["runs"];

const begin = (runs: Runs, planId: PlanId, token: string) =>
  runs.begin({
    planId,
    token,
    origin: "live",
    kind: "remove-grants",
    title: "Remove 1 grant",
    at: AT,
    acknowledgements: [],
    counts: { hosts: 1, adds: 0, changes: 0, removes: 1 },
  });

test("that whether sshd refuses a key was not learnt this time takes nothing back of what it said before", async () => {
  await using folder = await makeTemporaryFolder();
  using database = openFile(folder.path);
  const { plans, runs, accessChecks } = database.store.runbooks;
  const id = begin(runs, plans.take({ plan, hash: HASH, at: AT }), "one");
  const check = { host: "web1", port: 22, account: "ann", fingerprint: "SHA256:old", why: ["a way"], at: AT };
  const answers = () => accessChecks.all(id).map(({ answer }) => answer);
  accessChecks.put(id, { ...check, answer: "unknown" });
  accessChecks.put(id, { ...check, answer: "accepted" });
  accessChecks.put(id, { ...check, answer: "unknown" });
  expect(answers()).toEqual(["accepted"]);
  accessChecks.put(id, { ...check, answer: "refused" });
  expect(answers()).toEqual(["refused"]);
});

test("what sshd still accepts after a run that is over is told until a later run has it refused", async () => {
  await using folder = await makeTemporaryFolder();
  using database = openFile(folder.path);
  const { plans, runs, accessChecks } = database.store.runbooks;
  const planId = plans.take({ plan, hash: HASH, at: AT });
  const check = {
    host: "web1",
    port: 22,
    account: "ann",
    fingerprint: "SHA256:old",
    why: ["by a command"],
    at: AT,
  };
  const [one, two] = [begin(runs, planId, "one"), begin(runs, planId, "two")];
  const told = () => accessChecks.accepted(10).map(({ runId }) => runId);
  const commit = (id: typeof one) =>
    runs.setState({ id, state: "committed", reasons: [], byHand: [], endedAt: AT });
  accessChecks.put(one, { ...check, answer: "accepted" });
  expect(told()).toEqual([]);
  commit(one);
  expect(told()).toEqual([one]);
  accessChecks.put(two, { ...check, answer: "unknown" });
  commit(two);
  expect(told()).toEqual([one]);
  // Of two that had the same answer at the same moment one is told.
  accessChecks.put(two, { ...check, answer: "accepted" });
  expect(told()).toEqual([two]);
  // What a run finds that is not over yet, or is rolled back, does not hide what is still so.
  accessChecks.put(begin(runs, planId, "three"), {
    ...check,
    answer: "accepted",
    at: "2026-06-02T12:00:00Z",
  });
  expect(told()).toEqual([two]);
  accessChecks.put(two, { ...check, answer: "refused" });
  expect(told()).toEqual([]);
});

test("a stored value that cannot be read costs its own text, and neither the list of runs nor the run", async () => {
  await using folder = await makeTemporaryFolder();
  using database = openFile(folder.path);
  const { plans, runs, journal, files, accessChecks, certificates } = database.store.runbooks;
  const planId = plans.take({ plan, hash: HASH, at: AT });
  const id = begin(runs, planId, "one");
  journal.addSteps(id, [step(1, "revoke")]);
  journal.setStep({ runId: id, ordinal: 1, state: "failed", result: FULL, at: AT });
  journal.append({ runId: id, ordinal: 1, kind: "note", note: { kind: "over-already" }, at: AT });
  journal.append({ runId: id, ordinal: 1, kind: "failed", result: FULL, at: AT });
  const where = { host: "web1", port: 22 };
  files.put(id, {
    ...where,
    path: "/k",
    phase: "revoke",
    fate: "stuck",
    cause: described("it is full"),
    takeOut: ["a"],
    putBack: [],
    repair: { over: HASH, to: HASH, isApproved: false },
  });
  accessChecks.put(id, {
    ...where,
    account: "ann",
    fingerprint: "SHA256:x",
    answer: "accepted",
    why: [],
    at: AT,
  });
  certificates.add(id, { ...where, change: "a", names: ["web"], issuer: 1 });
  database.write(`
    UPDATE run SET reasons = '[{"kind":"of-another-version"}]', by_hand = '[1]', acknowledgements = '{}';
    UPDATE run_step SET result = '{"kind":"of-another-version"}';
    UPDATE run_entry SET note = '{"kind":"of-another-version"}' WHERE note IS NOT NULL;
    UPDATE run_entry SET result = '{"kind":"of-another-version"}' WHERE result IS NOT NULL;
    UPDATE run_file SET cause = '{}', take_out = '{}';
    UPDATE run_access_check SET why = '{}';
    UPDATE run_certificate SET names = '{}', note = '{}', new_hashes = '{}';
    UPDATE plan SET body = '{}'`);

  const unreadable = "this was not stored by this version of Latchkey, and cannot be read";
  const sort = { by: "startedAt" as const, descending: true };
  const all = { search: "", state: null, kind: null, after: null, limit: 9, sort };
  expect(runs.list(all).rows).toMatchObject([{ id, failed: 1, message: unreadable }]);
  expect(runs.find(id)).toMatchObject({ byHand: [], acknowledgements: [] });
  expect(journal.steps(id)).toMatchObject([{ state: "failed", result: null, message: unreadable }]);
  expect(journal.all(id).map(({ text }) => text)).toEqual([unreadable, unreadable]);
  expect(files.all(id)).toMatchObject([{ why: unreadable, takeOut: [], repair: null }]);
  expect(accessChecks.all(id)).toMatchObject([{ answer: "accepted", why: [unreadable] }]);
  // Null would mean that nothing was staged on the host.
  expect(certificates.all(id)).toMatchObject([{ names: [], note: null, newHashes: [] }]);
  expect(plans.find(planId)).toMatchObject({ state: "failed", message: unreadable, plan: null });
  // And the run can be resumed as ever.
  journal.setStep({ runId: id, ordinal: 1, state: "rolled-back", result: FULL, at: AT });
  expect(journal.steps(id)).toMatchObject([{ state: "rolled-back", result: FULL }]);
});

test("what could not be read again is not stored", async () => {
  await using folder = await makeTemporaryFolder();
  using database = openFile(folder.path);
  const { plans, runs, journal } = database.store.runbooks;
  const id = begin(runs, plans.take({ plan, hash: HASH, at: AT }), "one");
  journal.addSteps(id, [step(1, "revoke")]);
  const odd = { ...FULL, stands: "upside-down" } as unknown as StepResult;
  expect(() => journal.setStep({ runId: id, ordinal: 1, state: "failed", result: odd, at: AT })).toThrow(
    "stands",
  );
  expect(journal.steps(id)).toMatchObject([{ state: "planned", result: null }]);
});
