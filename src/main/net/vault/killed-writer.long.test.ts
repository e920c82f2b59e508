import { execFile } from "node:child_process";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { makeTemporaryFolder } from "#testing/temporary-folder.ts";
import { createVaultFile, openByPassphrase } from "./answer-requests.ts";
import { COST, typed } from "./testing/typed.ts";

const run = promisify(execFile);
const PROGRAM = join(import.meta.dirname, "testing/keep-some.ts");
const TSIG = { kind: "tsig", label: "" };

/** System calls at whose start the writer is killed, in the order in which it makes them. */
test.each(["fsync", "rename"])("a writer that is killed at its %s has changed nothing", async (call) => {
  await using folder = await makeTemporaryFolder();
  const options = { path: join(folder.path, "a.vault"), cost: COST };
  const { id } = createVaultFile(options, typed("the passphrase"), null, "2026-06-01T00:00:00Z").keep(
    typed("the first"),
    TSIG,
  );
  const before = await readFile(options.path, "utf8");
  const killed = run("strace", [
    "-f",
    "-qq",
    "-o",
    join(folder.path, "calls"),
    "-e",
    `trace=${call}`,
    "-e",
    `inject=${call}:error=EIO:signal=KILL:when=1`,
    process.execPath,
    PROGRAM,
    options.path,
  ]);
  await expect(killed).rejects.toMatchObject({ signal: "SIGKILL" });
  expect(await readFile(options.path, "utf8")).toBe(before);
  expect((await readdir(folder.path)).filter((name) => name.endsWith(".unfinished"))).toHaveLength(1);

  const { stdout: second } = await run(process.execPath, [PROGRAM, options.path]);
  const kept = JSON.parse(await readFile(options.path, "utf8")).entries.map(
    (entry: { id: string }) => entry.id,
  );
  expect(kept).toEqual([id, second]);
  expect((await readdir(folder.path)).filter((name) => name.endsWith(".unfinished"))).toEqual([]);
  expect(openByPassphrase(options, typed("the passphrase"))).not.toBeNull();
});

test("of what two programs keep at once nothing is lost", async () => {
  await using folder = await makeTemporaryFolder();
  const options = { path: join(folder.path, "a.vault"), cost: COST };
  createVaultFile(options, typed("the passphrase"), null, "2026-06-01T00:00:00Z");
  const keeping = () => run(process.execPath, [PROGRAM, options.path, "150"]);
  const kept = (await Promise.all([keeping(), keeping()])).flatMap(({ stdout }) => stdout.split(" "));
  const there = JSON.parse(await readFile(options.path, "utf8")).entries.map(({ id }: { id: string }) => id);
  expect(kept).toHaveLength(300);
  expect(there.toSorted()).toEqual(kept.toSorted());
  expect(await readdir(folder.path)).toEqual(["a.vault"]);
});
