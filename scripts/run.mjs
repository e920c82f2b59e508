import { spawn } from "node:child_process";
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
 * Runs npm. Inside an npm script its own file is known, so no shell is needed, which Windows
 * would for npm.cmd; and it runs on the machine's Node, for it may have to replace ours.
 *
 * @param {readonly string[]} args
 */
export function npm(args) {
  const { npm_execpath: file = "", npm_node_execpath: node = process.execPath } = process.env;
  if (file.endsWith("npm-cli.js")) return run(node, [file, ...args]);
  return run("npm", args, { shell: process.platform === "win32" });
}

/** @param {string} text */
export const say = (text) => process.stdout.write(`${text}\n`);
