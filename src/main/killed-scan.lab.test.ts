import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { Refusal } from "#shared/model/refusal.ts";
import { leastOf } from "#shared/model/total.ts";
import { startSilentServer, startTlsServer } from "#testing/servers.ts";
import { makeTemporaryFolder } from "#testing/temporary-folder.ts";
import { createApp } from "./app.ts";

const PROGRAM = join(import.meta.dirname, "../../out/main/latchkey.js");

test("a scan whose process is killed is shown as interrupted, with what it had read", async () => {
  await using folder = await makeTemporaryFolder();
  await using silent = await startSilentServer();
  await using server = await startTlsServer();
  const databasePath = join(folder.path, "data", "latchkey.db");
  const targets = [silent, server].map(({ endpoint: { host, port } }) => `${host}:${port}`);

  const child = spawn(process.execPath, [PROGRAM, "--db", databasePath, "scan", ...targets], {
    stdio: "ignore",
  });
  await untilRead(databasePath);
  child.kill("SIGKILL");
  await once(child, "exit");

  await using beside = createApp({ databasePath, access: "read" });
  expect(await beside.client.scans.list({})).toMatchObject({ rows: [{ state: "running" }] });
  await using app = createApp({ databasePath });
  expect(await app.client.scans.list({})).toMatchObject({
    rows: [{ state: "interrupted", total: 2, ok: 1 }],
  });
  expect(await app.client.certificates.list({})).toMatchObject({ total: 1 });
  // One event says that the scan started, one that it was interrupted.
  expect(await app.client.auditLog.verify()).toEqual({ eventCount: 2, brokenAt: null });
});

/** Reads the database while the other process writes, until that has written a certificate. */
async function untilRead(databasePath: string): Promise<void> {
  while ((await countCertificates(databasePath)) === 0)
    await new Promise((resolve) => setTimeout(resolve, 20));
}

/** Zero as long as there is no database, or an incomplete one. */
async function countCertificates(databasePath: string): Promise<number> {
  if (!existsSync(databasePath)) return 0;
  try {
    await using app = createApp({ databasePath, access: "read", log: () => undefined });
    return leastOf((await app.client.certificates.list({})).total);
  } catch (error) {
    if (error instanceof Refusal) return 0;
    throw error;
  }
}
