import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { makeTemporaryFolder } from "../../src/main/testing/temporary-folder.ts";
import { packForNpm, runByNpx } from "./npm-package.mjs";
import { converse, USED, useLatchkey } from "./use-latchkey.mjs";

test("npm pack gives what was built for Node and the page, and nothing of the checkout", async () => {
  await using folder = await makeTemporaryFolder();
  const { files } = await packForNpm(folder.path);
  const built = await Promise.all(["out/main", "out/renderer"].map(listFiles));
  expect(files.sort()).toEqual(["LICENSE", "README.md", ...built.flat(), "package.json"].sort());
});

test("npx runs the package by itself, in an empty folder", async () => {
  await using folder = await makeTemporaryFolder();
  const { tarball } = await packForNpm(folder.path);
  const { said, command } = await runByNpx(tarball, folder.path);
  expect(said).toMatchObject({ code: 0, out: expect.stringMatching(/^Usage: latchkey /) });
  const latchkey = (/** @type {readonly string[]} */ ...args) => converse([command, ...args], folder.path);
  expect(await useLatchkey(latchkey)).toEqual(USED);
});

/** @param {string} folder */
async function listFiles(folder) {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries.filter((entry) => entry.isFile()).map(({ parentPath, name }) => join(parentPath, name));
}
