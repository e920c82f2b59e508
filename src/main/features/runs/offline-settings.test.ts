import { expect, test } from "vitest";
import { createApp } from "#app";
import { makePlan } from "#testing/runs/follow.ts";
import { answerScript } from "#testing/ssh/collector-stream.ts";

const now = () => new Date("2026-12-01T12:00:00Z");
const bundleOf = (change?: (records: string) => string): { base64: string } => ({
  base64: Buffer.from(answerScript("--nonce 'abc''def'", change), "latin1").toString("base64"),
});

test.each([
  ["told", undefined, 0],
  [
    "could not be asked",
    (records: string) => records.replaceAll(/^(effective-for .* )set:1 /gm, "$1set:2 "),
    1,
  ],
])("where sshd %s for a bundle, what it goes by is warned of so many times", async (_, change, count) => {
  await using app = createApp({ databasePath: ":memory:", now });
  const { client } = app;
  await client.bundles.import(bundleOf(change));
  const [grant] = (await client.access.list({})).rows.filter(({ fingerprint }) => fingerprint !== null);
  if (!grant) throw new Error("the bundle has no grant");
  const { plan } = await makePlan(app, { kind: "remove-grants", grants: [grant.id] });
  const said = plan?.checks.filter(({ text }) => text.includes("AuthenticationMethods")) ?? [];
  expect(said).toHaveLength(count);
  for (const check of said) expect(check).toMatchObject({ state: "warning", account: grant.account });
});
