import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { expect, test, vi } from "vitest";

// Each step starts npm, which takes its time on a busy machine.
vi.setConfig({ testTimeout: 60_000 });

const SCRIPTS = {
  one: "node -e \"console.log('one')\"",
  two: "node two.mjs",
  bad: "exit 3",
};

test("packages are installed once for each state of the lock, and scripts run until one fails", async () => {
  await using checkout = await makeCheckout(SCRIPTS);
  expect(await checkout.setUp("one", "two", "--", "one", "--read-only", "--port=1")).toEqual({
    code: 0,
    said: ["Installing packages", "one", "two one --read-only --port=1"],
  });
  expect(await checkout.setUp("one", "bad", "two")).toEqual({ code: 3, said: ["one"] });
  await checkout.write({ ...SCRIPTS, three: "exit 0" });
  expect(await checkout.setUp("three")).toEqual({ code: 0, said: ["Installing packages"] });
});

test("what cannot be installed is tried again the next time", async () => {
  await using checkout = await makeCheckout(SCRIPTS);
  await checkout.write(SCRIPTS, { "@latchkey/does-not-exist": "1.0.0" });
  expect(await checkout.setUp("one")).toMatchObject({ code: 1 });
  await checkout.write(SCRIPTS);
  expect(await checkout.setUp("one")).toEqual({ code: 0, said: ["Installing packages", "one"] });
});

/** @param {Record<string, string>} scripts */
async function makeCheckout(scripts) {
  const folder = await mkdtemp(join(tmpdir(), "latchkey-setup-"));
  const write = async (/** @type {Record<string, string>} */ wanted, dependencies = {}) => {
    const content = { name: "checkout", version: "1.0.0", scripts: wanted, dependencies };
    await writeFile(join(folder, "package.json"), JSON.stringify(content));
  };
  await mkdir(join(folder, "tools/node24"), { recursive: true });
  await writeFile(join(folder, "tools/node24/package.json"), "{}");
  const lock = {
    name: "checkout",
    version: "1.0.0",
    lockfileVersion: 3,
    packages: { "": { name: "checkout" } },
  };
  await writeFile(join(folder, "package-lock.json"), JSON.stringify(lock));
  await writeFile(join(folder, "two.mjs"), "console.log('two', ...process.argv.slice(2))");
  await write(scripts);

  return {
    write,
    /** @param {string[]} args */
    async setUp(...args) {
      const child = spawn(process.execPath, [resolve("scripts/setup.mjs"), ...args], {
        cwd: folder,
        stdio: ["ignore", "pipe", "ignore"],
      });
      const [text, [code]] = await Promise.all([
        child.stdout.setEncoding("utf8").toArray(),
        once(child, "exit"),
      ]);
      const lines = text.join("").split("\n");
      return { code, said: lines.filter((line) => line && !/^(up to date|npm |added )/.test(line)) };
    },
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }),
  };
}
