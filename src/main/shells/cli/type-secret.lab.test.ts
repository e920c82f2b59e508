import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { expect, test } from "vitest";
import { typeSecret } from "./terminal.ts";

const MODULE = join(import.meta.dirname, "terminal.ts");

/** Prompts once on a terminal of its own, and prints what it read and the terminal's mode after that. */
const PROGRAM = `
  import { execFileSync } from "node:child_process";
  import { Redacted } from ${JSON.stringify(join(import.meta.dirname, "../../../shared/model/secret.ts"))};
  import { ${typeSecret.name} } from ${JSON.stringify(MODULE)};
  process.on("SIGINT", () => console.log("stopped"));
  const typed = await ${typeSecret.name}({ input: process.stdin, output: process.stderr }, "Passphrase: ");
  console.log("got " + (typed ? Buffer.from(Redacted.reveal(typed)).toString("hex") : "nothing"));
  const settings = execFileSync("stty", ["-a"], { stdio: ["inherit", "pipe", "inherit"] }).toString();
  console.log(/ echo /.test(settings) && / icanon/.test(settings) ? "as before" : settings);
  process.exit();
`;

/** Types at a real terminal, once there is a prompt. Returns all that the terminal showed. */
async function type(text: string): Promise<string> {
  const command = `${process.execPath} --input-type=module -e "$PROGRAM"`;
  const terminal = spawn("script", ["--quiet", "--return", "--command", command, "/dev/null"], {
    stdio: "pipe",
    env: { ...process.env, PROGRAM },
  });
  let shown = "";
  let isTyped = false;
  for await (const chunk of terminal.stdout.setEncoding("utf8") as AsyncIterable<string>) {
    shown += chunk;
    if (isTyped || !shown.includes("Passphrase: ")) continue;
    isTyped = true;
    terminal.stdin.write(text);
  }
  if (terminal.exitCode === null) await once(terminal, "exit");
  return shown.replaceAll("\r", "");
}

test("a passphrase is read with its corrections, and is not on the screen", async () => {
  const shown = await type("rubbish\u0015hunx\u007f\u001b[A\u001bOBter\u00e4\u007f2\u00e9\r");
  expect(shown).toContain(`got ${Buffer.from("hunter2\u00e9").toString("hex")}`);
  expect(shown).not.toMatch(/hunter|rubbish/);
  expect(shown).toContain("as before");
});

test("Ctrl-C at a passphrase stops the program as ever, and leaves the terminal as it was", async () => {
  const shown = await type("hunter\u0003");
  expect(shown).toContain("stopped");
  expect(shown).toContain("got nothing");
  expect(shown).toContain("as before");
  expect(shown).not.toContain("hunter");
});
