import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { lastLines, readPlaywrightFailures, readVitestFailures, sayFailures } from "./failures.mjs";

const folder = mkdtempSync(join(tmpdir(), "latchkey-failures-"));
const file = join(folder, "report.json");
afterAll(() => rmSync(folder, { recursive: true }));

test("of vitest, each failed test is named with its file, and a file that did not load with its reason", () => {
  const result = (/** @type {string} */ status, /** @type {string} */ fullName) => ({
    status,
    fullName,
    failureMessages:
      status === "failed"
        ? ["AssertionError: expected 1 to be 2\n    at a.test.ts:3:5\n    at node_modules/x"]
        : [],
  });
  const testResults = [
    {
      name: "/project/src/a.test.ts",
      status: "failed",
      message: "",
      assertionResults: [result("failed", "it adds"), result("passed", "it stands")],
    },
    {
      name: "/project/src/b.test.ts",
      status: "failed",
      message: "Cannot find module 'c'",
      assertionResults: [],
    },
    {
      name: "/project/src/d.test.ts",
      status: "passed",
      message: "",
      assertionResults: [result("passed", "it goes")],
    },
  ];
  writeFileSync(file, JSON.stringify({ testResults }));
  expect(sayFailures(readVitestFailures(file, "/project"))).toMatchInlineSnapshot(`
    "src/a.test.ts > it adds
        AssertionError: expected 1 to be 2
            at a.test.ts:3:5
    src/b.test.ts
        Cannot find module 'c'"
  `);
});

test("of Playwright, each test that failed, or passed on a second try, is named, and what failed outside of all", () => {
  const spec = (
    /** @type {string} */ title,
    /** @type {string} */ status,
    /** @type {string} */ message,
  ) => ({
    title,
    file: "hosts.spec.ts",
    line: 6,
    tests: [{ status, results: [{ errors: message === "" ? [] : [{ message }] }] }],
  });
  const inner = { specs: [spec("a row is found", "flaky", "Timeout 5000ms exceeded")] };
  const outer = {
    specs: [
      spec("a row is there", "expected", ""),
      spec("a row goes", "unexpected", "\u001b[31mexpected 0\u001b[39m\n\nreceived 1"),
    ],
    suites: [inner],
  };
  writeFileSync(file, JSON.stringify({ suites: [outer], errors: [{ message: "no such spec" }] }));
  expect(sayFailures(readPlaywrightFailures(file))).toMatchInlineSnapshot(`
    "e2e/hosts.spec.ts:6 > a row goes
        expected 0
        received 1
    e2e/hosts.spec.ts:6 > a row is found
        Timeout 5000ms exceeded
    outside of any test
        no such spec"
  `);
});

test("without a report there is nothing to read", () => {
  const none = join(folder, "none");
  expect([readVitestFailures(none, "/project"), readPlaywrightFailures(none)]).toEqual([[], []]);
});

test("a long reason is cut, and of what a program has said the last lines are kept", () => {
  const long = Array.from({ length: 40 }, (_, index) => `line ${index} ${"x".repeat(400)}`).join("\n");
  const said = sayFailures([{ name: "a", why: long }]).split("\n");
  expect([said.length, said.at(-1), Math.max(...said.map((line) => line.length))]).toEqual([
    14,
    "    ...",
    304,
  ]);
  expect(lastLines(`${long}\n\nend`)).toMatch(/^line 29 [\s\S]*\nend$/);
});
