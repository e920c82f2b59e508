/**
 * Every check and every test, whatever fails on the way. The last line says how many
 * passed, failed and were skipped; a check counts as one. Programs that are missing are
 * the business of setup.mjs.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { sayFaultTable } from "../src/main/testing/faults/fault-table.ts";
import { canMakeHosts } from "./can-make-hosts.mjs";
import { countListed, readFaults, readPlaywrightReport, readVitestReport } from "./reports.mjs";
import { endWithParent, npm, run, say } from "./run.mjs";
import { findTool } from "./tools.mjs";

/** @typedef {import("./reports.mjs").Count} Count */

const folder = mkdtempSync(join(tmpdir(), "latchkey-suite-"));
/** @type {string[]} */
const failures = [];

process.on("exit", () => rmSync(folder, { recursive: true, force: true }));
endWithParent();
process.exitCode = await runSuite();

async function runSuite() {
  const counts = [
    await check("biome", "@biomejs/biome", ["ci", "."]),
    await check("types", "typescript", ["-b"], "tsc"),
    await check("unused code", "knip", []),
    await testByVitest("unit"),
    await build(),
    await testByVitest("built"),
    canMakeHosts() ? await testByVitest("lab") : await skipLab(),
    await testByPlaywright(),
  ];
  sayFaults();
  const sum = (/** @type {keyof Count} */ kind) => counts.reduce((total, count) => total + count[kind], 0);
  if (failures.length > 0) say(`\nFailed: ${failures.join(", ")}`);
  say(`\n${sum("passed")} passed, ${sum("failed")} failed, ${sum("skipped")} skipped`);
  return sum("failed") === 0 ? 0 : 1;
}

/**
 * @param {string} name
 * @param {string} tool
 * @param {string[]} args
 * @param {string} [binary]
 * @returns {Promise<Count>}
 */
async function check(name, tool, args, binary) {
  say(`\n== ${name}`);
  return note(name, asCount(await run(process.execPath, [findTool(tool, binary), ...args])));
}

async function build() {
  say("\n== build");
  return note("build", asCount(await npm(["run", "--silent", "build"])));
}

/**
 * @param {number} code
 * @returns {Count}
 */
function asCount(code) {
  return { passed: code === 0 ? 1 : 0, failed: code === 0 ? 0 : 1, skipped: 0 };
}

/** @param {"unit" | "built" | "lab"} project */
async function testByVitest(project) {
  say(`\n== ${project} tests`);
  const file = join(folder, `${project}.json`);
  const reporters = ["--reporter=default", "--reporter=json", `--outputFile.json=${file}`];
  const code = await run(process.execPath, [findTool("vitest"), "run", "--project", project, ...reporters]);
  return note(`${project} tests`, readVitestReport(file, code));
}

/** What each fault came to; without real hosts most of them were not tried. */
function sayFaults() {
  const seen = ["unit", "lab"].map((project) => readFaults(join(folder, `${project}.json`)));
  if (seen.every(({ rows }) => rows.length === 0)) return;
  const [rows, failed] = [seen.flatMap(({ rows }) => rows), seen.flatMap(({ failed }) => failed)];
  say(`\n== faults, in short (the whole of each: npm run faults)\n\n${sayFaultTable(rows, failed)}`);
}

/** @returns {Promise<Count>} */
async function skipLab() {
  say("\n== lab tests: skipped, for they need root, mount and process namespaces and overlays (Linux)");
  const file = join(folder, "list.json");
  await run(process.execPath, [findTool("vitest"), "list", "--project", "lab", `--json=${file}`]);
  return { passed: 0, failed: 0, skipped: countListed(file) };
}

async function testByPlaywright() {
  say("\n== e2e tests");
  const file = join(folder, "e2e.json");
  const env = { ...process.env, PLAYWRIGHT_JSON_OUTPUT_FILE: file };
  const args = [findTool("@playwright/test"), "test", "--reporter=list,json"];
  const code = await run(process.execPath, args, { env });
  return note("e2e tests", readPlaywrightReport(file, code));
}

/**
 * @param {string} name
 * @param {Count} count
 */
function note(name, count) {
  if (count.failed > 0) failures.push(name);
  return count;
}
