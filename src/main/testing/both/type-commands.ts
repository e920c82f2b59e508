import { openTerminal } from "#testing/open-terminal.ts";

/**
 * Types commands that write, one after the other, in a process of its own, for tests: so many, or for so many seconds.
 * Prints as JSON how many were done, and what the others said.
 */
const {
  LATCHKEY_TEST_DB: path = "",
  LATCHKEY_TEST_NAME: name = "",
  LATCHKEY_TEST_WRITES: writes = "Infinity",
  LATCHKEY_TEST_SECONDS: seconds = "3600",
} = process.env;

const type = openTerminal(path);
const until = Date.now() + Number(seconds) * 1_000;
const refused: string[] = [];
let acknowledged = 0;
for (let count = 0; count < Number(writes) && Date.now() < until; count++) {
  const { code, out, err } = await type("targets", "add", `${name}-${count}.example:443`);
  if (code === 0) acknowledged++;
  else refused.push(`${code}: ${out}${err}`);
}
process.stdout.write(`${JSON.stringify({ acknowledged, refused })}\n`);
