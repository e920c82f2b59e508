import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { promisify } from "node:util";
import type { Page } from "@playwright/test";
import { formatHostAddress } from "#shared/text/hosts/target.ts";
import { startTlsServer } from "#testing/servers.ts";
import { makeTemporaryFolder } from "#testing/temporary-folder.ts";
import { desktopTest, expect, test } from "./latchkey.ts";
import { Frame } from "./pages/frame.ts";
import { playedOn } from "./stages/played-on.ts";
import { environmentOf } from "./stages/stage.ts";

/* A window, commands beside it, a second start, and more than one tab. */

test.skip(
  playedOn !== "web",
  "only a browser has tabs; commands beside a window are the same for every shell",
);

const run = promisify(execFile);
const ENDED = "This tab's session has ended";

const rail = (page: Page) => page.getByRole("navigation", { name: "Screens" });

test("what a command reads while the window is open is on its screen at once", async ({
  openDatabase,
  folders,
  sample,
}) => {
  const folder = folders.use(await makeTemporaryFolder());
  const database = join(folder.path, "latchkey.db");
  await using server = await startTlsServer({ names: ["beside.example"] });
  const frame = await openDatabase(database);
  const list = await frame.goTo("Certificates");
  const command = ["out/main/latchkey.js", "--db", database];
  const env = environmentOf(sample.home);
  const { stdout } = await run(process.execPath, [...command, "scan", formatHostAddress(server.endpoint)], {
    env,
  });
  expect(stdout).toBe("1 target: 1 read\n");
  await expect(list.rows.filter({ hasText: "beside.example" })).toHaveCount(1);
});

desktopTest("so is what it reads beside the desktop window", async ({ standIn, folders }) => {
  const folder = folders.use(await makeTemporaryFolder());
  const database = join(folder.path, "latchkey.db");
  await using server = await startTlsServer({ names: ["beside.example"] });
  const { page, shell } = await standIn.open(database, folder.path);
  const frame = new Frame(page, shell);
  await frame.rail.waitFor();
  const list = await frame.goTo("Certificates");
  const command = ["out/main/latchkey.js", "--db", database, "scan", formatHostAddress(server.endpoint)];
  const { stdout } = await run(process.execPath, command, { env: environmentOf(folder.path) });
  expect(stdout).toBe("1 target: 1 read\n");
  await expect(list.rows.filter({ hasText: "beside.example" })).toHaveCount(1);
});

test("a second start opens another page of the first, and takes nothing with it when it ends", async ({
  openDatabase,
  folders,
  sample,
  context,
}) => {
  const folder = folders.use(await makeTemporaryFolder());
  const database = join(folder.path, "latchkey.db");
  const frame = await openDatabase(database);
  const env = environmentOf(sample.home);
  const second = spawn(process.execPath, ["out/main/latchkey.js", "--db", database, "serve"], { env });
  const [line] = await once(createInterface(second.stdout), "line");
  const url = String(line).replace("Latchkey is at ", "");
  expect(new URL(url).origin).toBe(new URL(frame.page.url()).origin);
  const page = await context.newPage();
  await page.goto(url);
  await rail(page).waitFor();
  second.kill("SIGTERM");
  expect(await once(second, "exit")).toEqual([0, null]);
  for (const tab of [page, frame.page]) {
    await rail(tab).getByRole("link", { name: "Hosts" }).click();
    await expect(tab.getByRole("banner").getByRole("heading", { level: 1 })).toContainText("Hosts");
  }
});

test("a link and a bookmark work in a new tab while another one is open, and each goes on by itself", async ({
  openSample,
  context,
}) => {
  const frame = await openSample();
  const list = await frame.goTo("Certificates");
  await list.rows.first().waitFor();
  const bookmark = frame.page.url();

  const byBookmark = await context.newPage();
  await byBookmark.goto(bookmark);
  await expect(byBookmark.getByRole("row").filter({ hasText: "grafana" }).first()).toBeVisible();
  const opened = context.waitForEvent("page");
  await rail(frame.page)
    .getByRole("link", { name: "Hosts" })
    .click({ modifiers: ["ControlOrMeta"] });
  const byLink = await opened;
  await expect(byLink.getByRole("banner").getByRole("heading", { level: 1 })).toContainText("Hosts");
  await rail(byLink).waitFor();

  // A reload keeps each tab's own session, and the first tab goes on.
  for (const tab of [byBookmark, byLink, frame.page]) {
    await tab.reload();
    await rail(tab).waitFor();
    await expect(tab.getByText(ENDED)).toHaveCount(0);
  }
  const kept = (tab: Page) => tab.evaluate(() => sessionStorage.getItem("latchkey-session"));
  expect(new Set(await Promise.all([byBookmark, byLink, frame.page].map(kept))).size).toBe(3);
  expect(await context.cookies()).toEqual([]);
});

test("a tab of another browser gets nothing, and neither does a new one when all others are closed", async ({
  openSample,
  context,
  browser,
}) => {
  const frame = await openSample();
  await frame.goTo("Certificates");
  const address = frame.page.url();
  const elsewhere = await browser.newContext();
  const stranger = await elsewhere.newPage();
  await stranger.goto(address);
  await expect(stranger.getByRole("heading", { name: ENDED })).toBeVisible();
  await elsewhere.close();
  await frame.page.goto("about:blank");
  const late = await context.newPage();
  await late.goto(address);
  await expect(late.getByRole("heading", { name: ENDED })).toBeVisible();
});
