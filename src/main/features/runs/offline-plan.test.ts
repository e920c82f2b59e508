import { expect, test } from "vitest";
import { type App, createApp } from "#app";
import { hashPlan } from "#domain/runs/hash-plan.ts";
import type { Plan } from "#shared/model/runs/plan.ts";
import { agreeTo, makePlan, untilPlanned } from "#testing/runs/follow.ts";
import { answerScript } from "#testing/ssh/collector-stream.ts";

const now = () => new Date("2026-12-01T12:00:00Z");
const bundle = {
  base64: Buffer.from(answerScript("--nonce 'abc''def'"), "latin1").toString("base64"),
};

async function planRemoval(app: App) {
  await app.client.bundles.import(bundle);
  const { rows } = await app.client.access.list({});
  const [grant] = rows.filter(({ fingerprint }) => fingerprint !== null);
  if (!grant) throw new Error("the bundle has no grant");
  const planned = await makePlan(app, { kind: "remove-grants", grants: [grant.id] });
  if (!planned.plan) throw new Error("nothing is planned");
  return { grant, planned, plan: planned.plan };
}

test("a host that is known by a bundle alone is planned from it, as of then, and no run can carry it out", async () => {
  await using app = createApp({ databasePath: ":memory:", now });
  const { client } = app;
  const { collectedAt } = await client.bundles.import(bundle);
  const { grant, planned, plan } = await planRemoval(app);
  const { hash, id: planId } = planned;
  expect(plan).toMatchObject({
    asOf: collectedAt,
    hosts: [{ host: "web1", files: [{ path: grant.file, removes: 1 }] }],
  });
  expect(plan.checks).toContainEqual(
    expect.objectContaining({
      state: "warning",
      id: "offline",
      text: expect.stringContaining(`by a bundle of ${collectedAt.slice(0, 10)} alone`),
    }),
  );
  await expect(client.runs.start({ planId, hash: hash ?? "" })).rejects.toThrow("run its scripts there");
});

test("a plan of such a host that comes from a file is checked again by what the bundle told", async () => {
  await using app = createApp({ databasePath: ":memory:", now });
  const { plan } = await planRemoval(app);
  const take = (edited: Plan) =>
    untilPlanned(app, () => app.client.runs.importPlan({ plan: edited, hash: hashPlan(edited) }));
  const foreign = { ...plan, checks: [], confirm: null, leftOut: ["nothing"] };
  expect((await take(foreign)).plan).toEqual(plan);
  const hosts = plan.hosts.map((host) => ({
    ...host,
    files: host.files.map((file) => ({ ...file, before: "0".repeat(64) })),
  }));
  const stale = await take({ ...plan, hosts });
  expect(stale.plan?.checks).toContainEqual(expect.objectContaining({ state: "refused", id: "changed" }));
});

test("no script is written before all is agreed to and typed that a run would want", async () => {
  await using app = createApp({ databasePath: ":memory:", now });
  await app.client.bundles.import(bundle);
  await app.client.labels.set({ things: [{ kind: "host", host: "web1" }], addTags: ["production"] });
  const { planned } = await planRemoval(app);
  const { acknowledgements, typed } = agreeTo(planned);
  const write = (given: { acknowledgements?: string[]; typed?: string | null }) =>
    app.client.runs.exportScripts({ planId: planned.id, ...given });
  await expect(write({ typed })).rejects.toThrow("1 acknowledgement missing");
  await expect(write({ acknowledgements })).rejects.toThrow('type "web1" to run plan');
  expect((await write({ acknowledgements, typed })).files.map(({ name }) => name)).toEqual(["web1-22.sh"]);
});
