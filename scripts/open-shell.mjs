import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { chooseShell } from "./choose-shell.mjs";
import { passSignals, run, STOP_SIGNALS, say } from "./run.mjs";

const LAUNCH_URL = /http:\/\/127\.0\.0\.1:\d+\/#launch=\S+/;
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
  const { shell, line } = chooseShell(lookAround());
  say(line);
  if (shell === "electron")
    return run(process.execPath, ["node_modules/electron/cli.js", ".", ...args], { env });

  const command = ["out/main/latchkey.js", ...args, "serve", ...serveArgs];
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

/** @returns {import("./choose-shell.mjs").Surroundings} */
function lookAround() {
  const { CI, DISPLAY, WAYLAND_DISPLAY } = process.env;
  // Electron is asked for by its files: to import it would start a download.
  const hasPackage = existsSync("node_modules/electron/cli.js");
  const hasBinary = existsSync("node_modules/electron/path.txt");
  return {
    isElectronBuilt: existsSync("out/main/electron.js"),
    electronBinary: hasBinary ? "present" : hasPackage ? "fetchable" : "absent",
    hasDisplay: process.platform !== "linux" || Boolean(DISPLAY || WAYLAND_DISPLAY),
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
