import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdtempDisposable, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

/**
 * @typedef {object} Ends
 * @property {number} runs
 * @property {string[]} hangs the commands that had not ended in time
 * @property {Record<string, number>} codes how often a command ended with which code: `inspect 0`
 */

/** Keeps one processor busy. */
const BUSY = "for (;;) Math.sqrt(Math.random());";

/**
 * Runs three commands in turn, each piped to a reader that leaves after the first byte, beside two busy loops. One that
 * looks at a file in a thread of its own, one that scans and writes a database, and one that prints more than a pipe holds.
 *
 * @param {{ program: string, runs: number, withinMs: number, atOnce?: number }} options `program`: out/main/latchkey.js;
 *   `withinMs`: what has not ended by then hangs, and is killed
 * @returns {Promise<Ends>}
 */
export async function runToEnds({ program, runs, withinMs, atOnce = 3 }) {
  await using folder = await mkdtempDisposable(join(tmpdir(), "latchkey-ends-"));
  const [few, many] = [join(folder.path, "few.pub"), join(folder.path, "many.pub")];
  await writeFile(few, writeKeys(1));
  await writeFile(many, writeKeys(500));
  const commandsOf = (/** @type {number} */ slot) => [
    ["inspect", few, "--json"],
    ["--db", join(folder.path, `${slot}.db`), "scan", "127.0.0.1:1"],
    ["inspect", many, "--json"],
  ];
  const busy = [0, 1].map(() => spawn(process.execPath, ["-e", BUSY], { stdio: "ignore" }));
  /** @type {Ends} */
  const ends = { runs: 0, hangs: [], codes: {} };
  try {
    await Promise.all(Array.from({ length: atOnce }, (_, slot) => runSome(commandsOf(slot))));
  } finally {
    for (const child of busy) child.kill("SIGKILL");
  }
  return ends;

  async function runSome(/** @type {string[][]} */ commands) {
    while (ends.runs < runs) {
      const command = commands[ends.runs++ % commands.length] ?? [];
      const code = await runToEnd([program, ...command], withinMs);
      const word = command.includes("scan") ? "scan" : "inspect";
      if (code === null) ends.hangs.push(command.join(" "));
      ends.codes[`${word} ${code}`] = (ends.codes[`${word} ${code}`] ?? 0) + 1;
    }
  }
}

/** So many lines of authorized_keys. */
export const writeKeys = (/** @type {number} */ count) =>
  Array.from({ length: count }, () => {
    const blob = Buffer.concat([
      Buffer.from("0000000b7373682d6564323535313900000020", "hex"),
      randomBytes(32),
    ]);
    return `ssh-ed25519 ${blob.toString("base64")} of tests\n`;
  }).join("");

/**
 * The exit code of a program whose output goes to a reader that leaves after one byte; null when it was killed.
 *
 * @param {readonly string[]} args
 * @param {number} withinMs
 * @returns {Promise<number | null>}
 */
async function runToEnd(args, withinMs) {
  const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "ignore"] });
  child.stdout.once("data", () => child.stdout.destroy());
  const timer = setTimeout(() => child.kill("SIGKILL"), withinMs);
  const { promise, resolve } = Promise.withResolvers();
  child.once("exit", resolve);
  return promise.finally(() => clearTimeout(timer));
}
