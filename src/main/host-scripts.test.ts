import { spawnSync } from "node:child_process";
import { expect, test } from "vitest";
import { readCollector } from "#testing/read-collector.ts";
import { readRotationScript } from "#testing/read-rotation-script.ts";
import { challengeScript, collectorScript, handScript, libraryScript } from "./host-scripts.ts";

test("what is built into the program is what a bare Node reads, to the byte", async () => {
  expect(collectorScript).toBe(await readCollector());
  expect(handScript).toBe(await readRotationScript("hand"));
  expect(challengeScript).toBe(await readRotationScript("challenge"));
});

/** What shells make of text that they read, each in its own words: one answer, unless they differ. */
function readByShells(text: string): string[] {
  const shells = ["sh", "dash", "bash --posix", "ksh", "mksh", "busybox sh"].map((shell) => shell.split(" "));
  const there = shells.filter(
    ([program = "", ...args]) => spawnSync(program, [...args, "-c", ":"]).status === 0,
  );
  const said = there.map(([program = "", ...args]) =>
    spawnSync(program, [...args, "-s"], { input: text, encoding: "utf8" }),
  );
  return [...new Set(said.map(({ stdout }) => stdout))];
}

const ALIASES =
  "alias cd='echo no; false' ls='echo no' printf='echo no' set='echo no' command='echo no' has=false";

test.skipIf(process.platform === "win32")("an alias in the shell that reads a script changes nothing", () => {
  const collector = collectorScript.slice(0, collectorScript.lastIndexOf("main "));
  const asked = 'prepare_shell\nlook /\nencode "a b"\necho "$mode" "$token"\nalone pwd\nhas sh && echo has\n';
  const kept = readByShells(`${collector}${asked}`);
  expect(kept).toEqual([expect.stringMatching(/^d\S+ %61%20%62\n\/\nhas\n$/)]);
  expect(readByShells(`${ALIASES}\n${collector}${asked}`)).toEqual(kept);

  const hand = `${handScript}\n${libraryScript}\nhand_prepare\nput_line "$(alone pwd)"\nencode "a b"\nput_line "$encoded"\n`;
  expect(readByShells(hand)).toEqual(["/\n%61%20%62\n"]);
  expect(readByShells(`${ALIASES}\n${hand}`)).toEqual(["/\n%61%20%62\n"]);
});
