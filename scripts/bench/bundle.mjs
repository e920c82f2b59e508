import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { build } from "vite";
import { oneByte } from "../one-byte.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));

/** As in the product: a thread of the program is started by its name, from beside whatever starts it. */
const FLAT = { chunkFileNames: "[name]-[hash].js" };

/** Modules below src/main by name, bundled as they are in the product. They lie in `out`, where imports resolve. */
export async function bundle(modules) {
  await mkdir(join(root, "out"), { recursive: true });
  const outDir = await mkdtemp(join(root, "out", "bench-"));
  const remove = () => rm(outDir, { recursive: true, force: true });
  const input = Object.fromEntries(
    Object.entries(modules).map(([name, path]) => [name, join(root, "src/main", path)]),
  );
  try {
    await build({
      root,
      configFile: false,
      logLevel: "warn",
      plugins: [oneByte()],
      ssr: { noExternal: true, external: ["better-sqlite3", "ssh2", "@napi-rs/keyring"] },
      build: { ssr: true, outDir, minify: false, rolldownOptions: { input, output: FLAT } },
    });
  } catch (error) {
    await remove();
    throw error;
  }
  const hrefOf = (name) => pathToFileURL(join(outDir, `${name}.js`)).href;
  return {
    load: (name) => import(hrefOf(name)),
    hrefOf,
    [Symbol.asyncDispose]: remove,
  };
}
