/**
 * Every check and every test, whatever fails on the way. At its end stands what failed and why, and the last line says
 * how many passed, failed and were skipped; a check counts as one. Tests of real hosts mostly wait, and all the others
 * mostly calculate, so they run side by side. Programs that are missing are the business of setup.mjs.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { formatCorpusTable } from "../src/main/testing/corpora/corpus-table.ts";
import { formatFaultTable } from "../src/main/testing/faults/fault-table.ts";
import { formatProtocolTable } from "../src/main/testing/protocols/protocol-table.ts";
import { canMakeHosts } from "./can-make-hosts.mjs";
import { lastLines, readPlaywrightFailures, readVitestFailures, sayFailures } from "./failures.mjs";
import {
  countListed,
  readCorpora,
  readFaults,
  readPlaywrightReport,
  readProtocols,
  readVitestReport,
} from "./reports.mjs";
import { endWithParent, findNpm, runHeard, say, sideBySide } from "./run.mjs";
import { findTool } from "./tools.mjs";

/**
 * What came of one kind of check or test.
 *
 * @typedef {Outcome & { kind: string, seconds: number }} Part
 * @typedef {{ count: Count, failures: Failure[] }} Outcome
 *
 * @typedef {import("./reports.mjs").Count} Count
 * @typedef {import("./failures.mjs").Failure} Failure
 * @typedef {import("./run.mjs").Hear} Hear
 */

const folder = mkdtempSync(join(tmpdir(), "latchkey-suite-"));
const hear = (/** @type {string} */ text) => void process.stdout.write(text);

process.on("exit", () => rmSync(folder, { recursive: true, force: true }));
endWithParent();
process.exitCode = await runSuite();

async function runSuite() {
  const lanes = await sideBySide(hear, checkAndTest, buildAndTestHosts);
  const parts = lanes.flat();
  sayFaults();
  sayProtocols();
  sayCorpora();
  const sum = (/** @type {keyof Count} */ kind) => parts.reduce((total, { count }) => total + count[kind], 0);
  const failed = parts.filter(({ count }) => count.failed > 0);
  for (const { kind, failures } of failed) say(`\n== failed: ${kind}\n\n${sayFailures(failures)}`);
  say(`\n${parts.map(({ kind, seconds }) => `${kind} ${seconds} s`).join(", ")}`);
  if (failed.length > 0) say(`\nFailed: ${failed.map(({ kind }) => kind).join(", ")}`);
  say(`\n${sum("passed")} passed, ${sum("failed")} failed, ${sum("skipped")} skipped`);
  return sum("failed") === 0 ? 0 : 1;
}

/**
 * All that needs no real hosts, or in a browser only few; one after the other, for each of them keeps the machine busy.
 *
 * @param {Hear} hear
 */
async function checkAndTest(hear) {
  return [
    await check("biome", tool(findTool("@biomejs/biome"), "ci", "."), hear),
    // Each checker learns all types anew: four do so at more than twice the work of one, and the other lane has the second processor.
    await check("types", tool(findTool("typescript", "tsc"), "-b", "--checkers", "1"), hear),
    await check("shell scripts", tool("scripts/check-shell.mjs"), hear),
    await check("unused code", tool(findTool("knip")), hear),
    await check("structure", tool("scripts/structure.mjs"), hear),
    await testByVitest("unit", hear),
    // What was built is there by now: the other lane begins with it, and it takes less time than the first of these checks.
    await testByVitest("built", hear),
    await testInBrowser(hear),
  ];
}

/** @param {Hear} hear */
async function buildAndTestHosts(hear) {
  return [await check("build", findNpm(["run", "--silent", "build"]), hear), await testHosts(hear)];
}

/**
 * @param {string} kind
 * @param {Hear} hear
 * @param {() => Promise<Outcome>} work
 * @returns {Promise<Part>}
 */
async function runPart(kind, hear, work) {
  hear(`\n== ${kind}\n`);
  const begun = performance.now();
  const outcome = await work();
  return { kind, seconds: Math.round((performance.now() - begun) / 1_000), ...outcome };
}

/**
 * @param {string} kind
 * @param {Command} program
 * @param {Hear} hear
 *
 * @typedef {{ command: string, args: string[], shell?: boolean }} Command
 */
function check(kind, { command, args, shell = false }, hear) {
  return runPart(kind, hear, async () => {
    const { code, end } = await runHeard(command, args, { hear, shell });
    const failures = code === 0 ? [] : [{ name: kind, why: lastLines(end) }];
    return { count: { passed: 1 - failures.length, failed: failures.length, skipped: 0 }, failures };
  });
}

/** @param {string} file @param {string[]} args @returns {Command} */
function tool(file, ...args) {
  return { command: process.execPath, args: [file, ...args] };
}

/** @param {"unit" | "built" | "lab"} project @param {Hear} hear */
function testByVitest(project, hear) {
  return runPart(`${project} tests`, hear, async () => {
    const file = join(folder, `${project}.json`);
    const reporters = ["--reporter=default", "--reporter=json", `--outputFile.json=${file}`];
    const { command, args } = tool(findTool("vitest"), "run", "--project", project, ...reporters);
    const { code, end } = await runHeard(command, args, { hear });
    const failures = orTheEnd(readVitestFailures(file, process.cwd()), end);
    return { count: readVitestReport(file, code), failures };
  });
}

/** @param {Hear} hear @returns {Promise<Part>} */
async function testHosts(hear) {
  if (canMakeHosts()) return testByVitest("lab", hear);
  return runPart("lab tests", hear, async () => {
    hear("skipped, for they need root, mount and process namespaces and overlays (Linux)\n");
    const file = join(folder, "list.json");
    const { command, args } = tool(findTool("vitest"), "list", "--project", "lab", `--json=${file}`);
    await runHeard(command, args, { hear });
    return { count: { passed: 0, failed: 0, skipped: countListed(file) }, failures: [] };
  });
}

/** @param {Hear} hear */
function testInBrowser(hear) {
  return runPart("e2e tests", hear, async () => {
    const file = join(folder, "e2e.json");
    const env = { ...process.env, PLAYWRIGHT_JSON_OUTPUT_FILE: file };
    const args = ["test", "--project=short", "--reporter=list,json"];
    const { code, end } = await runHeard(process.execPath, [findTool("@playwright/test"), ...args], {
      hear,
      env,
    });
    return {
      count: readPlaywrightReport(file, code),
      failures: orTheEnd(readPlaywrightFailures(file), end),
    };
  });
}

/**
 * A run that broke down without a failed test is known by what it said last.
 *
 * @param {Failure[]} failures
 * @param {string} end
 */
function orTheEnd(failures, end) {
  return failures.length > 0
    ? failures
    : [{ name: "no test of it, but the run itself", why: lastLines(end) }];
}

/** What real servers made of each protocol that turns to TLS; without real hosts most of them were not tried. */
function sayProtocols() {
  const seen = ["unit", "lab"].map((project) => readProtocols(join(folder, `${project}.json`)));
  if (seen.every(({ rows }) => rows.length === 0)) return;
  const [rows, failed] = [seen.flatMap(({ rows }) => rows), seen.flatMap(({ failed }) => failed)];
  say(`\n== protocols that turn to TLS, and which server showed it\n\n${formatProtocolTable(rows, failed)}`);
}

/** What each fault came to; without real hosts most of them were not tried. */
function sayFaults() {
  const seen = ["unit", "lab"].map((project) => readFaults(join(folder, `${project}.json`)));
  if (seen.every(({ rows }) => rows.length === 0)) return;
  const [rows, failed] = [seen.flatMap(({ rows }) => rows), seen.flatMap(({ failed }) => failed)];
  say(`\n== faults, in short (the whole of each: npm run faults)\n\n${formatFaultTable(rows, failed)}`);
}

/** How chains are judged that others have judged, by profile. */
function sayCorpora() {
  const rows = readCorpora(join(folder, "unit.json"));
  if (rows.length === 0) return;
  say(
    `\n== corpora of certificate chains (each difference is explained in its test)\n\n${formatCorpusTable(rows)}`,
  );
}
