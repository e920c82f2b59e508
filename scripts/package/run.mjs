/**
 * Makes this platform's packages from the build, into out/packages. Electron's binary and the tools that make a deb,
 * a dmg or an installer are fetched when they are not there yet. Options go to electron-builder, such as `--dir`.
 */
import { execFileSync } from "node:child_process";
import { endWithParent, run } from "../run.mjs";
import { findTool } from "../tools.mjs";

endWithParent();
const args = [findTool("electron-builder", "electron-builder"), "--publish", "never"];
process.exitCode = await run(process.execPath, [...args, ...process.argv.slice(2)], {
  env: { SOURCE_DATE_EPOCH: readCommitTime(), ...process.env },
});

/** Files in packages are as old as the commit they are made of, so that the same commit gives the same package. */
function readCommitTime() {
  return execFileSync("git", ["log", "-1", "--format=%ct"], { encoding: "utf8" }).trim();
}
