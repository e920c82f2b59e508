import { join } from "node:path";
import { createRouterClient } from "@orpc/server";
import { expect, test } from "vitest";
import { openStore } from "#store/store.ts";
import { makeTemporaryFolder } from "#testing/temporary-folder.ts";
import { createAuditLog } from "../reports/index.ts";
import { createSettings } from "./index.ts";

test("settings say where everything is, and that the record is whole", async () => {
  await using folder = await makeTemporaryFolder();
  const path = join(folder.path, "latchkey.db");
  const store = openStore({ path, access: "write" });
  const router = {
    settings: createSettings({ store, isReadOnly: true, workstation: { home: folder.path } }),
    auditLog: createAuditLog({ store }),
  };
  const client = createRouterClient(router);
  const read = await client.settings.read();
  expect(read).toMatchObject({
    databasePath: path,
    isReadOnly: true,
    targetCount: 0,
    pinCount: 0,
    eventCount: 0,
  });
  expect(read.sizeBytes).toBeGreaterThan(0);
  expect(await client.auditLog.verify()).toEqual({ eventCount: 0, brokenAt: null });
  store.close();
});
