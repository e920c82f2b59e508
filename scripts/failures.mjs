import { readReport } from "./reports.mjs";

/**
 * Something that failed, and the first lines of why.
 *
 * @typedef {{ name: string, why: string }} Failure
 *
 * @typedef {import("./reports.mjs").VitestReport} VitestReport
 *
 * @typedef {object} PlaywrightReport
 * @property {PlaywrightSuite[]} suites
 * @property {{ message?: string }[]} errors
 *
 * @typedef {{ suites?: PlaywrightSuite[], specs: PlaywrightSpec[] }} PlaywrightSuite
 *
 * @typedef {object} PlaywrightSpec
 * @property {string} title
 * @property {boolean} ok
 * @property {string} file
 * @property {number} line
 * @property {{ status: string, results: { errors?: { message?: string }[] }[] }[]} tests
 */

/** How much is said of one failure: it is above in full. */
const MAX_LINES = 12;
const MAX_COLUMNS = 300;
// biome-ignore lint/suspicious/noControlCharactersInRegex: that is how the colours of a terminal begin
const COLOURS = /\u001b\[[0-9;]*m/g;

/** A line of a stack that is not of this project. */
const FOREIGN_CALL = /^\s+at (.*node_modules|new Promise \(<anonymous>\))/;

/**
 * The tests that failed in a run of vitest, and the files that could not be loaded; nothing when there is no report.
 *
 * @param {string} file
 * @param {string} root
 * @returns {Failure[]}
 */
export function readVitestFailures(file, root) {
  const report = /** @type {VitestReport | null} */ (readReport(file));
  return (report?.testResults ?? []).flatMap(({ name, status, message, assertionResults }) => {
    const where = nameWithin(root, name);
    const failed = assertionResults
      .filter((result) => result.status === "failed")
      .map(({ fullName, failureMessages }) => ({
        name: `${where} > ${fullName}`,
        why: failureMessages.join("\n"),
      }));
    return status === "failed" && failed.length === 0 ? [{ name: where, why: message }] : failed;
  });
}

/**
 * The tests that failed in a run of Playwright, or passed only when tried again, and what failed outside of any.
 *
 * @param {string} file
 * @returns {Failure[]}
 */
export function readPlaywrightFailures(file) {
  const report = /** @type {PlaywrightReport | null} */ (readReport(file));
  const specs = (report?.suites ?? []).flatMap(specsOf);
  const failed = specs.flatMap(({ file, line, title, tests }) =>
    tests
      .filter(({ status }) => status === "unexpected" || status === "flaky")
      .map(({ results }) => ({
        name: `e2e/${file}:${line} > ${title}`,
        why: sayErrors(results.flatMap(({ errors }) => errors ?? [])),
      })),
  );
  const outside = report?.errors ?? [];
  return outside.length === 0
    ? failed
    : [...failed, { name: "outside of any test", why: sayErrors(outside) }];
}

/** @param {PlaywrightSuite} suite @returns {PlaywrightSpec[]} */
const specsOf = ({ suites = [], specs }) => [...specs, ...suites.flatMap(specsOf)];

/** @param {readonly { message?: string }[]} errors */
const sayErrors = (errors) => errors.map(({ message }) => message ?? "").join("\n");

/** @param {string} root @param {string} path */
const nameWithin = (root, path) =>
  path.startsWith(root) ? path.slice(root.length).replace(/^[/\\]/, "") : path;

/**
 * What failed, as the last thing of a log whose beginning nobody sees.
 *
 * @param {readonly Failure[]} failures
 */
export function sayFailures(failures) {
  return failures.map(({ name, why }) => [name, ...firstLines(why)].join("\n    ")).join("\n");
}

/** @param {string} text */
function firstLines(text) {
  const lines = linesOf(text);
  return lines.length > MAX_LINES ? [...lines.slice(0, MAX_LINES), "..."] : lines;
}

/**
 * The last of what a program has said.
 *
 * @param {string} text
 */
export const lastLines = (text) => linesOf(text).slice(-MAX_LINES).join("\n");

/** @param {string} text */
const linesOf = (text) =>
  text
    .replace(COLOURS, "")
    .split("\n")
    .map((line) => line.trimEnd().slice(0, MAX_COLUMNS))
    .filter((line) => line !== "" && !FOREIGN_CALL.test(line));
