import react from "@vitejs/plugin-react";
import { defineConfig } from "electron-vite";

// electron-vite asks the electron package what to build for. It comes with the desktop window; until then:
process.env.ELECTRON_MAJOR_VER ??= "45";

/**
 * One build for what runs on Node and for the page. The desktop window adds its
 * inputs here: electron and core beside latchkey, and a preload.
 */
export default defineConfig({
  main: {
    build: {
      // The oldest Node that the command line runs on; see docs/decisions/0006.
      target: "node22.14",
      license: { fileName: "licenses.md" },
      rolldownOptions: {
        input: {
          latchkey: "src/main/shells/cli/latchkey.ts",
          // Started by its name, as a thread: see unlock.ts.
          "unlock-worker": "src/main/net/ssh/locked/unlock-worker.ts",
        },
        // All in one folder, so that import.meta.dirname is the same for every part.
        output: { chunkFileNames: "[name]-[hash].js" },
      },
    },
  },
  renderer: {
    root: "src/renderer",
    publicDir: "public",
    plugins: [react()],
    build: {
      license: { fileName: "licenses.md" },
      rolldownOptions: { input: "src/renderer/index.html" },
      // An inlined font would be a data: URL, which the page's policy refuses.
      assetsInlineLimit: 0,
      modulePreload: { polyfill: false },
      chunkSizeWarningLimit: 1_500,
    },
  },
});
