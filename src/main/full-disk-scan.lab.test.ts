import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { expect, test } from "vitest";
import { sizeOfEmptyDatabase } from "#store/testing/size-of-empty-database.ts";
import { findClosedEndpoint } from "#testing/servers.ts";
import { makeTemporaryFolder } from "#testing/temporary-folder.ts";

const PROGRAM = join(import.meta.dirname, "../../out/main/latchkey.js");

/** Space for the requested targets and for some of their probes, and not for all of them. */
const SCRIPT = `mount -t tmpfs -o size=${2 * sizeOfEmptyDatabase() + 1_200 * 1024} none "$1" &&
  exec "$2" "$3" --db "$1/latchkey.db" scan "$4" --json`;

test("a scan that fills the disk ends, says so and shows what was kept", async () => {
  await using folder = await makeTemporaryFolder();
  const { port } = await findClosedEndpoint();
  const args = [folder.path, process.execPath, PROGRAM, `127.1.0.1-127.1.15.160:${port}`];
  const ran = spawnSync("unshare", ["--mount", "sh", "-c", SCRIPT, "sh", ...args], { encoding: "utf8" });

  expect(ran).toMatchObject({ status: 3, stderr: expect.stringContaining("the disk is full") });
  const { state, probes } = JSON.parse(ran.stdout);
  expect(["interrupted", "running"]).toContain(state);
  expect(probes.failed).toBeGreaterThan(0);
  expect(probes.failed).toBeLessThan(4_000);
});
