import { expect, test } from "vitest";
import { createApp } from "#app";
import { makePlan } from "#testing/runbooks/follow.ts";
import { answerScript } from "#testing/ssh/collector-stream.ts";

const now = () => new Date("2026-12-01T12:00:00Z");
const bundle = {
  base64: Buffer.from(answerScript("--nonce 'abc''def'"), "latin1").toString("base64"),
};

test("a host that is known by a bundle alone is planned from it, as of then, and no run can carry it out", async () => {
  await using app = createApp({ databasePath: ":memory:", now });
  const { client } = app;
  const { collectedAt } = await client.bundles.import(bundle);
  const { rows } = await client.access.list({});
  const [grant] = rows.filter(({ fingerprint }) => fingerprint !== null);
  if (!grant) throw new Error("the bundle has no grant");
  const planned = await makePlan(app, { kind: "remove-grants", grants: [grant.id] });
  const { plan, hash, id: planId } = planned;
  expect(plan).toMatchObject({
    asOf: collectedAt,
    hosts: [{ host: "web1", files: [{ path: grant.file, removes: 1 }] }],
  });
  expect(plan?.checks).toContainEqual(
    expect.objectContaining({
      ...{ state: "warning", id: "carried" },
      text: expect.stringContaining(`by a bundle of ${collectedAt.slice(0, 10)} alone`),
    }),
  );
  await expect(client.runbooks.start({ planId, hash: hash ?? "" })).rejects.toThrow(
    "carry its scripts there",
  );
});
