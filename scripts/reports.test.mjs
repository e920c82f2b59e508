import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { countListed, readPlaywrightReport, readVitestReport } from "./reports.mjs";

const folder = mkdtempSync(join(tmpdir(), "latchkey-reports-"));
const file = join(folder, "report.json");
afterAll(() => rmSync(folder, { recursive: true }));

const vitest = { numPassedTests: 5, numFailedTests: 0, numPendingTests: 2, numTodoTests: 1, testResults: [] };
const broken = { status: "failed", assertionResults: [{ status: "passed" }] };
const failed = { status: "failed", assertionResults: [{ status: "failed" }] };

test.each([
  ["a run that is green", vitest, 0, { passed: 5, failed: 0, skipped: 3 }],
  [
    "a file that does not load",
    { ...vitest, testResults: [broken] },
    1,
    { passed: 5, failed: 1, skipped: 3 },
  ],
  [
    "a failure",
    { ...vitest, numFailedTests: 1, testResults: [failed] },
    1,
    { passed: 5, failed: 1, skipped: 3 },
  ],
  ["an error after the last test", vitest, 1, { passed: 5, failed: 1, skipped: 3 }],
  ["no test at all", { ...vitest, numPassedTests: 0 }, 0, { passed: 0, failed: 1, skipped: 3 }],
  ["no report", null, 0, { passed: 0, failed: 1, skipped: 0 }],
])("of vitest, %s is counted", (_, report, exitCode, count) => {
  writeFileSync(file, report ? JSON.stringify(report) : "");
  expect(readVitestReport(file, exitCode)).toEqual(count);
});

test.each([
  ["a run that is green", { expected: 5, unexpected: 0, flaky: 0, skipped: 2 }, 0, [5, 0, 2]],
  ["a test that passes now and then", { expected: 5, unexpected: 1, flaky: 1, skipped: 0 }, 1, [5, 2, 0]],
  ["a run that breaks down", { expected: 5, unexpected: 0, flaky: 0, skipped: 0 }, 1, [5, 1, 0]],
  ["no test at all", { expected: 0, unexpected: 0, flaky: 0, skipped: 0 }, 0, [0, 1, 0]],
])("of Playwright, %s is counted", (_, stats, exitCode, [passed, failed, skipped]) => {
  writeFileSync(file, JSON.stringify({ stats }));
  expect(readPlaywrightReport(file, exitCode)).toEqual({ passed, failed, skipped });
});

test("tests that are only listed are counted too", () => {
  writeFileSync(file, JSON.stringify([{}, {}]));
  expect([countListed(file), countListed(join(folder, "none"))]).toEqual([2, 0]);
});
