import { spawnSync } from "node:child_process";
import { readdir, readFile, writeFile } from "node:fs/promises";
import { hostname } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { makeTemporaryFolder } from "#testing/temporary-folder.ts";
import { whileLocked } from "./write-lock.ts";

const lockOf = (pid: number | undefined, host = hostname()) => `${pid} 0011223344556677 ${host}`;

test("while one acts on a file its lock is there, and after it, also after a fault, nothing is", async () => {
  await using folder = await makeTemporaryFolder();
  const path = join(folder.path, "a.vault");
  const seen: string[] = [];
  const act = () => whileLocked(path, () => seen.push("again"), 0);
  whileLocked(path, () => whileLocked(join(folder.path, "b.vault"), () => seen.push("other")));
  expect(() =>
    whileLocked(path, () => {
      throw new Error("a fault");
    }),
  ).toThrow("a fault");
  expect(await readdir(folder.path)).toEqual([]);
  act();
  expect(seen).toEqual(["other", "again"]);
});

test("what a program has left that is gone is taken away, and what one has that lives stays", async () => {
  await using folder = await makeTemporaryFolder();
  const path = join(folder.path, "a.vault");
  const { pid: gone } = spawnSync("true");
  await writeFile(`${path}.lock`, lockOf(gone));
  let times = 0;
  whileLocked(path, () => times++, 0);
  expect([times, await readdir(folder.path)]).toEqual([1, []]);

  // Of another computer, and of what was cut off, nobody knows from here.
  for (const text of [lockOf(process.ppid), lockOf(gone, "elsewhere"), ""]) {
    await writeFile(`${path}.lock`, text);
    expect(() => whileLocked(path, () => times++, 20)).toThrow(
      `another program is writing ${path}, and nothing was written; try again, and if no Latchkey runs, delete ${path}.lock`,
    );
    expect(await readFile(`${path}.lock`, "utf8")).toBe(text);
  }
  expect(times).toBe(1);
});
