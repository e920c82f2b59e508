import { expect, test } from "vitest";
import { openStore } from "#store/store.ts";
import { listScans } from "#store/testing/ask.ts";
import { startTlsServer } from "#testing/servers.ts";
import { makeTemporaryFolder } from "#testing/temporary-folder.ts";
import { createBackground } from "./background.ts";
import { RETRY_POLICY } from "./net/tasks.ts";
import { createParts } from "./parts.ts";

test("a scan that a plan makes is known as a plan's, and is not among those that people asked for", async () => {
  await using folder = await makeTemporaryFolder();
  await using server = await startTlsServer();
  const store = openStore({ path: ":memory:", access: "write" });
  const fail = (error: unknown) => {
    throw error;
  };
  const { start, stop } = createBackground(fail);
  const parts = createParts({
    store,
    damage: null,
    announce: () => undefined,
    now: () => new Date("2026-06-01T00:00:00Z"),
    workstation: { user: "jo", home: folder.path, agentSocket: null },
    retryPolicy: RETRY_POLICY,
    inBackground: start,
    log: fail,
    trace: () => undefined,
  });
  const { scan } = await parts.scans();
  await scan({ text: `${server.endpoint.host}:${server.endpoint.port}` });
  expect(listScans(store).rows).toEqual([]);
  expect(listScans(store, { withPlans: true }).rows).toMatchObject([{ origin: "plan", total: 1 }]);
  await (await parts.recording()).close();
  await stop();
  store.close();
});
