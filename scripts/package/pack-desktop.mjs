import { execFile } from "node:child_process";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { findTool } from "../tools.mjs";

const run = promisify(execFile);

/** By it the fuses are found in Electron's binary; then come the version of the wire, its length and its fuses. */
const SENTINEL = "dL7pKGdnNz796PbbjQWNKmHXBZaB9tsX";
const FUSES_OF_ELECTRON_45 = "101110011";

/**
 * Stands in for Electron where its binary cannot be had: what electron-builder does with it is move and mark it.
 *
 * @param {string} folder
 */
export async function makeElectron(folder, fuses = FUSES_OF_ELECTRON_45) {
  await mkdir(join(folder, "locales"), { recursive: true });
  const wire = Buffer.from([1, fuses.length, ...Buffer.from(fuses)]);
  const binary = Buffer.concat([Buffer.from(`not Electron ${SENTINEL}`), wire, Buffer.from(" but as long")]);
  await writeFile(join(folder, "electron"), binary, { mode: 0o755 });
  for (const language of ["de", "en-US"]) await writeFile(join(folder, "locales", `${language}.pak`), "");
  return folder;
}

/** Notes what it is asked to put into a package, and the entry of the menu. */
const FPM = `#!/bin/sh
printf '%s\\n' "$@" > "$NOTES/arguments"
for argument; do
  case $argument in *.desktop=*) cp "\${argument%%=*}" "$NOTES/desktop" ;; esac
  [ "$last" != --package ] || : > "$argument"
  last=$argument
done
`;

/**
 * Packs the build of this checkout on a stand-in for Electron, for a user who has nothing, so that all that would be
 * fetched would be found in `home`.
 *
 * @param {string} folder
 * @param {readonly string[]} target such as `--dir`
 */
export async function packDesktop(folder, ...target) {
  const [output, notes, home] = [join(folder, "packages"), join(folder, "notes"), join(folder, "home")];
  for (const made of [output, notes, home]) await mkdir(made, { recursive: true });
  const electron = await makeElectron(join(folder, "electron"));
  const fpm = join(folder, "fpm");
  await writeFile(fpm, FPM, { mode: 0o755 });
  const args = ["--publish", "never", `-c.electronDist=${electron}`, `-c.directories.output=${output}`];
  const builder = findTool("electron-builder", "electron-builder");
  await run(process.execPath, [builder, ...target, ...args], {
    env: { ...OFFLINE, PATH: process.env.PATH, HOME: home, CUSTOM_FPM_PATH: fpm, NOTES: notes },
  });
  const app = join(output, "linux-unpacked");
  const read = (/** @type {string} */ note) => readFile(join(notes, note), "utf8");
  return { app, archive: join(app, "resources/app.asar"), home, read };
}

/** Whoever goes out all the same is told that nobody is there. */
const OFFLINE = {
  HTTP_PROXY: "http://127.0.0.1:9",
  HTTPS_PROXY: "http://127.0.0.1:9",
  npm_config_logs_max: "0",
};
