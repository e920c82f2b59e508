import { expect, test } from "vitest";
import type { Instant } from "#shared/model/instant.ts";
import { Plan } from "#shared/model/runs/plan.ts";
import type { RunId } from "#shared/model/runs/run.ts";
import type { CollectedHost } from "#store/probe-record.ts";
import { openStore, type Store } from "#store/store.ts";
import { listFindings, listGrants } from "#store/testing/ask.ts";
import { fingerprintOf, makeGrant, makeVerdict, visitHost } from "#store/testing/make-visit.ts";

const openMemory = () => openStore({ path: ":memory:", access: "write" });

const dayOf = (day: number): Instant => `2026-06-${String(day).padStart(2, "0")}T00:00:00Z`;
const now = new Date("2026-07-01T00:00:00Z");

const visit = (store: Store, day: number, collected: Partial<CollectedHost>) =>
  visitHost(store, "web", { at: dayOf(day), collected });

const found = (store: Store) =>
  listFindings(store, { now }).rows.map(({ rule, severity, label }) => `${severity} ${rule} ${label}`);

const isBack = (store: Store) =>
  found(store).some((line) => line.startsWith("critical grant-returned SHA256:"));

test("a key that no line let in any more, and one does again, is critical in whichever file of the account", () => {
  const store = openMemory();
  visit(store, 1, { grants: [makeGrant("bob")] });
  visit(store, 2, {});
  visit(store, 3, { grants: [makeGrant("bob", { file: "/root/.ssh/authorized_keys2", text: "x" })] });
  expect(found(store)).toEqual([`critical grant-returned ${fingerprintOf("bob")} bob`]);
  const { rows } = listFindings(store, { now });
  expect(rows[0]).toMatchObject({
    firstSeen: dayOf(3),
    evidence: [
      "/root/.ssh/authorized_keys2:1",
      `the scan of ${dayOf(2)} found no line with this key for the account`,
      `the scan of ${dayOf(3)} found this one`,
    ],
  });
  expect(listGrants(store).rows[0]?.findings.map(({ rule }) => rule)).toContain("grant-returned");
  // Whoever then edits the line, or moves it, has not made it another one.
  visit(store, 4, { grants: [makeGrant("bob", { text: "y" })] });
  visit(store, 5, { grants: [makeGrant("bob", { text: "y", line: 9 })] });
  expect(isBack(store)).toBe(true);
  expect(listFindings(store, { now }).rows[0]?.firstSeen).toBe(dayOf(3));
});

test("a line that moves, changes, stands twice, or no longer lets in has not returned", () => {
  const store = openMemory();
  visit(store, 1, { grants: [makeGrant("bob")] });
  visit(store, 2, { grants: [makeGrant("bob", { line: 7 })] });
  visit(store, 3, { grants: [makeGrant("bob", { line: 7, text: "from=10.0.0.1 bob" })] });
  visit(store, 4, { grants: [makeGrant("bob", { file: "/root/.ssh/authorized_keys2" })] });
  expect(found(store)).toEqual([]);
  const twice = [makeGrant("bob", { file: "/root/.ssh/authorized_keys2" }), makeGrant("bob")];
  visit(store, 5, { grants: twice });
  visit(store, 6, { grants: twice.slice(0, 1) });
  visit(store, 7, { grants: twice });
  expect(found(store).filter((line) => line.includes("returned"))).toEqual([]);
  visit(store, 8, {});
  visit(store, 9, { grants: [makeGrant("bob", { verdict: makeVerdict("no") })] });
  expect(isBack(store)).toBe(false);
  visit(store, 10, { grants: [makeGrant("bob", { verdict: makeVerdict("unknown") })] });
  expect(found(store)).toContain(`high grant-returned ${fingerprintOf("bob")} bob`);
});

test("a key that has returned stays so, written twice, one line after the other deleted, and both changed", () => {
  const store = openMemory();
  const line = (comment: string, at = 1) => makeGrant("bob", { comment, text: comment, line: at });
  visit(store, 1, { grants: [line("a")] });
  visit(store, 2, {});
  visit(store, 3, { grants: [line("a"), line("b", 2)] });
  visit(store, 4, { grants: [line("b", 2)] });
  expect(isBack(store)).toBe(true);
  visit(store, 5, { grants: [line("b"), line("c", 2)] });
  visit(store, 6, { grants: [line("d"), line("e", 2)] });
  visit(store, 7, { grants: [line("e", 2)] });
  expect(isBack(store)).toBe(true);
  expect(listFindings(store, { now, rule: "grant-returned" }).rows[0]?.firstSeen).toBe(dayOf(3));
});

test("whoever approves what has returned settles it, and an approval from before settles what no run had removed", () => {
  const store = openMemory();
  const grants = [makeGrant("bob")];
  visit(store, 1, { grants });
  approve(store, 1);
  visit(store, 2, {});
  visit(store, 3, { grants });
  expect(isBack(store)).toBe(false);

  visit(store, 4, {});
  removeByRun(store, dayOf(4));
  visit(store, 5, { grants });
  expect(isBack(store)).toBe(true);
  const [finding] = listFindings(store, { now, rule: "grant-returned" }).rows;
  expect(finding?.sentence).toBe("this key was removed by a run, is there again, and logs in as root");
  expect(finding?.evidence.at(-1)).toBe("run 1 had removed it: Remove 1 grant");
  approve(store, 6);
  expect(isBack(store)).toBe(false);
});

test("what a run of ours has put back itself has not returned", () => {
  const store = openMemory();
  const grants = [makeGrant("bob")];
  visit(store, 1, { grants });
  const run = removeByRun(store, dayOf(1));
  visit(store, 2, {});
  rollBack(store, run, dayOf(2));
  visit(store, 3, { grants });
  expect(isBack(store)).toBe(false);
  // Only that run's key.
  visit(store, 4, { grants: [...grants, makeGrant("eve", { line: 2 })] });
  visit(store, 5, { grants });
  visit(store, 6, { grants: [...grants, makeGrant("eve", { line: 2 })] });
  expect(found(store).filter((line) => line.includes("returned"))).toEqual([
    `critical grant-returned ${fingerprintOf("eve")} eve`,
  ]);
  // Once.
  visit(store, 7, {});
  visit(store, 8, { grants });
  expect(isBack(store)).toBe(true);
});

test("a run that has put a key back for another account, or was begun and hangs, hides no return of it", () => {
  const store = openMemory();
  const ofAlice = makeGrant("bob", { account: "alice", file: "/home/alice/.ssh/authorized_keys" });
  visit(store, 1, { grants: [makeGrant("bob"), ofAlice] });
  visit(store, 2, { grants: [ofAlice] });
  const run = removeByRun(store, dayOf(3), "alice");
  rollBack(store, run, dayOf(3));
  visit(store, 4, { grants: [makeGrant("bob"), ofAlice] });
  expect(isBack(store)).toBe(true);

  visit(store, 5, { grants: [ofAlice] });
  const hung = removeByRun(store, dayOf(5));
  store.atomically(() => store.runbooks.runs.setDirection(hung, "back"));
  store.atomically(() =>
    store.runbooks.runs.setState({
      id: hung,
      state: "needs-attention",
      reasons: [],
      byHand: [],
      endedAt: null,
    }),
  );
  visit(store, 6, { grants: [makeGrant("bob"), ofAlice] });
  expect(isBack(store)).toBe(true);
});

test("what a run is putting back just now has not returned", () => {
  const store = openMemory();
  visit(store, 1, { grants: [makeGrant("bob")] });
  const run = removeByRun(store, dayOf(1));
  visit(store, 2, {});
  store.atomically(() => store.runbooks.runs.setDirection(run, "back"));
  visit(store, 3, { grants: [makeGrant("bob")] });
  expect(isBack(store)).toBe(false);
});

function approve(store: Store, day: number): void {
  const [row] = listGrants(store).rows;
  const line = store.changes.findLine(row?.id ?? 0);
  if (!line) throw new Error("there is no grant");
  const approval = { owner: "Bob", purpose: "backups", reviewOn: null, approvedAt: dayOf(day) };
  store.atomically(() => store.changes.approve(line, approval));
}

/** Puts back what a run has removed. */
function rollBack(store: Store, runId: RunId, at: Instant): void {
  const { runs, journal } = store.runbooks;
  store.atomically(() => {
    runs.setDirection(runId, "back");
    journal.setStep({
      runId,
      ordinal: 1,
      state: "rolled-back",
      result: { kind: "rolled-back", as: "as-before", left: [] },
      at,
    });
    runs.setState({ id: runId, state: "rolled-back", reasons: [], byHand: [], endedAt: at });
  });
}

/** A run that has removed bob's key from an account, as sshd has answered it. */
function removeByRun(store: Store, at: Instant, account = "root") {
  const { plans, runs, accessChecks, journal } = store.runbooks;
  const plan = Plan.parse({
    format: "latchkey-plan-1",
    kind: "remove-grants",
    title: "Remove 1 grant",
    madeAt: at,
    oldKey: fingerprintOf("bob"),
    options: {},
    hosts: [
      {
        host: "web",
        port: 22,
        user: "root",
        useSudo: false,
        batch: 0,
        hostKey: "",
        rollbackTimer: null,
        files: [
          {
            account,
            path: "/etc/ssh/keys",
            uid: 0,
            gid: 0,
            owner: "root",
            mode: "0600",
            before: "0".repeat(64),
            sizeBytes: 15,
            added: null,
            removed: [{ at: 0, removed: "ssh-ed25519 bob", inserted: "" }],
            hunks: [{ line: 1, rows: [{ sign: "-", text: "ssh-ed25519 bob" }] }],
            adds: 0,
            changes: 0,
            removes: 1,
          },
        ],
        privateKeyLocations: [],
        verifications: [],
      },
    ],
    checks: [],
    leftOut: [],
    asOf: null,
    remaining: [],
    confirm: null,
  });
  return store.atomically(() => {
    const planId = plans.take({ plan, hash: "ab".repeat(32), at });
    const run = runs.begin({
      planId,
      token: `${at} ${account}`,
      origin: "live",
      kind: "remove-grants",
      title: plan.title,
      at,
      acknowledgements: [],
      counts: { hosts: 1, adds: 0, changes: 0, removes: 1 },
    });
    journal.addSteps(run, [
      {
        ordinal: 1,
        phase: "revoke",
        host: "web",
        port: 22,
        batch: 0,
        state: "verified",
        verification: null,
        result: { kind: "verified", evidence: [] },
        message: "",
        at,
      },
    ]);
    accessChecks.put(run, {
      host: "web",
      port: 22,
      account,
      fingerprint: fingerprintOf("bob"),
      answer: "refused",
      why: [],
      at,
    });
    return run;
  });
}
