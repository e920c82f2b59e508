import { spawn, spawnSync } from "node:child_process";
import { expect, test } from "vitest";
import {
  challengeScript,
  collectorScript,
  deploymentScript,
  libraryScript,
  offlineScript,
  sessionScript,
} from "./host-scripts.ts";
import { beginSession } from "./net/ssh/session/open-session.ts";
import { readCollector, readRotationScript } from "./testing/read-scripts.ts";

test("what is built into the program is what a bare Node reads, to the byte", async () => {
  expect(collectorScript).toBe(await readCollector());
  expect(sessionScript).toBe(await readRotationScript("session"));
  expect(challengeScript).toBe(await readRotationScript("challenge"));
  expect(deploymentScript).toBe(await readRotationScript("deployment"));
});

/** The functions that a script defines at its own level; what a rollback timer runs by itself is a text of its own. */
const listFunctions = (script: string): string[] =>
  Array.from(
    script.replace(/^revert_text='[^']*'/m, "").matchAll(/^([a-z_0-9]+)\(\)/gm),
    ([, name = ""]) => name,
  );

test.each([
  ["the collector", collectorScript],
  ["a session that replaces deployments", [libraryScript, sessionScript, deploymentScript].join("\n")],
  ["a session that answers challenges", [libraryScript, sessionScript, challengeScript].join("\n")],
  ["an offline script with its session", [sessionScript, offlineScript].join("\n")],
])("%s defines each function once, for a second one would replace the first in silence", (_, script) => {
  const names = listFunctions(script);
  expect(names.length).toBeGreaterThan(20);
  expect(names.filter((name, at) => names.indexOf(name) !== at)).toEqual([]);
});

function listShells(): string[][] {
  const shells = ["sh", "dash", "bash --posix", "ksh", "mksh", "busybox sh"].map((shell) => shell.split(" "));
  return shells.filter(([program = "", ...args]) => spawnSync(program, [...args, "-c", ":"]).status === 0);
}

/** The output of each shell that reads a text: one answer, unless they differ. */
function readByShells(text: string): string[] {
  const said = listShells().map(([program = "", ...args]) =>
    spawnSync(program, [...args, "-s"], { input: text, encoding: "utf8" }),
  );
  return [...new Set(said.map(({ stdout }) => stdout))];
}

const ALIASES =
  "alias cd='echo no; false' ls='echo no' printf='echo no' set='echo no' command='echo no' has=false";

test.skipIf(process.platform === "win32")("an alias in the shell that reads a script changes nothing", () => {
  const collector = collectorScript.slice(0, collectorScript.lastIndexOf("main "));
  const asked =
    'prepare_shell\nread_stat /\nencode "a b"\necho "$mode" "$token"\nalone pwd\nhas sh && echo has\n';
  const kept = readByShells(`${collector}${asked}`);
  expect(kept).toEqual([expect.stringMatching(/^d\S+ %61%20%62\n\/\nhas\n$/)]);
  expect(readByShells(`${ALIASES}\n${collector}${asked}`)).toEqual(kept);

  const hand = `${sessionScript}\n${libraryScript}\nsession_prepare\nput_line "$(alone pwd)"\nencode "a b"\nput_line "$encoded"\n`;
  expect(readByShells(hand)).toEqual(["/\n%61%20%62\n"]);
  expect(readByShells(`${ALIASES}\n${hand}`)).toEqual(["/\n%61%20%62\n"]);
});

test.skipIf(process.platform === "win32")(
  "an alias changes nothing in a session of a run, either",
  async () => {
    for (const [program = "", ...args] of listShells()) {
      const shell = spawn(program, [...args, "-s"], { stdio: ["pipe", "pipe", "ignore"] });
      shell.stdin.on("error", () => undefined).write(`${ALIASES} read='echo no; false' echo='printf no'\n`);
      const begun = await beginSession(
        {
          send: (text) => void shell.stdin.write(text),
          follow({ out, over }) {
            shell.stdout.on("data", out);
            shell.on("close", () => over("it ended"));
          },
        },
        `${sessionScript}\n${libraryScript}\nhas sh || exit\n`,
        20_000,
      );
      shell.stdin.end();
      expect(begun, program).toMatchObject({ uid: process.getuid?.() });
    }
  },
);
