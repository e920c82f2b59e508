import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { copyFile, mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { test as base, type Page } from "@playwright/test";
import { formatHostAddress } from "#shared/text/hosts/target.ts";
import { type DemoWorld, OUTSIDE, startWorld } from "#testing/demo/start-world.ts";
import type { Desktop } from "#testing/electron/start-desktop.ts";
import { canStartHosts } from "#testing/lab/start-host.ts";
import { findClosedEndpoint, startPlainServer } from "#testing/servers.ts";
import { makeTemporaryFolder } from "#testing/temporary-folder.ts";
import { Camera } from "./pages/camera.ts";
import { Frame } from "./pages/frame.ts";
import { createElectronStage } from "./stages/electron-stage.ts";
import { playedOn } from "./stages/played-on.ts";
import { environmentOf, listen, type Stage } from "./stages/stage.ts";
import { createStandInStage, type StandInStage } from "./stages/stand-in-stage.ts";
import { createWebStage } from "./stages/web-stage.ts";

const run = promisify(execFile);

const PROGRAM = "out/main/latchkey.js";

/** Real hosts and endpoints, a home without keys of ours, and a database that a real scan of them has filled. */
type Sample = DemoWorld & { database: string; home: string; hasHosts: boolean };

type WorkerFixtures = { sample: Sample };

type Fixtures = {
  /** What the pages of the test have complained of. */
  complaints: string[];
  /** Folders that are deleted after the test, once every program that used them has ended. */
  folders: AsyncDisposableStack;
  stage: Stage;
  /** Serves an empty database, and opens the page on it. */
  openEmpty: () => Promise<Frame>;
  /** Serves a copy of the sample's database, and opens the page on it. */
  openSample: () => Promise<Frame>;
  /** Serves a database that a test has made, and opens the page on it. */
  openDatabase: (database: string) => Promise<Frame>;
  camera: Camera;
};

type DesktopFixtures = {
  standIn: StandInStage;
  /** Opens a copy of the sample's database in the desktop program, with more arguments. */
  openDesktop: (...args: string[]) => Promise<{
    frame: Frame;
    desktop: Desktop;
    database: string;
    /** What is in a further window, by its number. */
    findWindow: (window: number) => Promise<Frame>;
  }>;
};

/**
 * The built program on the stage that there is. Whatever a test does, the page may neither break its policy nor
 * complain.
 */
const onAnyStage = base.extend<Fixtures, WorkerFixtures>({
  sample: [
    // biome-ignore lint/correctness/noEmptyPattern: Playwright reads the names of fixtures from a pattern
    async ({}, use) => {
      await using folder = await makeTemporaryFolder();
      const hasHosts = canStartHosts() && existsSync("/usr/sbin/sshd");
      await using world = await startWorld({ folder: folder.path, hasHosts });
      const home = join(folder.path, "home");
      await mkdir(home, { mode: 0o700 });
      const database = join(folder.path, "latchkey.db");
      await fill(database, home, world);
      await use({ ...world, database, home, hasHosts });
    },
    { scope: "worker", timeout: 120_000 },
  ],

  // biome-ignore lint/correctness/noEmptyPattern: Playwright reads the names of fixtures from a pattern
  complaints: async ({}, use) => {
    const complaints: string[] = [];
    await use(complaints);
    base.expect(complaints).toEqual([]);
  },

  // biome-ignore lint/correctness/noEmptyPattern: Playwright reads the names of fixtures from a pattern
  folders: async ({}, use) => {
    await using folders = new AsyncDisposableStack();
    await use(folders);
  },

  // biome-ignore lint/correctness/noEmptyPattern: Playwright reads the names of fixtures from a pattern
  stage: async ({}) => {
    throw new Error("each kind of stage brings its own");
  },

  openEmpty: async ({ folders, stage, sample }, use) => {
    await use(async () => {
      const folder = folders.use(await makeTemporaryFolder());
      return openFrame(stage, join(folder.path, "latchkey.db"), sample.home);
    });
  },

  openSample: async ({ folders, stage, sample }, use) => {
    await use(async () => {
      const folder = folders.use(await makeTemporaryFolder());
      const database = join(folder.path, "latchkey.db");
      await copySample(sample, database);
      return openFrame(stage, database, sample.home);
    });
  },

  openDatabase: async ({ stage, sample }, use) => {
    await use((database) => openFrame(stage, database, sample.home));
  },

  camera: async ({ stage }, use, info) => use(new Camera(() => stage.page, info)),
});

/** The sample's database and the key of its seals: without that key, a copy says that it cannot be verified. */
export async function copySample(sample: Sample, database: string): Promise<void> {
  await copyFile(sample.database, database);
  await copyFile(`${sample.database}.seal-key`, `${database}.seal-key`);
}

/** In Chromium: the page is Playwright's own. */
const inChromium = onAnyStage.extend({
  stage: async ({ folders: _outlives, page, complaints }, use) => {
    await using shells = new AsyncDisposableStack();
    const listenTo = (shown: Page) => listen(shown, complaints);
    if (playedOn === "stand-in") return await use(createStandInStage(page, shells, listenTo));
    listenTo(page);
    await use(createWebStage(page, shells));
  },
});

/** In Electron: no browser is started, for the window is the page. */
const inElectron = onAnyStage.extend({
  stage: async ({ folders: _outlives, complaints }, use) => {
    await using shells = new AsyncDisposableStack();
    await use(createElectronStage(shells, (page) => listen(page, complaints)));
  },
});

export const test = playedOn === "electron" ? inElectron : inChromium;

/** The desktop program on its stand-in, for what no browser has: its menu, its links, its core that may fall. */
export const desktopTest = onAnyStage.extend<DesktopFixtures>({
  standIn: async ({ folders: _outlives, page, complaints }, use) => {
    await using shells = new AsyncDisposableStack();
    await use(createStandInStage(page, shells, (shown) => listen(shown, complaints)));
  },
  stage: async ({ standIn }, use) => use(standIn),

  openDesktop: async ({ folders, standIn, sample }, use) => {
    await use(async (...args) => {
      const folder = folders.use(await makeTemporaryFolder());
      const database = join(folder.path, "latchkey.db");
      await copySample(sample, database);
      const { page, shell, desktop } = await standIn.open(database, folder.path, ...args);
      const frame = new Frame(page, shell);
      await frame.rail.waitFor();
      const findWindow = async (window: number) => {
        const further = new Frame(await standIn.openPage(desktop, window), shell);
        await further.rail.waitFor();
        return further;
      };
      return { frame, desktop, database, findWindow };
    });
  },
});

export { expect } from "@playwright/test";

async function openFrame(stage: Stage, database: string, home: string): Promise<Frame> {
  const { page, shell } = await stage.open(database, home);
  const frame = new Frame(page, shell);
  await frame.rail.waitFor();
  return frame;
}

/** One scan that reads everything, and after it one with outcomes that keep a scan from reading. */
async function fill(
  database: string,
  home: string,
  { targets, identity, peopleSources }: DemoWorld,
): Promise<void> {
  const list = `${database}.targets`;
  await writeFile(list, targets.join("\n"));
  const login = identity ? ["--accept-new", "--identity", identity] : [];
  const scan = [PROGRAM, "--db", database, "scan"];
  await run(process.execPath, [...scan, "--from", list, ...login], { env: environmentOf(home) });
  const declare = (...words: string[]) =>
    run(process.execPath, [PROGRAM, "--db", database, ...words], { env: environmentOf(home) });
  if (peopleSources.length > 0) {
    await declare("people", "import", ...peopleSources);
    await declare("inventory", "complete", "--note", OUTSIDE);
  }
  await using plain = await startPlainServer();
  const closed = await findClosedEndpoint();
  const failing = [plain.endpoint, closed].map(formatHostAddress);
  await run(process.execPath, [...scan, ...failing, "gone.invalid:443"], { env: environmentOf(home) });
}
