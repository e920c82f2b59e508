import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { expect, test } from "vitest";

const run = promisify(execFile);

/** Each part with little to measure. What it measures is no matter here: a part that no longer runs would be missed. */
const FEW = [
  ["x509", []],
  ["authorized-keys", []],
  ["verdicts", []],
  ["tls", ["20"]],
  ["memory", ["50"]],
  ["ssh", ["2"]],
  ["lists", ["2000"]],
  ["served", ["2000"]],
];

test.each(FEW)("the benchmark's part %s still runs", async (part, size) => {
  const file = new URL(`${part}.mjs`, import.meta.url).pathname;
  const { stdout } = await run(process.execPath, [file, ...size], { timeout: 300_000 });
  expect(stdout).toContain("target");
  expect(stdout).not.toContain("not measured: it failed");
});
