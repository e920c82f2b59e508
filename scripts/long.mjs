/**
 * The long tests, whatever fails on the way; then how long each part took, and what failed. A part is a file of vitest's, or all specs in
 * the browser ("e2e"). What has passed is kept as it goes:
 *
 *   npm run test:long -- --resume    only the parts that have not passed yet, by the tree as it stands
 *   npm run test:long -- WORD...     only the parts whose paths have one of these words
 */
import { globSync } from "node:fs";
import { relative } from "node:path";
import { parseArgs } from "node:util";
import { startVitest } from "vitest/node";
import { findRecord, openRecord } from "./long-record.mjs";
import { endWithParent, limitProbedRuns, run, say } from "./run.mjs";
import { findTool } from "./tools.mjs";

/** All specs in the browser. */
const BROWSER = "e2e";
endWithParent();
limitProbedRuns(process.argv.slice(2).filter((word) => !word.startsWith("--")));
/** Vitest sets variables of its own, which are not for programs that others start. */
const env = { ...process.env };

process.exitCode = await runLong();

async function runLong() {
  const { values, positionals } = parseArgs({
    options: { resume: { type: "boolean", default: false } },
    allowPositionals: true,
  });
  const path = findRecord();
  if (values.resume && path === null) {
    process.stderr.write(
      "latchkey: nothing says what has passed: this is no checkout of git; run it without --resume\n",
    );
    return 2;
  }
  const record = openRecord(path);
  const before = values.resume ? record.read() : new Map();
  const isWanted = (/** @type {string} */ part) =>
    positionals.length === 0 || positionals.some((word) => part.includes(word));
  const all = [...globSync(["src/**/*.long.test.ts", "scripts/**/*.long.test.mjs"]).sort(), BROWSER].filter(
    isWanted,
  );
  if (all.length === 0) {
    process.stderr.write(`latchkey: no path of a long test has ${positionals.join(" or ")} in it\n`);
    return 2;
  }
  const left = all.filter((part) => !before.get(part)?.passed);
  if (left.length < all.length) say(`${all.length - left.length} of ${all.length} parts have passed already`);

  /** @type {Map<string, { passed: boolean, seconds: number }>} */
  const ends = new Map();
  const end = (/** @type {string} */ part, /** @type {{ passed: boolean, seconds: number }} */ how) => {
    ends.set(part, how);
    record.add(part, how);
  };
  const files = left.filter((part) => part !== BROWSER);
  const strayErrors = files.length > 0 ? await runFiles(files, end) : 0;
  if (left.includes(BROWSER)) {
    const begun = performance.now();
    const code = await run(process.execPath, [findTool("@playwright/test"), "test", "--project=long"], {
      env,
    });
    end(BROWSER, { passed: code === 0, seconds: (performance.now() - begun) / 1_000 });
  }
  const failed = sayEnds(left, ends);
  if (strayErrors > 0) say(`${strayErrors} errors outside of any test`);
  return failed.length === 0 && strayErrors === 0 ? 0 : 1;
}

/**
 * One after the other, or as many at once as LATCHKEY_LONG_FILES_AT_ONCE says. How many errors there were outside of any test.
 *
 * @param {string[]} files
 * @param {(part: string, how: { passed: boolean, seconds: number }) => void} end
 */
async function runFiles(files, end) {
  /** @type {import("vitest/node").Reporter} */
  const keeper = {
    onTestModuleEnd(module) {
      const part = relative(process.cwd(), module.moduleId);
      end(part, { passed: module.ok(), seconds: module.diagnostic().duration / 1_000 });
    },
  };
  const vitest = await startVitest(files, {
    project: "long",
    run: true,
    watch: false,
    reporters: ["default", keeper],
  });
  return vitest.state.getUnhandledErrors().length;
}

/**
 * The parts that have not passed.
 *
 * @param {string[]} parts
 * @param {Map<string, { passed: boolean, seconds: number }>} ends
 */
function sayEnds(parts, ends) {
  const slowFirst = [...ends].sort(([, a], [, b]) => b.seconds - a.seconds);
  say(
    `\n${slowFirst.map(([part, { seconds }]) => `${Math.round(seconds).toString().padStart(6)} s  ${part}`).join("\n")}`,
  );
  const failed = parts.filter((part) => !ends.get(part)?.passed);
  if (failed.length > 0)
    say(
      `\nFailed: ${failed.join(", ")}\nnpm run test:long -- --resume tries these again, for as long as the tree is the same`,
    );
  say(`\n${parts.length - failed.length} of ${parts.length} parts passed`);
  return failed;
}
