import { expect, test } from "vitest";
import { hashPlan } from "#domain/runs/hash-plan.ts";
import { makeFile, makeHolder, makeHost, makePlanValue } from "#domain/runs/testdata/make-plan-value.ts";
import { AFTER, ALL_PHASES, nonceOf, WRITTEN_AT, writeResult } from "#domain/runs/testdata/write-result.ts";
import { SAMPLE_KEYS } from "#domain/ssh/testdata/sample-keys.ts";
import { signBytes } from "#net/local/sign-bytes.ts";
import type { BundleSignature } from "#shared/model/hosts/bundle.ts";
import { NEW_KEY_NAMESPACE } from "#shared/model/runs/offline-script.ts";
import type { AccessHost, Plan } from "#shared/model/runs/plan.ts";
import { Phase } from "#shared/model/runs/run.ts";
import { openStore } from "#store/store.ts";
import { makeKeyFile } from "#testing/ssh/key-files.ts";
import { makeTemporaryFolder } from "#testing/temporary-folder.ts";
import { listClaims } from "./claims.ts";
import { createResultTaker } from "./offline-runs.ts";

const PLAN = makePlanValue({
  newKey: { kind: "provided", line: "ssh-ed25519 AAAA", comment: "", path: null },
  hosts: ["web1", "db1"].map((host, batch) =>
    makeHost({ host, batch, files: [{ ...makeFile(batch, "both"), after: AFTER }] }),
  ),
});
const inspectionOf = (line: string) => ({
  uid: 1,
  gid: 1,
  mode: "0600",
  isEncrypted: false,
  hash: null,
  hasPublicFile: true,
  possession: { kind: "verified" as const },
  line,
  fingerprint: null,
  comment: "",
  stuck: null,
});

const KNOWN: BundleSignature = {
  kind: "known",
  signer: "ann",
  keyType: "ssh-ed25519",
  fingerprint: "SHA256:ann",
};

/** `here`: the line of the key that is at every path of this computer. */
function makeDesk(plan: Plan, here = "") {
  const stands = { line: here };
  const store = openStore({ path: ":memory:", access: "write" });
  const signed = { by: KNOWN };
  store.atomically(() => {
    const planId = store.runbooks.plans.take({ plan, hash: hashPlan(plan), at: WRITTEN_AT });
    plan.hosts.forEach(({ host, port }, index) => {
      for (const phases of [ALL_PHASES, "create-key"])
        store.runbooks.offline.addScript({
          nonce: nonceOf(index, phases),
          planId,
          host,
          port,
          at: WRITTEN_AT,
          phases: Phase.array().parse(phases.split(" ")),
        });
    });
  });
  const take = createResultTaker({
    store,
    announce: () => undefined,
    now: () => new Date(WRITTEN_AT),
    verifyResultSignature: () => signed.by,
    inspectKeyFile: () => Promise.resolve(inspectionOf(stands.line)),
  });
  const given = { signature: null, signers: "", requireSignature: false };
  return { store, stands, signed, take: (base64: string) => take({ base64, ...given }) };
}

test("a run of offline scripts is over once every host has told, and says how", async () => {
  const { store, take } = makeDesk(PLAN);
  expect(await take(writeResult(PLAN, 0, "committed"))).toMatchObject({
    state: "waiting",
    message: "the results of 1 host are still to be imported (grant)",
  });
  const last = await take(writeResult(PLAN, 1, "committed"));
  expect(last).toMatchObject({ state: "committed", message: "" });
  expect(await take(writeResult(PLAN, 1, "committed"))).toEqual({ ...last, wasKnown: true });
  expect(store.runbooks.journal.steps(last.runId).every(({ state }) => state === "verified")).toBe(true);
});

test("a result that nobody has signed is a claim: it is shown, and nothing follows from it until it is signed", async () => {
  const { store, take, signed } = makeDesk(PLAN);
  signed.by = { kind: "none" };
  const claimed = await take(writeResult(PLAN, 0, "committed"));
  expect(claimed).toMatchObject({
    state: "waiting",
    verifiedBy: null,
    signature: "no person has signed it",
    wasKnown: false,
  });
  const { runId } = claimed;
  const stepsOf = () => store.runbooks.journal.steps(runId).map(({ state }) => state);
  expect(new Set(stepsOf())).toEqual(new Set(["planned"]));
  expect(store.runbooks.offline.claims(runId)).toMatchObject([
    { script: { host: "web1" }, outcome: "committed", newKey: null },
  ]);
  expect(await take(writeResult(PLAN, 0, "committed"))).toMatchObject({ wasKnown: true, verifiedBy: null });
  signed.by = { kind: "unknown", keyType: "ssh-ed25519", fingerprint: "SHA256:eve" };
  expect(await take(writeResult(PLAN, 1, "needs-attention", { kept: "/etc" }))).toMatchObject({
    state: "waiting",
  });
  expect(store.runbooks.runs.find(runId)).toMatchObject({ byHand: [], state: "waiting" });
  signed.by = KNOWN;
  expect(await take(writeResult(PLAN, 0, "committed"))).toMatchObject({
    wasKnown: false,
    verifiedBy: "person",
  });
  expect(store.runbooks.offline.claims(runId)).toMatchObject([{ script: { host: "db1" } }]);
  expect(stepsOf().filter((state) => state === "verified")).toHaveLength(3);
});

test.each([
  { says: "committed", file: "0".repeat(64), why: "are not what the plan leaves" },
  { says: "committed", file: AFTER.added, why: "are not what the plan leaves" },
  { says: "done", file: AFTER.removed, why: "says done of a script for grant, revoke, finish" },
  { says: "rolled-back", file: AFTER.added, why: "not what they were before" },
])("a signed result that says $says over files that deny it is refused", async ({ says, file, why }) => {
  const { take } = makeDesk(PLAN);
  await expect(take(writeResult(PLAN, 0, says, { file }))).rejects.toThrow(why);
});

/** On each host the files of two accounts, one of which blocks changes; a canary goes first. */
const SHARED = makePlanValue({
  newKey: { kind: "provided", line: "ssh-ed25519 AAAA", comment: "", path: null },
  hosts: ["web1", "db1"].map((host, batch) =>
    makeHost({
      host,
      batch,
      files: [1, 2].map((index) => ({ ...makeFile(2 * batch + index, "both"), after: AFTER })),
    }),
  ),
});

test("an account that a signed result leaves out is named with why and what to do, and everything else of its host is done", async () => {
  const { store, take } = makeDesk(SHARED);
  await take(writeResult(SHARED, 0, "committed", { leftOut: { 1: "grant held" }, unended: "f0 late-edit" }));
  const { runId, ...over } = await take(writeResult(SHARED, 1, "committed"));
  const path = "/home/user2/.ssh/authorized_keys";
  expect(over).toMatchObject({ state: "committed", message: expect.stringContaining(path) });
  expect(over.message).toContain("lock of another run");
  expect(over.message).toContain("run the script of that host once more");
  const { files, journal } = store.runbooks;
  expect(files.all(runId)).toMatchObject([{ host: "web1", path, phase: "grant", fate: "left-out" }]);
  const [last] = journal.steps(runId).filter(({ host, phase }) => host === "web1" && phase === "finish");
  expect(last?.message).toContain(
    "what it has kept is left there: /home/user1/.ssh/authorized_keys was written by",
  );
  expect(await take(writeResult(SHARED, 0, "committed", { ended: 1772323300 }))).toMatchObject({
    state: "committed",
    message: "",
    leftOut: [],
  });
  expect(files.all(runId)).toEqual([]);
});

test.each<[string, Record<number, string>, string]>([
  ["root's own file", { 0: "grant held" }, "which is root's own"],
  ["all that its canary was for", { 0: "grant held", 1: "revoke no-answer" }, "leaves out all"],
  ["a file that the plan does not have", { 9: "grant held" }, "its script was not about"],
])("a result that leaves out %s is refused, also signed", async (what, leftOut, why) => {
  const [web, db] = SHARED.hosts as [AccessHost, AccessHost];
  const uid = what.startsWith("root") ? 0 : 1;
  const plan = {
    ...SHARED,
    hosts: [{ ...web, files: web.files.map((file, index) => (index === 0 ? { ...file, uid } : file)) }, db],
  };
  const { store, take } = makeDesk(plan);
  await expect(take(writeResult(plan, 0, "committed", { leftOut }))).rejects.toThrow(why);
  expect(store.runbooks.plans.findByHash(hashPlan(plan))?.runId).toBeNull();
});

test.each<[string, Parameters<typeof writeResult>[3]]>([
  ["leaves out", { leftOut: { 1: `grant ${"a".repeat(50)}` } }],
  ["leaves out, from another phase,", { leftOut: { 1: "finish held" } }],
  ["does not end", { unended: "f0 late edit" }],
])("a result that %s a file in words that no script writes is refused for that", async (_, more) => {
  const { take } = makeDesk(SHARED);
  await expect(take(writeResult(SHARED, 0, "committed", more))).rejects.toThrow(
    "words that no script writes",
  );
});

test("a left-out account in a result that nobody has signed hides nothing and ends nothing", async () => {
  const { store, take, signed } = makeDesk(SHARED);
  signed.by = { kind: "none" };
  const claimed = await take(writeResult(SHARED, 0, "committed", { leftOut: { 1: "grant held" } }));
  expect(claimed).toMatchObject({
    state: "waiting",
    verifiedBy: null,
    leftOut: ["/home/user2/.ssh/authorized_keys"],
    evaluation: { kind: "open", why: "left-out", path: "/home/user2/.ssh/authorized_keys" },
  });
  expect(store.runbooks.files.all(claimed.runId)).toEqual([]);
  expect(store.runbooks.journal.steps(claimed.runId).every(({ state }) => state === "planned")).toBe(true);
});

test("on a host that is no canary every account may be left out, as long as another host has some", async () => {
  const { take } = makeDesk(SHARED);
  const all = { 0: "grant held", 1: "grant no-answer" };
  await take(writeResult(SHARED, 0, "committed"));
  expect(await take(writeResult(SHARED, 1, "committed", { leftOut: all }))).toMatchObject({
    state: "committed",
  });
});

test("an old private key that a script has kept is listed with its host and path; claimed, it is not listed, nor is one of a script that was taken back", async () => {
  const holder = { ...makeHolder("web1"), before: "c".repeat(64) };
  const made = { keyType: "ed25519", comment: "", port: 22, path: holder.path };
  const plan = {
    ...PLAN,
    newKey: { kind: "made-on-host" as const, host: "web1", ...made },
    hosts: PLAN.hosts.map((host) =>
      host.host === "web1" ? { ...host, privateKeyLocations: [holder] } : host,
    ),
  };
  const { store, take, signed } = makeDesk(plan);
  const done = () => take(writeResult(plan, 0, "committed", { keepsOldKey: true }));
  signed.by = { kind: "none" };
  const { runId } = await done();
  const run = store.runbooks.runs.find(runId);
  const kept = `${holder.path}.latchkey-kept-cccccccc`;
  expect(run && listClaims(store, run)).toMatchObject([{ keptKey: kept }]);
  expect(store.runbooks.keptKeys.ofRun(runId)).toEqual([]);
  signed.by = KNOWN;
  await done();
  expect(store.runbooks.keptKeys.ofRun(runId)).toEqual([{ host: "web1", port: 22, path: holder.path, kept }]);
  const back = makeDesk(plan);
  const text = writeResult(plan, 0, "rolled-back", { phases: "create-key", keepsOldKey: true });
  expect(back.store.runbooks.keptKeys.ofRun((await back.take(text)).runId)).toEqual([]);
});

test("a host that its script has rolled back keeps the run from being committed", async () => {
  const { take } = makeDesk(PLAN);
  await take(writeResult(PLAN, 0, "committed"));
  expect(await take(writeResult(PLAN, 1, "rolled-back"))).toMatchObject({ state: "stopped" });
});

test("where the removal alone was taken back, the addition is verified, the removal failed, and the run is not rolled back", async () => {
  const { store, take } = makeDesk(PLAN);
  await take(writeResult(PLAN, 0, "added"));
  const { runId, state, message } = await take(writeResult(PLAN, 1, "added"));
  expect(state).toBe("stopped");
  expect(message).toContain("what it added stays");
  const stepsOf = () => store.runbooks.journal.steps(runId).map((step) => [step.phase, step.state]);
  expect(new Set(stepsOf().map(String))).toEqual(
    new Set(["grant,verified", "revoke,failed", "finish,failed"]),
  );
  const later = { ended: 1772323300 };
  await take(writeResult(PLAN, 0, "committed", later));
  expect(await take(writeResult(PLAN, 1, "committed", later))).toMatchObject({
    state: "committed",
    message: "",
  });
});

test("a result of another plan, for another host, or changed on its way is refused", async () => {
  const { take } = makeDesk(PLAN);
  const other = { ...PLAN, title: "another" };
  const changed = Buffer.from(writeResult(PLAN, 0, "committed"), "base64")
    .toString()
    .replace("committed", "rolled-back");
  await expect(take(writeResult(other, 0, "committed"))).rejects.toThrow("is not known here");
  await expect(take(writeResult(PLAN, 0, "committed", { token: "other" }))).rejects.toThrow("token");
  await expect(take(Buffer.from(changed).toString("base64"))).rejects.toThrow("digest does not fit");
});

test("where the old private key is still on this computer, the run needs attention, and is over once the new one is seen there", async () => {
  const newKey = {
    kind: "provided" as const,
    line: "ssh-ed25519 NEW",
    comment: "",
    path: "/home/ann/it's new",
  };
  const plan = { ...PLAN, newKey, here: [makeHolder(null)] };
  const { store, stands, take } = makeDesk(plan, "ssh-ed25519 OLD");
  await take(writeResult(plan, 0, "committed"));
  const left = await take(writeResult(plan, 1, "committed"));
  expect(left).toMatchObject({
    state: "needs-attention",
    message: expect.stringContaining("is not in the place of /home/ann/.ssh/id_ed25519: put it there"),
  });
  const here = () => store.runbooks.journal.steps(left.runId).filter(({ host }) => host === null);
  expect(here().map(({ phase, state }) => [phase, state])).toEqual([
    ["install-key", "planned"],
    ["finish", "planned"],
  ]);
  expect(store.runbooks.runs.find(left.runId)?.byHand).toEqual([
    "mv '/home/ann/.ssh/id_ed25519' '/home/ann/.ssh/id_ed25519.latchkey-old'",
    "cp -p '/home/ann/it'\\''s new' '/home/ann/.ssh/id_ed25519'",
    "mv '/home/ann/.ssh/id_ed25519.pub' '/home/ann/.ssh/id_ed25519.latchkey-old.pub'",
    "cp -p '/home/ann/it'\\''s new.pub' '/home/ann/.ssh/id_ed25519.pub'",
  ]);
  expect(await take(writeResult(plan, 1, "committed"))).toMatchObject({ state: "needs-attention" });
  stands.line = newKey.line;
  expect(await take(writeResult(plan, 1, "committed"))).toEqual({
    ...left,
    state: "committed",
    message: "",
    wasKnown: true,
  });
  expect(here().every(({ state }) => state === "verified")).toBe(true);
});

test("what a script could neither do nor take back needs attention, says where it is kept, and is over with a later result", async () => {
  const { store, take } = makeDesk(PLAN);
  await take(writeResult(PLAN, 0, "committed"));
  const stuck = await take(
    writeResult(PLAN, 1, "needs-attention", {
      why: "no%20space",
      kept: "/home/user1/.ssh/.latchkey",
      file: AFTER.added,
    }),
  );
  expect(stuck.state).toBe("needs-attention");
  const of = () => store.runbooks.journal.steps(stuck.runId).filter(({ host }) => host === "db1");
  expect(of().map(({ phase, state }) => [phase, state])).toEqual([
    ["grant", "verified"],
    ["revoke", "needs-attention"],
    ["finish", "planned"],
  ]);
  for (const said of [stuck.message, of()[1]?.message]) {
    expect(said).toContain(
      "could neither continue nor roll back; no space; what it kept is in /home/user1/.ssh/.lat",
    );
  }
  const { byHand = [] } = store.runbooks.runs.find(stuck.runId) ?? {};
  expect(byHand[0]).toBe("ssh -p 22 'root@db1'");
  expect(byHand.join("\n")).toContain("'/home/user1/.ssh'");
  const over = await take(writeResult(PLAN, 1, "committed", { ended: 1772323300 }));
  expect(over).toMatchObject({ runId: stuck.runId, state: "committed", message: "" });
  expect(store.runbooks.runs.find(stuck.runId)?.byHand).toEqual([]);
});

test("a result with another new key than the one that was made first, or with none that can be read, is refused", async () => {
  const made = { keyType: "ed25519", comment: "", port: 22, path: makeHolder("web1").path };
  const [web, db] = PLAN.hosts as [AccessHost, AccessHost];
  const plan = {
    ...PLAN,
    newKey: { kind: "made-on-host" as const, host: "web1", ...made },
    hosts: [{ ...web, privateKeyLocations: [makeHolder("web1")] }, db],
  };
  const { store, take } = makeDesk(plan);
  await using folder = await makeTemporaryFolder();
  const [first, other] = [await makeKeyFile(folder.path, "first"), await makeKeyFile(folder.path, "other")];
  const lineOf = ({ publicLine }: typeof first): string => publicLine.split(" ").slice(0, 2).join(" ");
  const makes = (key: string, ended: number, proof = "") =>
    take(writeResult(plan, 0, "done", { phases: "create-key", at: "create-key", key, ended, proof }));
  const proveBy = async ({ path }: typeof first): Promise<string> => {
    const nonce = Buffer.from(`${nonceOf(0, "create-key")}\n`);
    const signed = await signBytes(nonce, { keyFile: path, namespace: NEW_KEY_NAMESPACE, agentSocket: null });
    return "why" in signed ? signed.why : signed.signature.split("\n").slice(1, -2).join("");
  };
  await expect(makes("ssh-ed25519 AAAA", 1772323260)).rejects.toThrow("cannot be read");
  await expect(makes(SAMPLE_KEYS.rsa, 1772323260)).rejects.toThrow("of another type than the plan's");
  await expect(makes(lineOf(first), 1772323260)).rejects.toThrow("does not show that web1 holds the new key");
  await expect(makes(lineOf(first), 1772323260, await proveBy(other))).rejects.toThrow("does not show");
  const { runId } = await makes(lineOf(first), 1772323260, await proveBy(first));
  expect(store.runbooks.runs.find(runId)?.newKey?.line).toBe(lineOf(first));
  await expect(makes(lineOf(other), 1772323300, await proveBy(other))).rejects.toThrow(
    "another new key than the one that was made",
  );
  expect(store.runbooks.runs.find(runId)?.newKey?.line).toBe(lineOf(first));
  const again = "does not show that web1 holds the new key";
  await expect(makes(lineOf(first), 1772323400)).rejects.toThrow(again);
  await expect(makes(lineOf(first), 1772323400, await proveBy(other))).rejects.toThrow(again);
  expect(await makes(lineOf(first), 1772323400, await proveBy(first))).toMatchObject({ runId });
});
