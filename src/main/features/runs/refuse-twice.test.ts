import { expect, test } from "vitest";
import { Refusal } from "#shared/model/refusal.ts";
import { Plan } from "#shared/model/runs/plan.ts";
import type { RunId, StepState } from "#shared/model/runs/run.ts";
import { openFile } from "#store/testing/open-file.ts";
import { makeTemporaryFolder } from "#testing/temporary-folder.ts";
import { type Running, refuseBegun, refuseTwice } from "./engine/launch.ts";
import { holdsKey, listKeysHeld } from "./kinds/access/access.ts";

const AT = "2026-06-01T12:00:00Z";

const ofKeys = () => ({ listExclusive: listKeysHeld, holdsExclusive: holdsKey });

const holder = (kind: "file" | "agent", path: string) => ({
  host: null,
  kind,
  path,
  uid: null,
  gid: null,
  owner: "",
  mode: "0600",
  isEncrypted: false,
  before: null,
  hasPublicFile: true,
  possession: { kind: "verified" },
});

const planOf = (oldKey: string, host: string, here: ReturnType<typeof holder>[]): Plan =>
  Plan.parse({
    format: "latchkey-plan-1",
    kind: "rotate-key",
    title: "",
    madeAt: AT,
    oldKey,
    newKey: { kind: "provided", line: "ssh-ed25519 AAAA", comment: "", path: null },
    options: {},
    here,
    checks: [],
    leftOut: [],
    asOf: null,
    remaining: [],
    confirm: null,
    hosts: [
      {
        host,
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

const ID = "/home/jo/.ssh/id_ed25519";
const one = planOf("SHA256:one", "web", [holder("file", ID), holder("agent", "/run/agent")]);

/** Why a plan may not begin beside another; null: it may. */
function judge(work: () => void): string | null {
  try {
    work();
    return null;
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    return error.message;
  }
}

test.each<[string, Plan, string | null]>([
  ["the same host", planOf("SHA256:two", "web", []), "run 7 is at work on web; wait until it is over"],
  [
    "the same private key here",
    planOf("SHA256:one", "db", [holder("file", ID)]),
    `run 7 is replacing ${ID}; wait until it is over`,
  ],
  [
    "the same key of an agent",
    planOf("SHA256:one", "db", [holder("agent", "/run/agent")]),
    "run 7 is replacing a key of the agent at /run/agent; wait until it is over",
  ],
  ["another key of an agent", planOf("SHA256:two", "db", [holder("agent", "/run/agent")]), null],
  ["nothing in common", planOf("SHA256:two", "db", [holder("file", "/home/jo/.ssh/id_rsa")]), null],
])(
  "beside a run that goes on, one that has %s is told at its start whether it may begin",
  (_, other, why) => {
    const running: Running = new Map([
      [
        7 as RunId,
        {
          id: 7 as RunId,
          plan: one,
          want: "on",
          endsGrace: false,
          acknowledgements: [],
          removesOld: false,
          undoes: false,
          waitsFor: null,
        },
      ],
    ]);
    expect(judge(() => refuseTwice(ofKeys, running, other))).toBe(why);
  },
);

test.each<[string, StepState, StepState, boolean]>([
  ["has begun nothing", "planned", "planned", false],
  ["could not make its key", "failed", "planned", false],
  ["has made its key", "verified", "planned", true],
  ["has put its key in place", "verified", "verified", true],
  ["has taken all back", "rolled-back", "rolled-back", false],
])(
  "a run that stands still and %s is told apart from others of its halves",
  async (_, made, handed, isRefused) => {
    await using folder = await makeTemporaryFolder();
    using database = openFile(folder.path);
    const { runbooks } = database.store;
    const planId = runbooks.plans.take({ plan: one, hash: "ab".repeat(32), at: AT });
    const counts = { hosts: 1, adds: 0, changes: 0, removes: 0 };
    const run = {
      planId,
      token: "one",
      origin: "live" as const,
      kind: one.kind,
      title: "",
      at: AT,
      acknowledgements: [],
      counts,
    };
    const id = runbooks.runs.begin(run);
    const step = {
      host: null,
      port: null,
      batch: 0,
      verification: null,
      result: null,
      message: "",
      at: null,
    };
    runbooks.journal.addSteps(id, [
      { ...step, ordinal: 1, phase: "create-key", state: made },
      { ...step, ordinal: 2, phase: "install-key", state: handed },
    ]);
    const end = { id, reasons: [], byHand: [], endedAt: null };
    runbooks.runs.setState({ ...end, state: "stopped" });
    const again = planOf("SHA256:one", "db", [holder("file", ID)]);
    const why = `run ${id} has begun to replace ${ID}; resume it, or roll it back, before another one`;
    expect(judge(() => refuseBegun(ofKeys, database.store, again))).toBe(isRefused ? why : null);
    expect(judge(() => refuseBegun(ofKeys, database.store, planOf("SHA256:two", "web", [])))).toBeNull();
    // Then it is not known which private keys it has begun to replace.
    database.write("UPDATE plan SET body = '{}'");
    const hasBegun = made !== "planned" && made !== "rolled-back";
    expect(judge(() => refuseBegun(ofKeys, database.store, again))).toEqual(
      hasBegun ? expect.stringContaining(`the plan of run ${id} was not stored by this version`) : null,
    );
    expect(judge(() => refuseBegun(ofKeys, database.store, planOf("SHA256:two", "web", [])))).toBeNull();
    runbooks.runs.setState({ ...end, state: "rolled-back" });
    expect(judge(() => refuseBegun(ofKeys, database.store, again))).toBeNull();
  },
);
