import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { text } from "node:stream/consumers";
import { expect, test } from "vitest";

const END = `import { endAtOnce, endProcess } from "${import.meta.dirname}/end-process.ts";`;
const WORLD = `import { openWorld } from "${import.meta.dirname}/cli/terminal.ts"; const world = openWorld();`;
const FAULTS = `import { endOnFault } from "${import.meta.dirname}/end-process.ts"; endOnFault();`;

const start = (program: string) =>
  spawn(process.execPath, ["--input-type=module", "-e", program], { stdio: ["ignore", "pipe", "pipe"] });

/** A thread that works for some minutes without interruption; the program goes on once it has begun. */
const IN_A_CALL = `
import { Worker } from "node:worker_threads";
const work = \`
  const { parentPort } = require("node:worker_threads");
  parentPort.postMessage("begun");
  require("node:crypto").pbkdf2Sync("a", "b", 2 ** 31 - 1, 64, "sha512");\`;
const thread = new Worker(work, { eval: true, execArgv: [] });
await new Promise((resolve) => thread.once("message", resolve));`;

test("a process ends with its code while a thread of it is in a call that takes minutes", async () => {
  const child = start(`${END} ${IN_A_CALL} endAtOnce(5);`);
  expect(await once(child, "exit")).toEqual([5, null]);
});

test("what still holds a process is not waited for, and all that it wrote is read", async () => {
  const child = start(
    `${END} process.stdout.write("x".repeat(3_000_000)); process.stderr.write("y".repeat(200_000)); setInterval(() => {}, 1_000); endProcess(1);`,
  );
  const [out, err, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, "exit")]);
  expect([out.length, err.length, code]).toEqual([3_000_000, 200_000, 1]);
});

test("a program whose reader leaves ends at once, with the code of a broken pipe and without a word", async () => {
  const child = start(`${FAULTS} ${WORLD} setInterval(() => world.out("a line of many"), 1);`);
  child.stdout.once("data", () => child.stdout.destroy());
  const [err, [code]] = await Promise.all([text(child.stderr), once(child, "exit")]);
  expect({ code, err }).toEqual({ code: 141, err: "" });
});

test("what was asked for is printed although nobody reads what is said beside it", async () => {
  const child = start(
    `${END} ${FAULTS} ${WORLD} world.err("one");
    process.stderr.once("error", () => { world.err("two"); world.out("the answer"); endProcess(0); });
    setInterval(() => world.err("one more"), 1).unref(); setInterval(() => {}, 1_000);`,
  );
  child.stderr.once("data", () => child.stderr.destroy());
  const [out, [code]] = await Promise.all([text(child.stdout), once(child, "exit")]);
  expect({ code, out }).toEqual({ code: 0, out: "the answer\n" });
});

const CANARY = "canary-2f7c";

test.each([
  ["thrown", `setImmediate(() => { throw new RangeError("${CANARY}") })`],
  ["rejected", `void Promise.reject(new RangeError("${CANARY}", { cause: "${CANARY}" }))`],
])(
  "a fault that was %s and nobody caught ends the process, and nothing that it held is printed",
  (_, fault) => {
    const program = `import { endOnFault } from "${import.meta.dirname}/end-process.ts"; endOnFault(); ${fault}`;
    const { status, stdout, stderr } = spawnSync(process.execPath, ["--input-type=module", "-e", program], {
      encoding: "utf8",
    });
    expect(stdout).toBe("");
    expect(stderr).toMatch(/^latchkey: something went wrong: RangeError/);
    expect(stderr).not.toContain(CANARY);
    expect(status).toBe(3);
  },
);
