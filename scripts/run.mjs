import { spawn } from "node:child_process";
import { once } from "node:events";
import { constants } from "node:os";

/**
 * Runs a program on this terminal until it ends; answers with its exit code. A signal is the
 * program's business: it is passed on, and we stay until the program has cleaned up.
 *
 * @param {string} command
 * @param {readonly string[]} args
 * @param {import("node:child_process").SpawnOptions} [options]
 * @returns {Promise<number>}
 */
export function run(command, args, options = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { stdio: "inherit", ...options });
    const letGo = passSignals(child);
    child.once("error", reject);
    child.once("exit", (code, signal) => {
      letGo();
      resolve(code ?? 128 + (signal ? constants.signals[signal] : 0));
    });
  });
}

/** How much of what a program has said is kept: the end, where it says what went wrong. */
const KEPT_CHARACTERS = 4_000;

/**
 * Runs a program as `run` does, but gives what it says to `hear`; answers with the end of that, too. In colours where
 * this terminal has them, for the program itself sees none.
 *
 * @param {string} command
 * @param {readonly string[]} args
 * @param {{ hear: Hear, env?: NodeJS.ProcessEnv, shell?: boolean }} options
 * @returns {Promise<{ code: number, end: string }>}
 */
export async function runHeard(command, args, { hear, env = process.env, shell = false }) {
  const colours = process.stdout.isTTY && env.NO_COLOR === undefined ? { FORCE_COLOR: "1" } : {};
  const child = spawn(command, args, {
    stdio: ["inherit", "pipe", "pipe"],
    env: { ...env, ...colours },
    shell,
  });
  const letGo = passSignals(child);
  let end = "";
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding("utf8").on("data", (/** @type {string} */ text) => {
      hear(text);
      end = `${end}${text}`.slice(-KEPT_CHARACTERS);
    });
  try {
    const [code, signal] = await once(child, "close");
    return { code: code ?? 128 + constants.signals[/** @type {NodeJS.Signals} */ (signal)], end };
  } finally {
    letGo();
  }
}

/**
 * Takes what somebody says.
 *
 * @typedef {(text: string) => void} Hear
 */

/**
 * Does several works at once, and hands on what they say one after the other: what each says is held back until those
 * before it are done.
 *
 * @template T
 * @param {Hear} hear
 * @param {((hear: Hear) => Promise<T>)[]} works
 * @returns {Promise<T[]>}
 */
export function sideBySide(hear, ...works) {
  const held = works.map(() => /** @type {string[]} */ ([]));
  const done = works.map(() => false);
  let heard = 0;
  const letGo = () => {
    for (; heard < works.length; heard++) {
      for (const text of held[heard]?.splice(0) ?? []) hear(text);
      if (!done[heard]) return;
    }
  };
  return Promise.all(
    works.map((work, index) => {
      const say = (/** @type {string} */ text) =>
        void (index === heard ? hear(text) : held[index]?.push(text));
      return work(say).finally(() => {
        done[index] = true;
        letGo();
      });
    }),
  );
}

/**
 * By which a program is told to stop.
 *
 * @type {NodeJS.Signals[]}
 */
export const STOP_SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"];
const PASS_AFTER_MS = 300;

/**
 * Passes signals on to a child. A terminal sends Ctrl-C to the child itself, and so does whoever signals our
 * whole group: as a second signal ends most programs at once, ours is sent only to one that goes on.
 *
 * @param {import("node:child_process").ChildProcess} child
 * @returns {() => void} ends the passing
 */
export function passSignals(child) {
  const pass = (/** @type {NodeJS.Signals} */ signal) => {
    if (signal === "SIGINT" && process.stdin.isTTY) return;
    setTimeout(() => child.exitCode ?? child.kill(signal), PASS_AFTER_MS).unref();
  };
  for (const signal of STOP_SIGNALS) process.on(signal, pass);
  return () => {
    for (const signal of STOP_SIGNALS) process.off(signal, pass);
  };
}

const PARENT_CHECK_MS = 500;

/**
 * Ends this process, as SIGTERM does, when its parent is gone. npm starts scripts by a shell and passes signals
 * to that alone: it dies without a word to us, and what we started would go on for ever.
 */
export function endWithParent() {
  const parent = process.ppid;
  const timer = setInterval(() => {
    if (process.ppid === parent) return;
    clearInterval(timer);
    process.kill(process.pid, "SIGTERM");
  }, PARENT_CHECK_MS);
  timer.unref();
}

/**
 * Runs npm.
 *
 * @param {readonly string[]} words
 */
export function npm(words) {
  const { command, args, shell } = findNpm(words);
  return run(command, args, { shell });
}

/**
 * How npm is run. Inside an npm script its own file is known, so no shell is needed, which Windows
 * would for npm.cmd; and it runs on the machine's Node, for it may have to replace ours.
 *
 * @param {readonly string[]} words
 */
export function findNpm(words) {
  const { npm_execpath: file = "", npm_node_execpath: node = process.execPath } = process.env;
  if (file.endsWith("npm-cli.js")) return { command: node, args: [file, ...words], shell: false };
  return { command: "npm", args: [...words], shell: process.platform === "win32" };
}

/** @param {string} text */
export const say = (text) => process.stdout.write(`${text}\n`);

/**
 * A hundred rotations and fifty renewals under probes take an hour: whoever names their files has them, and all other runs have fewer.
 *
 * @param {string[]} words what was named
 */
export function limitProbedRuns(words) {
  if (words.length > 0) return;
  process.env.LATCHKEY_TEST_ROTATIONS ??= "20";
  process.env.LATCHKEY_TEST_RENEWALS ??= "5";
}
