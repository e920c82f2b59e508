/**
 * Every fault, in short and whole, whatever fails on the way; then what each of them came to, as one table.
 * Takes about an hour and a half on two cores. With words, only the files whose paths have one of them: `npm run faults -- runs/faults`.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { formatFaultTable } from "../src/main/testing/faults/fault-table.ts";
import { readFaults } from "./reports.mjs";
import { endWithParent, limitProbedRuns, run, say } from "./run.mjs";
import { findTool } from "./tools.mjs";

const PROJECTS = ["unit", "lab", "long"];
/** Parts of the paths of files that try faults. */
const FILES = process.argv.length > 2 ? process.argv.slice(2) : ["faults"];

const folder = mkdtempSync(join(tmpdir(), "latchkey-faults-"));
process.on("exit", () => rmSync(folder, { recursive: true, force: true }));
endWithParent();

// They mostly wait.
process.env.LATCHKEY_LONG_FILES_AT_ONCE = "2";
limitProbedRuns(process.argv.slice(2));
const seen = [];
for (const project of PROJECTS) {
  const file = join(folder, `${project}.json`);
  const reporters = ["--reporter=default", "--reporter=json", `--outputFile.json=${file}`];
  const code = await run(process.execPath, [
    findTool("vitest"),
    "run",
    "--project",
    project,
    ...reporters,
    ...FILES,
    "--passWithNoTests",
  ]);
  if (code !== 0) process.exitCode = 1;
  seen.push(readFaults(file));
}
say(
  `\n${formatFaultTable(
    seen.flatMap(({ rows }) => rows),
    seen.flatMap(({ failed }) => failed),
  )}`,
);
