import { join } from "node:path";
import { defineConfig } from "@playwright/test";
import { playedOn, STAGES } from "./e2e/stages/played-on.ts";
import { findChromium } from "./scripts/find-chromium.ts";

// Each test starts the program, which would be compiled anew.
process.env.NODE_COMPILE_CACHE ??= join(import.meta.dirname, "node_modules/.cache/compiled");

const executablePath = process.env.LATCHKEY_CHROMIUM ?? findChromium();

/**
 * Of two lists that turn features off, Chromium takes the last: the first three lines are what Playwright turns off by
 * itself. In the last are pages behind the address bar, one for each window: they took as long as a page of ours.
 */
const OFF = [
  "AvoidUnnecessaryBeforeUnloadCheckSync,DestroyProfileOnBrowserClose,HttpsUpgrades,PaintHolding,LensOverlay",
  "HttpsFirstBalancedModeAutoEnable,AvoidCorsURLLoaderRestartOnRedirect,ThirdPartyStoragePartitioning,MediaRouter",
  "OptimizationHints,NetworkTimeServiceQuerying,AimEnabled,PreconnectToSearch",
  "WebUIOmniboxPopup,WebUIOmniboxAimPopup",
];

// Once a run: its workers read this file too, and so do other tools.
if (process.argv.includes("test") && process.env.TEST_WORKER_INDEX === undefined)
  process.stdout.write(`Played on ${STAGES[playedOn]}\n`);

export default defineConfig({
  testDir: "e2e",
  outputDir: "test-results",
  reporter: "list",
  // Against a test that hangs, not one that is slow: the machine may be busy with something else.
  timeout: 180_000,
  expect: { timeout: 30_000 },
  forbidOnly: Boolean(process.env.CI),
  // Specs share nothing but the machine; those of one file follow one another.
  workers: 2,
  projects: [
    { name: "short", testIgnore: "**/*.long.spec.ts" },
    { name: "long", testMatch: "**/*.long.spec.ts" },
  ],
  use: {
    browserName: "chromium",
    viewport: { width: 1280, height: 860 },
    // Nothing fades, so nothing is looked at half faded.
    contextOptions: { reducedMotion: "reduce" },
    // Playwright's own browsers are never downloaded: what is installed is used.
    ...(executablePath ? {} : { channel: process.platform === "win32" ? "msedge" : "chrome" }),
    launchOptions: {
      ...(executablePath ? { executablePath } : {}),
      args: [
        "--no-sandbox",
        "--disable-gpu",
        "--disable-quic",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        `--disable-features=${OFF.join(",")}`,
      ],
    },
  },
});
