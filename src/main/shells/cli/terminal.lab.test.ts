import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { expect, test } from "vitest";
import { typeLine } from "./terminal.ts";

const MODULE = join(import.meta.dirname, "terminal.ts");

/** Prompts twice on a terminal of its own, and prints what it read and the terminal's mode after that. */
const PROGRAM = `
  import { execFileSync } from "node:child_process";
  import { ${typeLine.name} } from ${JSON.stringify(MODULE)};
  const terminal = { input: process.stdin, output: process.stderr };
  const signal = new AbortController().signal;
  process.on("SIGINT", () => console.log("stopped"));
  for (const isHidden of [true, false]) {
    const line = await ${typeLine.name}(terminal, isHidden ? "Hidden: " : "Shown: ", { isHidden, signal });
    console.log("got " + Buffer.from(String(line)).toString("hex"));
  }
  const settings = execFileSync("stty", ["-a"], { stdio: ["inherit", "pipe", "inherit"] }).toString();
  console.log(/ echo /.test(settings) && / icanon/.test(settings) ? "as before" : settings);
  process.exit();
`;

/** Types at a real terminal: each text once there is a prompt for it. Returns all that the terminal showed. */
async function type(atHidden: string, atShown: string): Promise<string> {
  const command = `${process.execPath} --input-type=module -e "$PROGRAM"`;
  const terminal = spawn("script", ["--quiet", "--return", "--command", command, "/dev/null"], {
    stdio: "pipe",
    env: { ...process.env, PROGRAM },
  });
  let shown = "";
  const typed = { "Hidden: ": atHidden, "Shown: ": atShown };
  for await (const chunk of terminal.stdout.setEncoding("utf8") as AsyncIterable<string>) {
    shown += chunk;
    for (const [prompt, text] of Object.entries(typed)) {
      if (!shown.includes(prompt) || !(prompt in typed)) continue;
      delete (typed as Record<string, string>)[prompt];
      terminal.stdin.write(text);
    }
  }
  if (terminal.exitCode === null) await once(terminal, "exit");
  return shown.replaceAll("\r", "");
}

const hex = (text: string) => Buffer.from(text).toString("hex");

test("what is typed at a hidden prompt is read with its corrections, and is not on the screen", async () => {
  const shown = await type("rubbish\u0015hunx\u007fter\u001b[A2é\r", "visible\r");
  expect(shown).toContain(`got ${hex("hunter2é")}`);
  expect(shown).toContain(`Shown: visible\ngot ${hex("visible")}`);
  expect(shown).not.toMatch(/hunter|rubbish/);
  expect(shown).toContain("as before");
});

test("Ctrl-C at a prompt stops the program as ever, and leaves the terminal as it was", async () => {
  const shown = await type("hunter\u0003", "\u0004");
  expect(shown).toContain(`stopped\n\ngot ${hex("null")}`);
  expect(shown.match(/stopped/g)).toHaveLength(1);
  expect(shown).toContain("as before");
  expect(shown).not.toContain("hunter");
});
