import { execFile } from "node:child_process";
import { createRequire } from "node:module";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { promisify } from "node:util";

const run = promisify(execFile);

/** The program's own bundler, because it provides the schema. */
const BUNDLE = `
  const { build } = await import("vite");
  const [entry, outDir, driver] = process.argv.slice(1);
  await build({
    configFile: false,
    logLevel: "error",
    ssr: { noExternal: true, external: ["better-sqlite3"] },
    build: {
      ssr: entry,
      outDir,
      rolldownOptions: { output: { entryFileNames: "child.mjs", paths: { "better-sqlite3": driver } } },
    },
  });`;

/** Bundles a script into a folder, for tests that start it many times in a process of its own; returns its path. */
export async function bundleChild(script: URL, folder: string): Promise<string> {
  const driver = pathToFileURL(createRequire(import.meta.url).resolve("better-sqlite3")).href;
  await run(process.execPath, ["--input-type=module", "-e", BUNDLE, fileURLToPath(script), folder, driver]);
  return join(folder, "child.mjs");
}
