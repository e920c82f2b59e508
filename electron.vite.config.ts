import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import react from "@vitejs/plugin-react";
import Sqlite from "better-sqlite3";
import { defineConfig } from "electron-vite";
import { licenseTexts } from "./scripts/license-texts.ts";
import { oneByte } from "./scripts/one-byte.ts";
import { createStartChunks } from "./scripts/start-chunks.ts";
import { digestSchema } from "./src/main/store/opening/schema-digest.ts";

const SHELLS = "src/main/shells";

/** How long plugins take is nothing to whoever starts the program. */
const checks = { pluginTimings: false };

const startChunks = createStartChunks({
  roots: ["cli/command-line.ts", "cli/open-app.ts", "cli/options.ts", "cli/print-table.ts", "cli/terminal.ts"]
    .map((path) => `${SHELLS}/${path}`)
    .concat("src/main/app.ts", "src/shared/contract/procedure.ts"),
  others: {
    verify: `${SHELLS}/cli/verify-line.ts`,
    judge: "src/main/verify.ts",
    record: "src/main/features/scans/recording-worker.ts",
    copy: "src/main/store/backups/database-worker.ts",
    unlock: "src/main/net/ssh/locked/unlock-worker.ts",
    seal: "src/main/net/local/private-keys/seal-worker.ts",
    inspect: "src/main/features/inspect/inspect-worker.ts",
    "vault-process": "src/main/net/vault/vault-process.ts",
    window: `${SHELLS}/electron/electron.ts`,
  },
});

/** A database of this program's schema, as `refuseForeignSchema` compares others with it. */
function digestOwnSchema(): string {
  const db = new Sqlite(":memory:");
  try {
    db.exec(readFileSync("src/main/store/schema.sql", "utf8"));
    return digestSchema(db);
  } finally {
    db.close();
  }
}

/** Of all that two processes exchange: one of another build may mean something else by the same words. */
function digestContract(): string {
  const digest = createHash("sha256");
  for (const folder of ["src/shared/contract", "src/shared/model"])
    for (const name of readdirSync(folder, { recursive: true, encoding: "utf8" }).toSorted())
      if (name.endsWith(".ts")) digest.update(`${name}\n${readFileSync(`${folder}/${name}`, "utf8")}`);
  return digest.digest("hex").slice(0, 32);
}

/** One build for what runs on Node, for what runs in Electron beside it, and for the page. */
export default defineConfig({
  main: {
    define: {
      LATCHKEY_SCHEMA_DIGEST: JSON.stringify(digestOwnSchema()),
      LATCHKEY_CONTRACT_DIGEST: JSON.stringify(digestContract()),
    },
    plugins: [startChunks.plugin, oneByte(), licenseTexts()],
    build: {
      // The oldest Node that the command line runs on; see docs/decisions/0006.
      target: "node22.14",
      license: { fileName: "licenses.md" },
      rolldownOptions: {
        checks,
        input: {
          latchkey: `${SHELLS}/cli/latchkey.ts`,
          electron: `${SHELLS}/electron/electron.ts`,
          core: `${SHELLS}/electron/core.ts`,
          // Started by their names, as threads: see run-aside.ts, recorders.ts, key-lock.ts, key-pair.ts and inspect-aside.ts.
          "database-worker": "src/main/store/backups/database-worker.ts",
          "recording-worker": "src/main/features/scans/recording-worker.ts",
          "unlock-worker": "src/main/net/ssh/locked/unlock-worker.ts",
          "seal-worker": "src/main/net/local/private-keys/seal-worker.ts",
          "inspect-worker": "src/main/features/inspect/inspect-worker.ts",
          // A process of its own: see vault-client.ts.
          "vault-process": "src/main/net/vault/vault-process.ts",
        },
        // All in one folder, so that import.meta.dirname is the same for every part.
        output: {
          chunkFileNames: "[name]-[hash].js",
          codeSplitting: {
            includeDependenciesRecursively: false,
            groups: [{ name: startChunks.nameOf }],
          },
        },
      },
    },
  },
  preload: {
    build: {
      rolldownOptions: {
        input: { preload: `${SHELLS}/electron/preload.ts` },
        // A preload in a sandbox can be no module.
        output: { format: "cjs", entryFileNames: "[name].cjs" },
      },
    },
  },
  renderer: {
    root: "src/renderer",
    publicDir: "public",
    plugins: [react(), licenseTexts()],
    build: {
      license: { fileName: "licenses.md" },
      // In one piece: what is loaded later would come from whoever has the port of `latchkey serve` by then (0048).
      rolldownOptions: { checks, input: "src/renderer/index.html", output: { codeSplitting: false } },
      cssCodeSplit: false,
      // An inlined font would be a data: URL, which the page's policy refuses.
      assetsInlineLimit: 0,
      modulePreload: { polyfill: false },
      // Less than half of the bytes: a page that is opened reads and compiles all of them.
      minify: true,
      chunkSizeWarningLimit: 2_500,
    },
  },
});
