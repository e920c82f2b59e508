import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { constants, tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { NODE_FLAGS } from "../src/main/shells/node-flags.ts";
import { chooseShell, chooseWeb } from "./choose-shell.mjs";
import { passSignals, run, STOP_SIGNALS, say } from "./run.mjs";

const LAUNCH_URL = /http:\/\/(?:127\.0\.0\.1|lk-[0-9a-f]+\.localhost):\d+\/#launch=\S+/;
/** @type {Partial<Record<NodeJS.Platform, string>>} */
const OPENERS = { darwin: "open", win32: "explorer.exe" };
/** So long a launch code is good; the file that holds it need not stay longer. */
const CODE_LIFETIME_MS = 60_000;

/**
 * Opens the built program and stays until it ends; answers with its exit code.
 *
 * @param {object} [options]
 * @param {readonly string[]} [options.args] global ones of the command line, such as `--db`
 * @param {readonly string[]} [options.serveArgs] those of `latchkey serve`
 * @param {NodeJS.ProcessEnv} [options.env] of the program, not of the browser
 */
export async function openShell({ args = [], serveArgs = [], env = process.env } = {}) {
  const surroundings = lookAround(serveArgs);
  const choice = chooseShell(surroundings);
  say(choice.line);
  if (choice.shell !== "electron") return openWeb(choice.shell, { args, serveArgs, env });
  const result = await openWindow(args, env);
  if (typeof result === "number") return result;
  const instead = chooseWeb(surroundings, result.why);
  say(instead.line);
  return openWeb(instead.shell, { args, serveArgs, env });
}

const ELECTRON = "node_modules/electron";
/** Electron itself goes by this file: it names the binary, once there is one. */
const BINARY_NAMED_IN = `${ELECTRON}/path.txt`;
/** A network that lets nothing through may not keep anybody waiting for longer. */
const FETCH_WITHIN_MS = 180_000;
/** A library is missing, or Chromium's sandbox is not allowed here: it has ended before there was a window. */
const COULD_NOT_START = new Set([127, 128 + constants.signals.SIGTRAP, 128 + constants.signals.SIGABRT]);

/**
 * Opens the desktop window; answers with its exit code, or why there is none.
 *
 * @param {readonly string[]} args
 * @param {NodeJS.ProcessEnv} env
 * @returns {Promise<number | { why: string }>}
 */
async function openWindow(args, env) {
  if (!existsSync(BINARY_NAMED_IN)) {
    say("Fetching Electron, once; Ctrl-C stops");
    const signal = AbortSignal.timeout(FETCH_WITHIN_MS);
    const code = await run(process.execPath, [`${ELECTRON}/install.js`], { signal }).catch(() => 1);
    if (isStop(code)) return code;
    if (!existsSync(BINARY_NAMED_IN)) return { why: "Electron's binary could not be fetched" };
  }
  const code = await run(process.execPath, [`${ELECTRON}/cli.js`, ".", ...args], { env });
  return COULD_NOT_START.has(code) ? { why: "Electron does not start here" } : code;
}

/** @param {number} code */
const isStop = (code) => STOP_SIGNALS.some((signal) => code === 128 + constants.signals[signal]);

/**
 * @param {"browser" | "address"} shell
 * @param {{ args: readonly string[], serveArgs: readonly string[], env: NodeJS.ProcessEnv }} options
 */
async function openWeb(shell, { args, serveArgs, env }) {
  const command = [...NODE_FLAGS, "out/main/latchkey.js", ...args, "serve", ...serveArgs];
  const child = spawn(process.execPath, command, { stdio: ["inherit", "pipe", "inherit"], env });
  const letGo = passSignals(child);
  /** @type {Promise<number>} */
  const ended = new Promise((resolve) => {
    child.once("exit", (code, signal) => resolve(code ?? (signal && STOP_SIGNALS.includes(signal) ? 0 : 1)));
  });
  const folder = await mkdtemp(join(tmpdir(), "latchkey-"));
  let mayOpen = shell === "browser";
  for await (const text of createInterface(child.stdout)) {
    const url = LAUNCH_URL.exec(text)?.[0];
    if (mayOpen && url) await openBrowser(url, join(folder, "open.html")).catch(() => say(text));
    else say(text);
    if (url) mayOpen = false;
  }
  const code = await ended;
  await rm(folder, { recursive: true, force: true });
  letGo();
  return code;
}

/**
 * @param {readonly string[]} serveArgs
 * @returns {import("./choose-shell.mjs").Surroundings}
 */
function lookAround(serveArgs) {
  const { CI, DISPLAY, WAYLAND_DISPLAY } = process.env;
  // Electron is asked for by its files: to import it would start a download.
  const hasPackage = existsSync(`${ELECTRON}/cli.js`);
  const hasBinary = existsSync(BINARY_NAMED_IN);
  return {
    isElectronBuilt: existsSync("out/main/electron.js"),
    electronBinary: hasBinary ? "present" : hasPackage ? "fetchable" : "absent",
    hasDisplay: process.platform !== "linux" || Boolean(DISPLAY || WAYLAND_DISPLAY),
    isToldHowToServe: serveArgs.length > 0,
    isCi: CI === "true" || CI === "1",
  };
}

/**
 * Opens the browser at a file that leads to the URL. The arguments of a process are
 * public on a machine; this file, for the time its code is good, is this user's alone.
 *
 * @param {string} url
 * @param {string} file in a folder of this user's alone
 */
async function openBrowser(url, file) {
  await writeFile(file, `<!doctype html><meta http-equiv="refresh" content="0;url=${url}">\n`, {
    mode: 0o600,
  });
  setTimeout(() => void rm(file, { force: true }), CODE_LIFETIME_MS).unref();
  await startOpener(file);
  say("Latchkey is open in your browser; if it is not, press Enter for an address");
}

/**
 * Fails when there is nothing to open files with. An opener may stay as long as the browser does,
 * so its end is not awaited; and Ctrl-C here is not meant for it, so it is on its own.
 *
 * @param {string} file
 */
function startOpener(file) {
  const command = OPENERS[process.platform] ?? "xdg-open";
  const opener = spawn(command, [file], { stdio: "ignore", detached: true });
  opener.unref();
  return new Promise((resolve, reject) => opener.once("spawn", resolve).once("error", reject));
}
