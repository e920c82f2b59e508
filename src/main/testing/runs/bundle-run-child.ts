import { execFile } from "node:child_process";
import { symlink } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { makeTemporaryFolder } from "#testing/temporary-folder.ts";

const run = promisify(execFile);

const pathOf = (name: string): string => fileURLToPath(new URL(name, import.meta.url));

/** The child, and the threads of the program that a run starts by name. */
const INPUT = {
  "run-child": pathOf("./run-child.ts"),
  "recording-worker": pathOf("../../features/scans/recording-worker.ts"),
  "vault-process": pathOf("../../net/vault/vault-process.ts"),
  "seal-worker": pathOf("../../net/local/private-keys/seal-worker.ts"),
  "unlock-worker": pathOf("../../net/ssh/locked/unlock-worker.ts"),
};

const BUNDLE = `
  const { build } = await import("vite");
  const [input, outDir] = process.argv.slice(1);
  await build({
    configFile: false,
    logLevel: "error",
    build: {
      ssr: true,
      outDir,
      rolldownOptions: {
        input: JSON.parse(input),
        output: { entryFileNames: "[name].mjs", chunkFileNames: "[name]-[hash].mjs" },
      },
    },
  });`;

/** The whole program with `run-child` as one bundle, for tests that start it many times in a process of its own. */
export async function bundleRunChild(): Promise<AsyncDisposable & { script: string }> {
  const folder = await makeTemporaryFolder();
  const modules = dirname(dirname(createRequire(import.meta.url).resolve("vite/package.json")));
  await symlink(modules, join(folder.path, "node_modules"));
  const out = join(folder.path, "bundle");
  await run(process.execPath, ["--input-type=module", "-e", BUNDLE, JSON.stringify(INPUT), out]);
  return { script: join(out, "run-child.mjs"), [Symbol.asyncDispose]: () => folder.remove() };
}
