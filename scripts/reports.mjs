import { readFileSync } from "node:fs";

/** @typedef {{ passed: number, failed: number, skipped: number }} Count */

/**
 * @typedef {object} VitestReport
 * @property {number} numPassedTests
 * @property {number} numFailedTests
 * @property {number} numPendingTests
 * @property {number} numTodoTests
 * @property {{ name: string, status: string, message: string, assertionResults: TestResult[] }[]} testResults
 *
 * @typedef {object} TestResult
 * @property {string} status
 * @property {string} title
 * @property {string} fullName
 * @property {string[]} failureMessages
 * @property {{ faults?: FaultRow[], protocols?: ProtocolRow[], corpora?: CorpusRow[] }} [meta]
 *
 * @typedef {import("../src/main/testing/corpora/corpus-table.ts").CorpusRow} CorpusRow
 * @typedef {import("../src/main/testing/faults/fault-table.ts").FaultRow} FaultRow
 * @typedef {import("../src/main/testing/protocols/protocol-table.ts").ProtocolRow} ProtocolRow
 *
 * @typedef {{ stats: { expected: number, unexpected: number, flaky: number, skipped: number } }} PlaywrightReport
 */

/**
 * Counts the tests of a run. A file that could not be loaded fails as one test.
 *
 * @param {string} file
 * @param {number} exitCode
 */
export function readVitestReport(file, exitCode) {
  const report = /** @type {VitestReport | null} */ (readReport(file));
  if (!report) return NOTHING_RAN;
  const broken = report.testResults.filter(
    ({ status, assertionResults }) =>
      status === "failed" && !assertionResults.some((result) => result.status === "failed"),
  );
  return judge(exitCode, {
    passed: report.numPassedTests,
    failed: report.numFailedTests + broken.length,
    skipped: report.numPendingTests + report.numTodoTests,
  });
}

/**
 * Counts the tests of a run. One that passes only when it is tried again has failed.
 *
 * @param {string} file
 * @param {number} exitCode
 */
export function readPlaywrightReport(file, exitCode) {
  const report = /** @type {PlaywrightReport | null} */ (readReport(file));
  if (!report) return NOTHING_RAN;
  const { expected, unexpected, flaky, skipped } = report.stats;
  return judge(exitCode, { passed: expected, failed: unexpected + flaky, skipped });
}

/**
 * How many tests a list of vitest's names; 0 when there is none.
 *
 * @param {string} file
 */
export function countListed(file) {
  const list = /** @type {unknown[] | null} */ (readReport(file));
  return list?.length ?? 0;
}

/**
 * What the tests of a run saw of faults, and the names of those that failed; nothing when there is no report.
 *
 * @param {string} file
 * @returns {{ rows: FaultRow[], failed: string[] }}
 */
export function readFaults(file) {
  const tests = readTests(file);
  return { rows: tests.flatMap(({ meta }) => meta?.faults ?? []), failed: namesOfFailed(tests) };
}

/**
 * What the tests of a run saw of protocols that turn to TLS, and the names of those that failed.
 *
 * @param {string} file
 * @returns {{ rows: ProtocolRow[], failed: string[] }}
 */
export function readProtocols(file) {
  const tests = readTests(file);
  return { rows: tests.flatMap(({ meta }) => meta?.protocols ?? []), failed: namesOfFailed(tests) };
}

/**
 * What the tests of a run counted of corpora of certificate chains; nothing when there is no report.
 *
 * @param {string} file
 * @returns {CorpusRow[]}
 */
export function readCorpora(file) {
  return readTests(file).flatMap(({ meta }) => meta?.corpora ?? []);
}

/** @param {string} file */
function readTests(file) {
  const report = /** @type {VitestReport | null} */ (readReport(file));
  return report?.testResults.flatMap(({ assertionResults }) => assertionResults) ?? [];
}

/** @param {TestResult[]} tests */
const namesOfFailed = (tests) => tests.filter(({ status }) => status === "failed").map(({ title }) => title);

/** A run that left no report, or ran no test, has shown nothing. */
const NOTHING_RAN = { passed: 0, failed: 1, skipped: 0 };

/**
 * A run that fails without a failed test (an error after the last one, say) fails as one test.
 *
 * @param {number} exitCode
 * @param {Count} count
 * @returns {Count}
 */
function judge(exitCode, count) {
  const hasRun = count.passed + count.failed > 0;
  const isUnexplained = exitCode !== 0 && count.failed === 0;
  return hasRun && !isUnexplained ? count : { ...count, failed: count.failed + 1 };
}

/**
 * What a tool has written of its run; null when it did not come so far.
 *
 * @param {string} file
 */
export function readReport(file) {
  try {
    return JSON.parse(readFileSync(file, "utf8"));
  } catch {
    return null;
  }
}
