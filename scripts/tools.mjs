import { readFileSync } from "node:fs";
import { join } from "node:path";

/**
 * The script that a package runs as its command. Started by its file, a tool needs no
 * shell, runs on our Node and is one process: what npm puts in `.bin` is neither on Windows.
 *
 * @param {string} name of the package
 * @param {string} [command] when the package has several
 * @returns {string}
 */
export function findTool(name, command) {
  const folder = join("node_modules", name);
  /** @type {{ bin: Record<string, string> }} */
  const { bin } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
  const file = command ? bin[command] : Object.values(bin)[0];
  if (!file) throw new Error(`${name} has no command ${command}`);
  return join(folder, file);
}
