import { execFile } from "node:child_process";
import { createRequire } from "node:module";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { promisify } from "node:util";

const run = promisify(execFile);

/** What is loaded as it is, with its machine code. */
const NATIVE = ["better-sqlite3", "@napi-rs/keyring", "ssh2"];

/** The program's own bundler, because it provides the schema. */
const BUNDLE = `
  const { build } = await import("vite");
  const [entry, outDir, paths] = process.argv.slice(1);
  await build({
    configFile: false,
    logLevel: "error",
    ssr: { noExternal: true, external: Object.keys(JSON.parse(paths)) },
    build: {
      ssr: entry,
      outDir,
      rolldownOptions: { output: { entryFileNames: "child.mjs", paths: JSON.parse(paths) } },
    },
  });`;

/** Bundles a script into a folder, for tests that start it many times in a process of its own; returns its path. */
export async function bundleChild(script: URL, folder: string): Promise<string> {
  const require = createRequire(import.meta.url);
  const paths = NATIVE.map((name) => [name, pathToFileURL(require.resolve(name)).href]);
  const args = [fileURLToPath(script), folder, JSON.stringify(Object.fromEntries(paths))];
  await run(process.execPath, ["--input-type=module", "-e", BUNDLE, ...args]);
  return join(folder, "child.mjs");
}
