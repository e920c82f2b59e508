import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { createInterface } from "node:readline";
import { chromium } from "@playwright/test";
import { findChromium } from "../find-chromium.ts";
import { say } from "./measure.mjs";

const PROGRAM = "out/main/latchkey.js";
const ARGS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-background-networking",
  "--disable-component-update",
];
const ROUNDS = 3;
/** A page that has drawn nothing new for so long has come to rest. */
const REST_MS = 1_000;

const SCREENS = [
  "/",
  "/findings",
  "/certificates",
  "/served",
  "/timeline",
  "/forecast",
  "/access",
  "/graph",
  "/people",
  "/host-keys",
  "/hosts",
  "/runs",
  "/scans",
  "/changes",
  "/audit-log",
  "/settings",
  "/issuers",
];

/** What is typed into the search of a list, a letter at a time. */
const TYPED = {
  "/certificates": ["shop77", "zq"],
  "/access": ["user77", "laptop"],
  "/hosts": ["web77"],
  "/findings": ["shop77"],
  "/changes": ["user77"],
  "/graph": ["user77"],
};
const MOST_TYPING_MS = 50;

/**
 * In Chromium, by its own clock: from a reload until a screen has come to rest, against the same screen of an empty database; and from a
 * key to the rows that it finds.
 *
 * @param {string} path of the database @param {string} empty one with nothing in it
 */
export async function measureScreens(path, empty) {
  const figures = [
    { what: "slowest screen, wall", peer: "the same, empty" },
    { what: "typing to rows, p95, wall", peer: "first paint" },
  ];
  const executablePath = findChromium();
  const missing = !executablePath
    ? "chromium is not installed"
    : existsSync(PROGRAM)
      ? null
      : "the program is not built";
  if (missing !== null) return figures.map((figure) => ({ ...figure, missing }));
  await using stack = new AsyncDisposableStack();
  const browser = await chromium.launch({ executablePath, args: ARGS });
  stack.defer(() => browser.close());
  const [full, bare] = [await serve(browser, path, stack), await serve(browser, empty, stack)];
  const screens = [];
  for (const screen of SCREENS) {
    const [ours, theirs] = [await openScreen(full, screen), await openScreen(bare, screen)];
    screens.push({ screen, ours: ours.rest, theirs: theirs.rest, paint: ours.paint });
    say(`  ${screen}: ${ours.rest.toFixed(0)} ms, empty ${theirs.rest.toFixed(0)} ms`);
  }
  const slowest = screens.toSorted((one, other) => other.ours / other.theirs - one.ours / one.theirs)[0];
  const typed = await measureTyping(full);
  return [
    {
      what: `slowest of ${SCREENS.length} screens (${slowest.screen}), wall`,
      peer: "the same, empty",
      ours: slowest.ours,
      theirs: slowest.theirs,
      unit: "ms",
      most: 1.5,
    },
    {
      what: "typing to rows, p95, wall",
      peer: "first paint",
      ours: typed,
      theirs: slowest.paint,
      unit: "ms",
      mostItself: MOST_TYPING_MS,
    },
  ];
}

/** A page on the program that serves a database. */
async function serve(browser, path, stack) {
  const shell = spawn(process.execPath, [PROGRAM, "--db", path, "serve", "--read-only"], {
    stdio: ["ignore", "pipe", "ignore"],
  });
  // One that is busy with a query hears no signal that it could answer.
  stack.defer(() => void shell.kill("SIGKILL"));
  const [line] = await once(createInterface(shell.stdout), "line");
  const page = await browser.newPage({ viewport: { width: 1280, height: 860 } });
  await page.addInitScript(noteRest);
  await page.goto(line.replace("Latchkey is at ", ""));
  await page.getByRole("navigation", { name: "Screens" }).waitFor();
  return page;
}

/** Milliseconds after the navigation, in the middle of some rounds: until its last change, and until its first paint. */
async function openScreen(page, screen) {
  // A page behind another one is drawn once in a second.
  await page.bringToFront();
  await page.evaluate((hash) => {
    location.hash = hash;
  }, screen);
  const times = [];
  for (let round = 0; round < ROUNDS; round++) {
    await page.reload();
    await page.waitForFunction(isAtRest, REST_MS);
    times.push(
      await page.evaluate(() => ({
        rest: globalThis.changedAt,
        paint: performance.getEntriesByName("first-paint")[0].startTime,
      })),
    );
  }
  return Object.fromEntries(
    ["rest", "paint"].map((name) => {
      const sorted = times.map((time) => time[name]).toSorted((one, other) => one - other);
      return [name, sorted[Math.floor(sorted.length / 2)]];
    }),
  );
}

/** Runs in the page before anything else: notes when a frame with something new has been drawn. */
function noteRest() {
  globalThis.changedAt = null;
  new MutationObserver(() => {
    if (document.querySelector("main")?.textContent) {
      requestAnimationFrame(() => {
        globalThis.changedAt = performance.now();
      });
    }
  }).observe(document, { childList: true, subtree: true, characterData: true });
}

/** Runs in the page. */
function isAtRest(restMs) {
  return (
    globalThis.changedAt !== null &&
    document.querySelector("[data-awaited]")?.getAttribute("data-awaited") === "0" &&
    performance.now() - globalThis.changedAt > restMs
  );
}

/** What nineteen of twenty keys take at most, over all lists. */
async function measureTyping(page) {
  const all = [];
  await page.bringToFront();
  for (const [screen, words] of Object.entries(TYPED)) {
    for (const word of words) {
      await page.evaluate((hash) => {
        location.hash = hash;
      }, screen);
      await page.reload();
      await page.waitForFunction(isAtRest, REST_MS);
      await page.getByRole("main").getByRole("searchbox").focus();
      const times = [];
      for (const end of Array(word.length).keys()) {
        // Not before the page listens: a key that it does not hear has no beginning.
        await page.evaluate(noteRowsOf, word.slice(0, end + 1));
        await page.keyboard.press(word[end]);
        times.push(await page.evaluate(() => globalThis.rowsShown));
      }
      say(`  typing ${word} at ${screen}: ${times.map((ms) => ms.toFixed(0)).join(" ")} ms`);
      all.push(...times);
    }
  }
  return all.toSorted((one, other) => one - other)[Math.ceil(all.length * 0.95) - 1];
}

/** Runs in the page: `rowsShown` comes to the milliseconds from the next key until the rows of this text are drawn. */
function noteRowsOf(text) {
  globalThis.rowsShown = new Promise((resolve) => {
    let began = 0;
    window.addEventListener(
      "keydown",
      () => {
        began = performance.now();
      },
      { capture: true, once: true },
    );
    const observer = new MutationObserver(() => {
      if (document.querySelector("main [data-rows-of]")?.getAttribute("data-rows-of") !== text) return;
      observer.disconnect();
      requestAnimationFrame(() => setTimeout(() => resolve(performance.now() - began)));
    });
    observer.observe(document, { childList: true, subtree: true, characterData: true, attributes: true });
  });
}
