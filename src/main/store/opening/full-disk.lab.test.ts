import { execFile } from "node:child_process";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { makeTemporaryFolder } from "#testing/temporary-folder.ts";

const run = promisify(execFile);

const FILLER = fileURLToPath(new URL("../testing/filler.ts", import.meta.url));

/** Runs the filler in a mount namespace of its own, whose folder is mounted as told. */
async function fill(
  mount: string,
): Promise<{ acknowledged: number; kept: number; refusal: string; integrity: string }> {
  await using folder = await makeTemporaryFolder();
  const script = `${mount} && exec "$NODE" --input-type=module -e "$RUN" "$FILLER"`;
  const { stdout } = await run("unshare", ["--mount", "sh", "-c", script], {
    env: {
      ...process.env,
      FOLDER: folder.path,
      NODE: process.execPath,
      RUN: 'const { runnerImport } = await import("vite"); await runnerImport(process.argv[1]);',
      FILLER,
      LATCHKEY_TEST_DB: join(folder.path, "latchkey.db"),
    },
  });
  return JSON.parse(stdout);
}

test("on a full disk the writer is told so, and all that was acknowledged is kept", async () => {
  const result = await fill('mount -t tmpfs -o size=1m none "$FOLDER"');
  expect(result).toMatchObject({ refusal: expect.stringContaining("the disk is full"), integrity: "ok" });
  expect(result.acknowledged).toBeGreaterThan(0);
  expect(result.kept).toBe(result.acknowledged);
});

test("on a disk that is full from the start the database is refused in words", async () => {
  const result = await fill('mount -t tmpfs -o size=64k none "$FOLDER"');
  expect(result).toMatchObject({ acknowledged: 0, refusal: expect.stringContaining("the disk is full") });
});

test("in a read-only folder the database is refused in words", async () => {
  const result = await fill('mount -t tmpfs -o ro none "$FOLDER"');
  expect(result).toMatchObject({ acknowledged: 0, refusal: expect.stringContaining("read-only") });
});
