import { createInterface } from "node:readline";
import { createApp } from "#app";
import { acceptCommands } from "#shells/socket/accept-commands.ts";

/**
 * A window without a page, in a process of its own, for tests: it holds a database and does the work of commands.
 * `write`: it writes as its page would, until `end`, and prints how often; then it closes.
 */
const { LATCHKEY_TEST_DB: databasePath = "", LATCHKEY_TEST_VERSION: version } = process.env;

const app = createApp({ databasePath });
const program = version === undefined ? {} : { program: { version, contract: "another" } };
const acceptance = await acceptCommands({ app, ...program });
let isStopped = false;
let writing: Promise<void> | null = null;
createInterface({ input: process.stdin }).on("line", (line) => {
  if (line === "write") writing = write();
  if (line === "end") void end();
});
process.stdout.write("holds\n");

async function write(): Promise<void> {
  let count = 0;
  while (!isStopped) {
    await app.client.targets.add({ text: `window-${count}.example:443` });
    count++;
    // As between two clicks: what others send is served meanwhile.
    await new Promise((resolve) => setImmediate(resolve));
  }
  process.stdout.write(`${JSON.stringify({ acknowledged: count })}\n`);
}

async function end(): Promise<void> {
  isStopped = true;
  await writing;
  await acceptance?.[Symbol.asyncDispose]();
  await app[Symbol.asyncDispose]();
  process.stdin.destroy();
}
