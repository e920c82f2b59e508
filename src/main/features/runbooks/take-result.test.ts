import { expect, test } from "vitest";
import { hashPlan } from "#domain/rotation/plan/hash-plan.ts";
import { hashBytes } from "#domain/rotation/run/judge-file.ts";
import { tokenOf } from "#domain/rotation/script/write-script.ts";
import { makeFile, makeHost, makePlanValue } from "#domain/rotation/testdata/make-plan-value.ts";
import type { Plan } from "#shared/model/plan.ts";
import { openStore } from "#store/store.ts";
import { createResultTaker } from "./take-result.ts";

const PLAN = makePlanValue({
  newKey: { kind: "given", line: "ssh-ed25519 AAAA", comment: "", path: null },
  hosts: ["web1", "db1"].map((host, batch) => makeHost({ host, batch, files: [makeFile(batch, "both")] })),
});
const AT = "2026-03-01T00:00:00Z";

/** As a carried script writes it, with its digest. */
function writeResult(
  plan: Plan,
  index: number,
  outcome: string,
  more: Partial<{ token: string; phases: string; at: string; ended: number }> = {},
): string {
  const host = plan.hosts[index] as Plan["hosts"][number];
  const hash = hashPlan(plan);
  const text = [
    "latchkey-result-1",
    `plan ${hash}`,
    `host ${host.host} ${host.port}`,
    `token ${more.token ?? tokenOf(hash, host)}`,
    "began 1772323200",
    `ended ${more.ended ?? 1772323260}`,
    `outcome ${outcome}`,
    `phases ${more.phases ?? "add remove commit"}`,
    `at ${more.at ?? "remove"}`,
    "why %",
    ...host.files.map((_, at) => `file f${at} ${"0".repeat(64)}`),
    "",
  ].join("\n");
  return Buffer.from(`${text}end ${hashBytes(Buffer.from(text))}\n`).toString("base64");
}

function makeDesk(plan: Plan) {
  const store = openStore({ path: ":memory:", access: "write" });
  store.atomically(() => store.runbooks.plans.take({ plan, hash: hashPlan(plan), at: AT }));
  const take = createResultTaker({
    ...{ store, announce: () => undefined, now: () => new Date(AT) },
    judgeSignature: () => ({ kind: "none" }),
  });
  const given = { signature: null, signers: "", requireSignature: false };
  return { store, take: (base64: string) => take({ base64, ...given }) };
}

test("a run of carried scripts is over once every host has told, and says how", async () => {
  const { store, take } = makeDesk(PLAN);
  expect(await take(writeResult(PLAN, 0, "committed"))).toMatchObject({
    ...{ state: "waiting", message: "the results of 1 host are still to be imported (add)" },
  });
  const last = await take(writeResult(PLAN, 1, "committed"));
  expect(last).toMatchObject({ state: "committed", message: "" });
  expect(await take(writeResult(PLAN, 1, "committed"))).toEqual({ ...last, wasKnown: true });
  expect(store.runbooks.journal.steps(last.runId).every(({ state }) => state === "proved")).toBe(true);
});

test("a host that its script has rolled back keeps the run from being committed", async () => {
  const { take } = makeDesk(PLAN);
  await take(writeResult(PLAN, 0, "committed"));
  expect(await take(writeResult(PLAN, 1, "rolled-back"))).toMatchObject({ state: "stopped" });
});

test("where the removal alone was taken back, the addition is proved, the removal failed, and the run is not rolled back", async () => {
  const { store, take } = makeDesk(PLAN);
  await take(writeResult(PLAN, 0, "added"));
  const { runId, state, message } = await take(writeResult(PLAN, 1, "added"));
  expect(state).toBe("stopped");
  expect(message).toContain("what it added stands");
  const stepsOf = () => store.runbooks.journal.steps(runId).map((step) => [step.phase, step.state]);
  expect(new Set(stepsOf().map(String))).toEqual(new Set(["add,proved", "remove,failed", "commit,failed"]));
  const later = { ended: 1772323300 };
  await take(writeResult(PLAN, 0, "committed", later));
  expect(await take(writeResult(PLAN, 1, "committed", later))).toMatchObject({
    ...{ state: "committed", message: "" },
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
