import { execFile } from "node:child_process";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { converse } from "./use-latchkey.mjs";

const run = promisify(execFile);

/**
 * What `npm pack` makes of the build.
 *
 * @param {string} folder
 */
export async function packForNpm(folder) {
  // Without `prepack`, which builds: what is packed is what is tested.
  const args = ["pack", "--ignore-scripts", "--json", "--pack-destination", folder];
  const { stdout } = await run("npm", args);
  /** @type {[{ filename: string, files: { path: string }[] }]} */
  const [{ filename, files }] = JSON.parse(stdout);
  return { tarball: join(folder, filename), files: files.map(({ path }) => path) };
}

/**
 * Has npx fetch what the package needs and run `latchkey --help`, in a folder where there is nothing, for a user who
 * has nothing. Answers also with the command as it was installed.
 *
 * @param {string} tarball
 * @param {string} folder
 */
export async function runByNpx(tarball, folder) {
  const said = await converse(["npx", "--yes", "--package", tarball, "latchkey", "--help"], folder);
  const cache = join(folder, "home/.npm/_npx");
  const [name = ""] = await readdir(cache);
  return { said, command: join(cache, name, "node_modules/latchkey/out/main/latchkey.js") };
}
