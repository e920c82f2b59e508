import { join } from "node:path";
import { expect, test } from "vitest";
import { createApp } from "#app";
import { answerScript } from "#testing/ssh/collector-stream.ts";
import { makeTemporaryFolder } from "#testing/temporary-folder.ts";

const now = () => new Date("2026-12-01T12:00:00Z");
const NONCE = "--nonce 'abc''def'";
const asBundle = (stream: string) => ({ base64: Buffer.from(stream, "latin1").toString("base64") });

/** What the collector wrote on web1, at `time`; `change` changes more of it before it is signed. */
const bundleOf = (time = 1_795_613_274, change = (records: string) => records) =>
  answerScript(NONCE, (records) => change(records.replace("time:1795613274", `time:${time}`)));

const open = (databasePath = ":memory:") => createApp({ databasePath, now });

test("a bundle is a scan of its host, dated when it was collected", async () => {
  await using app = open();
  const { client } = app;
  const imported = await client.bundles.import(asBundle(bundleOf()));
  expect(imported).toMatchObject({
    ...{ host: "web1", port: 22, isNewHost: true, wasKnown: false, state: "ok" },
    ...{ collectedAt: "2026-11-25T13:27:54Z", importedAt: "2026-12-01T12:00:00Z", readAs: "root" },
    signature: { kind: "none" },
  });
  expect((await client.hosts.list({})).rows).toMatchObject([
    { host: "web1", state: "ok", outcome: "collected", lastRead: "2026-11-25T13:27:54Z", hostname: "web1" },
  ]);
  expect((await client.scans.list({})).rows).toMatchObject([
    {
      ...{ state: "finished", startedAt: "2026-11-25T13:27:54Z", total: 1, ok: 1 },
      bundle: { importedAt: "2026-12-01T12:00:00Z", signature: { kind: "none" } },
    },
  ]);
  expect(await client.targets.list()).toMatchObject([]);
});

test("the same bundle again changes nothing, in a thread of its own as well", async () => {
  await using folder = await makeTemporaryFolder();
  await using app = open(join(folder.path, "latchkey.db"));
  const { client } = app;
  const first = await client.bundles.import(asBundle(bundleOf()));
  const again = await client.bundles.import(asBundle(`welcome back\n${bundleOf()}`));
  expect(again).toMatchObject({ wasKnown: true, scanId: first.scanId, importedAt: first.importedAt });
  expect(await client.scans.list({})).toMatchObject({ total: 1 });
});
