import { expect, test } from "vitest";
import { ACCESS_RULES } from "#domain/runs/access/rules.ts";
import { makeFile, makeHolder, makeHost, makePlanValue } from "#domain/runs/testdata/make-plan-value.ts";
import { runOn, type Steering } from "#runs/engine/run-loop.ts";
import type { Ended, Runbook } from "#runs/engine/runbook.ts";
import type { AccessCheck } from "#shared/model/runs/run.ts";
import { formatRunReasons } from "#shared/text/runs/run.ts";
import { endVerified } from "./finish.ts";
import type { KeyRun } from "./key-run.ts";

const runbook = {
  rules: ACCESS_RULES,
  phases: {},
  finish: endVerified,
} as unknown as Runbook;

const plan = makePlanValue({
  hosts: ["web1", "db1"].map((host, batch) => makeHost({ host, batch, files: [makeFile(batch, "both")] })),
  here: [makeHolder(null)],
});

const check = (host: string, answer: AccessCheck["answer"], why: string): AccessCheck => ({
  host,
  port: 22,
  account: "ops",
  fingerprint: "SHA256:old",
  answer,
  why: [why],
  at: "2026-03-01T00:00:00Z",
});

/** The end as a person reads it. */
const tellEnd = ({ state, reasons }: Ended) => ({ state, message: formatRunReasons(reasons) });

const taken = check("web1", "accepted", "by a command");
const unknown = check("db1", "unknown", "no answer");

/** A run whose steps are all verified, and whose old key still logs in on web1 until sshd is asked there again. */
function makeRun() {
  const dropped: string[] = [];
  let checks = [taken, unknown];
  const run = {
    plan,
    signal: new AbortController().signal,
    request: { removesOld: false },
    change: {},
    openNewKey: async () => undefined,
    sessions: {
      async of() {
        checks = [unknown];
        return { kind: "lost", message: "it was asked, and is gone" };
      },
    },
    privateKeys: {
      async dropKept({ path }: { path: string }) {
        dropped.push(path);
        return { kind: "done" };
      },
    },
    rules: ACCESS_RULES,
    journal: {
      failure: () => null,
      steps: () => ACCESS_RULES.steps(plan).map((step) => ({ ...step, state: "verified", message: "" })),
      files: () => [],
      keptKeys: () => [],
      accessChecks: () => checks,
      note: async () => undefined,
    },
  } as unknown as KeyRun;
  return { run, dropped };
}

const steer = (want: "on" | "back"): Steering => ({
  want: () => want,
  undoes: false,
  turnBack: async () => undefined,
  reopen: async () => undefined,
});

test("what is not known of one account is still said once the last way in of another one is closed", async () => {
  const { run, dropped } = makeRun();
  expect(tellEnd(await endVerified(run, { reasons: [], isResumed: true }))).toEqual({
    state: "committed",
    message: "whether SHA256:old is refused for ops on db1 is not known: no answer",
  });
  expect(dropped).toHaveLength(1);
});

test("a run whose old key still gets in is not gone on with by taking it back: nobody is asked again, and its old private keys stay", async () => {
  const back = makeRun();
  expect(tellEnd(await runOn(runbook, back.run, steer("back")))).toMatchObject({
    state: "needs-attention",
    message: expect.stringContaining("the old key still gets in to ops on web1"),
  });
  expect(back.dropped).toEqual([]);
  const on = makeRun();
  expect(await runOn(runbook, on.run, steer("on"))).toMatchObject({ state: "committed" });
  expect(on.dropped).toHaveLength(1);
});

test("where a host is out of reach the other old private keys go, and the run stays committed and says which one stays", async () => {
  const hosts = ["web1", "db1"].map((host, batch) =>
    makeHost({ host, batch, files: [makeFile(batch, "both")], privateKeyLocations: [makeHolder(host)] }),
  );
  const { path } = makeHolder(null);
  let kept = hosts.map(({ host, port }) => ({ host, port, path, kept: `${path}.latchkey-kept-1` }));
  const walked: (string | null)[] = [];
  const made = makeRun().run;
  const run = {
    ...made,
    plan: { ...plan, hosts },
    request: { removesOld: true },
    sessions: {
      of: async (place: number) => (place === 0 ? { kind: "lost", message: "no route" } : { remote: {} }),
    },
    privateKeys: {
      async dropKept({ host }: { host: { host: string } | null }) {
        walked.push(host?.host ?? null);
        return { kind: "done" };
      },
    },
    journal: {
      ...made.journal,
      accessChecks: () => [],
      keptKeys: () => kept,
      forgetKey: async (key: unknown) => {
        kept = kept.filter((one) => one !== key);
      },
    },
  } as unknown as KeyRun;
  expect(tellEnd(await endVerified(run, { reasons: [], isResumed: true }))).toEqual({
    state: "committed",
    message: `web1:22:${path}: the old private key could not be removed: no route`,
  });
  // No other private key location is asked: nothing was kept there.
  expect([walked, kept.map(({ host }) => host)]).toEqual([["db1"], ["web1"]]);
});
