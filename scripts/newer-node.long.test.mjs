import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { promisify } from "node:util";
import { expect, test } from "vitest";

const run = promisify(execFile);
const { optionalDependencies } = JSON.parse(readFileSync("tools/node24/package.json", "utf8"));

/** Newest last; null where the registry is not reached: then nothing is said. */
async function listVersions(/** @type {string} */ name) {
  const args = ["view", name, "versions", "--json", "--fetch-retries=0"];
  const found = await run("npm", args, { timeout: 60_000 }).catch(() => null);
  /** @type {string[]} */
  const versions = found ? JSON.parse(found.stdout) : [];
  return found && versions.filter((version) => /^24\.\d+\.\d+$/.test(version)).sort(compare);
}

/** @param {string} one @param {string} other */
function compare(one, other) {
  const [a, b] = [one, other].map((each) => each.split(".").map(Number));
  return (a?.[1] ?? 0) - (b?.[1] ?? 0) || (a?.[2] ?? 0) - (b?.[2] ?? 0);
}

test.each(Object.entries(optionalDependencies))(
  "there is no newer %s of Node 24 than %s",
  async (name, pinned) => {
    const versions = await listVersions(name);
    if (versions)
      expect(
        versions.at(-1),
        "raise it in tools/node24/package.json, and the floor in versions.test.mjs",
      ).toBe(pinned);
  },
);
