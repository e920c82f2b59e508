import { join } from "node:path";
import { runnerImport } from "vite";
import { makeTemporaryFolder } from "#testing/temporary-folder.ts";
import { expect, test } from "./latchkey.ts";
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

test("several accounts are labelled at once and it is undone, and what is suggested counts once somebody says yes", async ({
  openDatabase,
  folders,
  camera,
}) => {
  const frame = await openDatabase(await makeDatabase(folders));
  const { page } = frame;
  const list = await frame.goTo("Accounts");
  for (const name of ["www-data", "postgres"]) await list.row(name).getByRole("checkbox").click();
  await list.selection.getByRole("button", { name: "Label" }).click();
  const dialog = page.getByRole("dialog", { name: "Label 2 rows" });
  await dialog.getByLabel("Owner").fill("team web");
  await dialog.getByLabel("Environment").fill("production");
  expect(await camera.photograph("accounts-label")).toEqual([]);
  await dialog.getByRole("button", { name: "Save" }).click();
  await expect(list.row("www-data")).toContainText(/team web.*production/);
  await list.search.fill("environment:production");
  await list.filtered("Environment");
  await expect(list.rows).toHaveCount(2);
  await page.getByRole("status").getByRole("button", { name: "Undo" }).click();
  await expect(page.getByText("No account matches")).toBeVisible();
  await page.getByRole("button", { name: "Clear the filters" }).click();

  const drawer = await list.open(/example\s*backup/);
  await expect(drawer).toContainText("Suggested, and not counted until you say yes");
  await expect(drawer).toContainText("backup-all.service runs as it (as hosts say, which nothing verifies)");
  expect(await camera.photograph("account-labels")).toEqual([]);
  await expect(list.row(/example\s*backup/)).not.toContainText("runs backup-all.service");
  await drawer.getByRole("button", { name: "Yes, purpose runs backup-all.service" }).click();
  await expect(list.row(/example\s*backup/)).toContainText("runs backup-all.service");
  await expect(drawer).not.toContainText("Purpose: runs");

  await drawer.getByRole("link", { name: "Its host" }).click();
  const hosts = new ListScreen(page, "hosts");
  await hosts.drawer.getByRole("button", { name: "Change" }).click();
  await page.getByRole("dialog").getByLabel("Environment").fill("Not One Word");
  await page.getByRole("dialog").getByRole("button", { name: "Save" }).click();
  await expect(page.getByRole("dialog").getByRole("alert")).toContainText("environment");
  await page.getByRole("dialog").getByLabel("Environment").fill("test");
  await page.getByRole("dialog").getByRole("button", { name: "Save" }).click();
  await expect(hosts.drawer).toContainText("test");
  await frame.goTo("Accounts");
  await list.open(/example\s*backup/);
  await expect(drawer).toContainText("as host web-1.example");
});
