import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { copyFile, mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { promisify } from "node:util";
import { test as base, type Page } from "@playwright/test";
import { sayPlace } from "#shared/text/target.ts";
import { type DemoWorld, startWorld } from "#testing/demo/start-world.ts";
import { canStartHosts } from "#testing/lab/start-host.ts";
import { findClosedEndpoint, startPlainServer } from "#testing/servers.ts";
import { makeTemporaryFolder } from "#testing/temporary-folder.ts";
import { Camera } from "./pages/camera.ts";
import { Frame } from "./pages/frame.ts";

const run = promisify(execFile);

const PROGRAM = "out/main/latchkey.js";

/** Real hosts and endpoints, a home without keys of ours, and a database that a real scan of them has filled. */
type Sample = DemoWorld & { database: string; home: string; hasHosts: boolean };

type WorkerFixtures = { sample: Sample };

type Fixtures = {
  /** Serves an empty database, and opens the page on it. */
  openEmpty: () => Promise<Frame>;
  /** Serves a copy of the sample's database, and opens the page on it. */
  openSample: () => Promise<Frame>;
  camera: Camera;
};

/** The built program, served to Chromium. Whatever a test does, the page may neither break its policy nor complain. */
export const test = base.extend<Fixtures, WorkerFixtures>({
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

  openEmpty: async ({ page, sample }, use) => {
    await using shells = new AsyncDisposableStack();
    const complaints = listen(page);
    await use(async () => {
      const folder = shells.use(await makeTemporaryFolder());
      return openPage(page, shells.use(await serve(join(folder.path, "latchkey.db"), sample.home)));
    });
    base.expect(complaints).toEqual([]);
  },

  openSample: async ({ page, sample }, use) => {
    await using shells = new AsyncDisposableStack();
    const complaints = listen(page);
    await use(async () => {
      const folder = shells.use(await makeTemporaryFolder());
      const database = join(folder.path, "latchkey.db");
      await copyFile(sample.database, database);
      return openPage(page, shells.use(await serve(database, sample.home)));
    });
    base.expect(complaints).toEqual([]);
  },

  camera: async ({ page }, use, info) => use(new Camera(page, info)),
});

export { expect } from "@playwright/test";

/** One scan that reads everything, and after it one that meets what keeps a scan from reading. */
async function fill(database: string, home: string, { targets, identity }: DemoWorld): Promise<void> {
  const list = `${database}.targets`;
  await writeFile(list, targets.join("\n"));
  const login = identity ? ["--accept-new", "--identity", identity] : [];
  const scan = [PROGRAM, "--db", database, "scan"];
  await run(process.execPath, [...scan, "--from", list, ...login], { env: environmentOf(home) });
  await using plain = await startPlainServer();
  const closed = await findClosedEndpoint();
  const failing = [plain.endpoint, closed].map(sayPlace);
  await run(process.execPath, [...scan, ...failing, "gone.invalid:443"], { env: environmentOf(home) });
}

async function serve(database: string, home: string) {
  const shell = spawn(process.execPath, [PROGRAM, "--db", database, "serve"], {
    stdio: "pipe",
    env: environmentOf(home),
  });
  let complaints = "";
  shell.stderr.setEncoding("utf8").on("data", (text: string) => {
    complaints += text;
  });
  const line = await Promise.race([
    once(createInterface(shell.stdout), "line").then(String),
    once(shell, "exit").then(() => {
      throw new Error(`Latchkey did not start: ${complaints}`);
    }),
  ]);
  return {
    url: line.replace("Latchkey is at ", ""),
    async stop() {
      if (shell.exitCode !== null) return;
      shell.kill("SIGTERM");
      await once(shell, "exit");
    },
    async [Symbol.asyncDispose]() {
      await this.stop();
    },
  };
}

export type Shell = Awaited<ReturnType<typeof serve>>;

async function openPage(page: Page, shell: Shell): Promise<Frame> {
  await page.goto(shell.url);
  const frame = new Frame(page, shell);
  await frame.rail.waitFor();
  return frame;
}

/** No key, agent or known host of whoever runs the tests comes into them. */
function environmentOf(home: string): NodeJS.ProcessEnv {
  const { SSH_AUTH_SOCK: _, ...env } = process.env;
  return { ...env, HOME: home, USERPROFILE: home };
}

/** What the page complains of: errors, and what its policy has refused. A dropped connection is not its fault. */
function listen(page: Page): string[] {
  const complaints: string[] = [];
  page.on("console", (message) => {
    const isOurs = !/ERR_CONNECTION_REFUSED|WebSocket connection/.test(message.text());
    if (message.type() === "error" && isOurs) complaints.push(message.text());
  });
  page.on("pageerror", (error) => complaints.push(error.message));
  return complaints;
}
