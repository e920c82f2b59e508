import { join } from "node:path";
import { runnerImport } from "vite";
import { makeTemporaryFolder } from "#testing/temporary-folder.ts";
import { expect, test } from "./latchkey.ts";
import { overflowOf } from "./pages/every-screen.ts";
import { ListScreen } from "./pages/list-screen.ts";

type Maker = { makeAccountDatabase(path: string): void };

/** Vite runs the module that fills it: the store's schema is a `?raw` import. */
async function makeDatabase(folders: AsyncDisposableStack): Promise<string> {
  const folder = folders.use(await makeTemporaryFolder());
  const database = join(folder.path, "latchkey.db");
  const { module } = await runnerImport<Maker>("src/main/store/testing/fill-accounts.ts");
  module.makeAccountDatabase(database);
  return database;
}

test("logins stand by their days, and lead to their account", async ({ openDatabase, folders, camera }) => {
  const frame = await openDatabase(await makeDatabase(folders));
  const { page } = frame;
  const list = await frame.goTo("Logins");
  await expect(list.row("203.0.113.77")).toContainText(/root.*password.*3:00 to 3:59.*journal/);
  await expect(list.row("198.51.100.9")).toContainText(/ann.*plain files/);
  expect(await camera.photograph("logins")).toEqual([]);
  expect(await overflowOf(page)).toEqual([]);
  await frame.press("j");
  await expect(list.rows.first()).toBeFocused();
  await list.search.fill("account:ann 10.0.3");
  await list.filtered("Account");
  await expect(list.rows).toHaveCount(1);
  const [head, line] = await list.exportCsv();
  expect(head).toBe("Day,Host,Account,By,From,Logins,Hours,Log");
  expect(line).toMatch(/,web-1.example,ann,SHA256:.*,10.0.3.14,1,9:00 to 17:59,journal$/);
  await list.row("10.0.3.14").click();
  await expect(frame.title).toHaveText("Accounts");
  const drawer = page.getByRole("complementary");
  await expect(drawer.getByRole("heading", { level: 2 })).toHaveText("ann@web-1.example");
  await drawer.getByRole("link", { name: "Its logins by day" }).click();
  await expect(frame.title).toHaveText("Logins");
  await expect(list.rows).toHaveCount(2);
});

test("what stands out comes first where it is most severe, with its lines and what is usual, until it is accepted", async ({
  openDatabase,
  folders,
  camera,
}) => {
  const frame = await openDatabase(await makeDatabase(folders));
  const { page } = frame;
  await frame.goTo("Today");
  const today = page.getByRole("listitem").filter({ hasText: "after 412 passwords" });
  await today.getByRole("link", { name: "root@web-1.example" }).click();
  const drawer = page.getByRole("complementary");
  await expect(drawer).toContainText("Failed password for root from 203.0.113.77 port 50422 ssh2");
  await expect(drawer).toContainText("Accepted password for root from 203.0.113.77 port 50438 ssh2");
  const list = new ListScreen(page, "logins that stand out");
  await expect(list.rows).toHaveCount(3);
  await expect(list.rows.first()).toContainText(/High.*root.*203.0.113.77 got in by password/);
  const tooFew = page.getByText(/^Not enough logs yet: \d+ hosts?, 1 account$/);
  await expect(tooFew).toHaveAttribute("title", /ubuntu@web-1.example 11 of 30 days/);
  expect(await camera.photograph("logins-observed")).toEqual([]);
  expect(await overflowOf(page)).toEqual([]);

  await list.open("deploy");
  await expect(drawer).toContainText("Lines of the log, put together of what was kept of them");
  await expect(drawer).toContainText("hours: 1:00 to 2:59, by the clock of the host");
  expect(await camera.photograph("login")).toEqual([]);
  await list.open("ann");
  await expect(drawer).toContainText("any user of the host can have lines written");
  await drawer.getByRole("button", { name: "Accept" }).click();
  await page.getByRole("dialog").getByLabel("Reason").fill("the new office, ticket 812");
  await page.getByRole("dialog").getByRole("button", { name: "Accept" }).click();
  await expect(list.rows).toHaveCount(2);
  await page.getByRole("button", { name: "Accepted" }).click();
  await expect(list.rows).toHaveCount(1);
  await expect(drawer).toContainText("the new office, ticket 812");
  await drawer.getByRole("button", { name: "Withdraw" }).click();
  await expect(page.getByText("It counts again")).toBeVisible();
});
