import { spawn } from "node:child_process";
import { once } from "node:events";
import { access, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, join, resolve } from "node:path";
import { createInterface } from "node:readline";
import { expect, test } from "vitest";

const URL = "http://lk-0123456789abcdef0123.localhost:4711/#launch=code-of-this-run";

/** Stands in for the built program: says where it is, and again at each line of input, until it is told to stop. */
const PROGRAM = `
const say = () => console.log("Latchkey is at ${URL}");
say();
process.stdin.on("data", say);
setInterval(() => {}, 60_000);
process.on("SIGTERM", () => { console.log("closed"); process.exit(7); });
`;

/** Stands in for the desktop's opener: notes what it was asked, and who may read it. */
const OPENER = `#!/bin/sh
printf '%s\\n' "$*" "$(stat -c '%a' "$1")" "$(stat -c '%a' "$(dirname "$1")")" "$(cat "$1")" > opened.tmp
mv opened.tmp opened
`;

const isUnix = process.platform !== "win32";

test.runIf(isUnix)("without a display the address is printed, and another at Enter", async () => {
  await using world = await start({ DISPLAY: "", WAYLAND_DISPLAY: "" });
  expect(await world.next()).toBe("Opening the web shell at an address to open, for there is no display");
  expect(await world.next()).toBe(`Latchkey is at ${URL}`);
  world.press("\n");
  expect(await world.next()).toBe(`Latchkey is at ${URL}`);
  expect(await world.stop()).toEqual({ code: 7, last: "closed", left: [] });
});

test.runIf(process.platform === "linux")(
  "with a display the browser opens a file of this user's alone, and the code is in no argument",
  async () => {
    await using world = await start({ DISPLAY: ":1", CI: "" }, { commands: { "xdg-open": OPENER } });
    expect(await world.next()).toMatch(/^Opening the web shell in your browser/);
    expect(await world.next()).toMatch(/press Enter for an address$/);
    const [args, mode, folderMode, html] = (await world.read("opened")).split("\n");
    expect(args).not.toContain("code-of-this-run");
    expect([mode, folderMode]).toEqual(["600", "700"]);
    expect(html).toBe(`<!doctype html><meta http-equiv="refresh" content="0;url=${URL}">`);
    expect(await world.stop()).toEqual({ code: 7, last: "closed", left: [] });
  },
);

test.runIf(process.platform === "linux")("with a display but no opener the address is printed", async () => {
  await using world = await start({ DISPLAY: ":1", CI: "", PATH: "/nowhere" });
  await world.next();
  expect(await world.next()).toBe(`Latchkey is at ${URL}`);
  expect(await world.stop()).toEqual({ code: 7, last: "closed", left: [] });
});

/** Stands in for Electron's package: its installer, which writes path.txt or fails, and its command. */
const INSTALLS = `require("node:fs").writeFileSync(__dirname + "/path.txt", "electron");`;
const FAILS = `console.error("getaddrinfo ENOTFOUND"); process.exit(1);`;
const OPENS = `console.log("window", ...process.argv.slice(2)); process.exit(5);`;
const ABORTS = `console.log("no sandbox"); process.kill(process.pid, "SIGABRT");`;
const onDesktop = { DISPLAY: ":1", CI: "", PATH: "/nowhere" };

test.runIf(process.platform === "linux")(
  "with a display the desktop window opens, fetched once",
  async () => {
    await using world = await start(onDesktop, { electron: { "install.js": INSTALLS, "cli.js": OPENS } });
    expect(await world.next()).toBe("Opening the desktop window");
    expect(await world.next()).toBe("Fetching Electron, once; Ctrl-C stops");
    expect(await world.next()).toBe("window .");
    expect(await world.ended).toEqual([5, null]);
  },
);

test.runIf(process.platform === "linux").each([
  ["cannot be fetched", { "install.js": FAILS, "cli.js": OPENS }, "Electron's binary could not be fetched"],
  ["does not start", { "path.txt": "electron", "cli.js": ABORTS }, "Electron does not start here"],
])("where Electron %s, the web shell opens instead and says so", async (_, electron, why) => {
  await using world = await start(onDesktop, { electron });
  /** @type {string[]} */
  const said = [];
  while (!said.at(-1)?.startsWith("Latchkey is at")) said.push(String(await world.next()));
  expect(said.at(-2)).toBe(`Opening the web shell in your browser, for ${why}`);
  expect(await world.stop()).toEqual({ code: 7, last: "closed", left: [] });
});

test.runIf(isUnix).each([
  ["in CI", { ...onDesktop, CI: "true" }, []],
  ["without a display", { DISPLAY: "", WAYLAND_DISPLAY: "" }, []],
  ["with options for the web shell", onDesktop, ["--read-only"]],
])("%s nothing is fetched", async (_, env, args) => {
  await using world = await start(env, { args, electron: { "install.js": INSTALLS, "cli.js": OPENS } });
  expect(await world.next()).toMatch(/^Opening the web shell/);
  expect(await world.next()).toBe(`Latchkey is at ${URL}`);
  expect(await world.has("node_modules/electron/path.txt")).toBe(false);
  expect(await world.stop()).toEqual({ code: 7, last: "closed", left: [] });
});

test.runIf(isUnix)("the program ends when the shell that npm put between is killed", async () => {
  await using world = await start({ DISPLAY: "", WAYLAND_DISPLAY: "" }, { between: "sh" });
  await world.next();
  await world.next();
  expect(await world.stop()).toMatchObject({ last: "closed" });
});

/**
 * @param {Record<string, string>} env
 * @param {{
 *   commands?: Record<string, string>;
 *   between?: "sh" | null;
 *   electron?: Partial<Record<string, string>> | null;
 *   args?: readonly string[];
 * }} [wish] the files of Electron's package, where it is installed; and what stands in PATH
 */
async function start(env, { commands = {}, between = null, electron = null, args = [] } = {}) {
  const folder = await mkdtemp(join(tmpdir(), "latchkey-launch-"));
  for (const name of ["bin", "tmp", "out/main"]) await mkdir(join(folder, name), { recursive: true });
  await writeFile(join(folder, "out/main/latchkey.js"), PROGRAM);
  for (const [name, text] of Object.entries(commands)) {
    await writeFile(join(folder, "bin", name), text, { mode: 0o755 });
  }
  if (electron) {
    await mkdir(join(folder, "node_modules/electron"), { recursive: true });
    await writeFile(join(folder, "out/main/electron.js"), "");
  }
  for (const [name, text = ""] of Object.entries(electron ?? {})) {
    await writeFile(join(folder, "node_modules/electron", name), text);
  }
  const PATH = [join(folder, "bin"), process.env.PATH].join(delimiter);
  const launch = [process.execPath, resolve("scripts/launch.mjs")];
  const [command = "", ...rest] = between ? [between, "-c", `"${launch.join('" "')}"; exit $?`] : launch;
  const child = spawn(command, [...rest, ...args], {
    cwd: folder,
    env: { ...process.env, PATH, TMPDIR: join(folder, "tmp"), ...env },
    stdio: ["pipe", "pipe", "inherit"],
  });
  const ended = once(child, "exit");
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
  const next = async () => (await lines.next()).value;

  return {
    next,
    ended,
    has: (/** @type {string} */ name) =>
      access(join(folder, name)).then(
        () => true,
        () => false,
      ),
    press: (/** @type {string} */ text) => child.stdin.write(text),
    /** Waits for a file that another process writes. */
    async read(/** @type {string} */ name) {
      for (;;) {
        const text = await readFile(join(folder, name), "utf8").catch(() => null);
        if (text !== null) return text;
        await new Promise((done) => setTimeout(done, 10));
      }
    },
    async stop() {
      child.kill("SIGTERM");
      const last = await next();
      const [code] = await ended;
      return { code, last, left: await readdir(join(folder, "tmp")) };
    },
    async [Symbol.asyncDispose]() {
      child.kill("SIGKILL");
      await rm(folder, { recursive: true, force: true });
    },
  };
}
