import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { createInterface } from "node:readline";
import { chromium } from "@playwright/test";
import { findChromium } from "../find-chromium.ts";

const PROGRAM = "out/main/latchkey.js";
const ARGS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-background-networking",
  "--disable-component-update",
];
const ROUNDS = 7;

/** From the navigation to the first rows of certificates, against the page's first paint, in Chromium. */
export async function measureScreen(path) {
  const what = "rows on screen, wall";
  const peer = "first paint";
  const executablePath = findChromium();
  if (!executablePath) return { what, peer, missing: "chromium is not installed" };
  if (!existsSync(PROGRAM)) return { what, peer, missing: "the program is not built" };
  const shell = spawn(process.execPath, [PROGRAM, "--db", path, "serve", "--read-only"], {
    stdio: ["ignore", "pipe", "ignore"],
  });
  const browser = await chromium.launch({ executablePath, args: ARGS });
  try {
    const [line] = await once(createInterface(shell.stdout), "line");
    const page = await browser.newPage();
    await page.addInitScript(noteRows);
    await page.goto(line.replace("Latchkey is at ", ""));
    await page
      .getByRole("navigation", { name: "Screens" })
      .getByRole("link", { name: "Certificates" })
      .click();
    await page.waitForFunction(() => globalThis.rowsAt);
    const times = [];
    for (let round = 0; round < ROUNDS; round++) times.push(await openAgain(page));
    const [rows, paint] = ["rows", "paint"].map((name) => Math.min(...times.map((time) => time[name])));
    return { what, peer, ours: rows, theirs: paint, unit: "ms", most: 1.5 };
  } finally {
    await browser.close();
    shell.kill("SIGTERM");
  }
}

/** Milliseconds after the navigation, both as the page has them. */
async function openAgain(page) {
  await page.reload();
  await page.waitForFunction(() => globalThis.rowsAt);
  return page.evaluate(() => ({
    rows: globalThis.rowsAt,
    paint: performance.getEntriesByName("first-paint")[0].startTime,
  }));
}

/** Runs in the page before anything else: notes when a frame with rows has been drawn. */
function noteRows() {
  const observer = new MutationObserver(() => {
    if (document.querySelectorAll("tbody tr").length < 10) return;
    observer.disconnect();
    requestAnimationFrame(() => {
      globalThis.rowsAt = performance.now();
    });
  });
  observer.observe(document, { childList: true, subtree: true });
}
