import { expect, test } from "vitest";
import { createApp } from "#app";
import { scanAll } from "#testing/lab/desk.ts";
import { findClosedEndpoint, startSilentServer, startTlsServer } from "#testing/servers.ts";
import { makeTemporaryFolder } from "#testing/temporary-folder.ts";

const workstation = { user: "jo", home: "/nonexistent", agentSocket: null };
const formatHostAddress = ({ host, port }: { host: string; port: number }) => `${host}:${port}`;

test("what failed in its last scan is scanned again until it is read, and what was forgotten is not", async () => {
  await using server = await startTlsServer();
  const [closed, forgotten] = [await findClosedEndpoint(), await findClosedEndpoint()];
  await using app = createApp({ databasePath: ":memory:", workstation });
  const { client } = app;
  await expect(client.scans.start({ text: "", again: "failed" })).rejects.toMatchObject({
    code: "not-found",
    message: expect.stringContaining("nothing that is remembered failed"),
  });
  const text = [server.endpoint, closed, forgotten].map(formatHostAddress).join(" ");
  await scanAll(app, { text });
  await client.targets.remove({ text: formatHostAddress(forgotten) });
  const again = await scanAll(app, { text: "", again: "failed" });
  expect(again.map(({ target }) => target.port)).toEqual([closed.port]);
  await expect(client.scans.start({ text, again: "failed" })).rejects.toMatchObject({
    code: "invalid-input",
  });
});

test("what a cancelled scan did not come to is gone on with, until it was visited", async () => {
  await using silent = await startSilentServer();
  await using folder = await makeTemporaryFolder();
  const databasePath = `${folder.path}/latchkey.db`;
  const logins = ["ann", "bob", "cid"].map((user) => `${user}@${formatHostAddress(silent.endpoint)}`);
  {
    await using app = createApp({ databasePath, workstation });
    const announcements = await app.client.events.watch();
    await expect(app.client.scans.start({ text: "", again: "unfinished" })).rejects.toMatchObject({
      code: "not-found",
    });
    const { scanId } = await app.client.scans.start({ text: logins.join(" "), useSudo: true });
    await app.client.scans.cancel({ scanId });
    for await (const { kind } of announcements) if (kind === "scan-finished") break;
  }
  // As the next program that opens the database.
  await using app = createApp({ databasePath, workstation });
  const { scanId } = await app.client.scans.start({ text: "", again: "unfinished", only: "ssh" });
  expect(await app.client.scans.find({ scanId })).toMatchObject({ state: "running", total: 3 });
  await app.client.scans.cancel({ scanId });
});
