import { join } from "node:path";
import { runnerImport } from "vite";
import { makeTemporaryFolder } from "#testing/temporary-folder.ts";
import { expect, test } from "./latchkey.ts";
import { goByKeys } from "./pages/by-keys.ts";

type Maker = { makeChangedDatabase(path: string): void };

/** A database with two scans that differ. Vite runs the module that fills it: the store's schema is a `?raw` import. */
async function makeDatabase(folders: AsyncDisposableStack): Promise<string> {
  const folder = folders.use(await makeTemporaryFolder());
  const database = join(folder.path, "latchkey.db");
  const { module } = await runnerImport<Maker>("src/main/store/testing/fill-changes.ts");
  module.makeChangedDatabase(database);
  return database;
}

test("what the last scan found otherwise than the one before, and the other way round", async ({
  openDatabase,
  folders,
  camera,
}) => {
  const frame = await openDatabase(await makeDatabase(folders));
  const { page } = frame;
  const list = await frame.goTo("History");
  await expect(list.row("root: eve@cafe")).toContainText("New");
  await expect(list.row("root: carol@old")).toContainText("Gone");
  await expect(list.row("deploy: bob@desk")).toContainText("options: none → no-pty");
  await expect(list.row("root: ann@desk")).toContainText("kept out by: none → PermitRootLogin no");
  await expect(page.getByRole("list", { name: "Changes by kind" })).toContainText(
    "grants 2 new, 2 changed, 1 gone",
  );
  expect(await camera.photograph("changes")).toEqual([]);
  await goByKeys(frame, list);

  await list.filter("Kind", "host key");
  const drawer = await list.open("ssh-ed25519");
  await expect(drawer).toContainText("From what to what");
  expect(await camera.photograph("change")).toEqual([]);
  await frame.press("Escape");
  await page.getByRole("button", { name: "Drop the filter Kind" }).click();

  await page.getByLabel("To", { exact: true }).selectOption("before all scans");
  await expect(list.row("root: eve@cafe")).toHaveCount(0);
  await expect(list.row("root: carol@old")).toContainText("Gone");
  await page.reload();
  await expect(list.row("root: carol@old")).toContainText("Gone");
});

test("what is new since the baseline is approved from its drawer, several at once, and taken back", async ({
  openDatabase,
  folders,
  camera,
}) => {
  const frame = await openDatabase(await makeDatabase(folders));
  const { page } = frame;
  await frame.goTo("History");
  await expect(page.getByText("None is set.")).toBeVisible();
  await page.getByLabel("To", { exact: true }).selectOption({ index: 1 });
  await page.getByRole("button", { name: "Set to scan 1" }).click();
  const link = page.getByRole("link", { name: "3 grants new since and not approved" });
  await expect(link).toBeVisible();
  expect(await camera.photograph("baseline")).toEqual([]);
  await link.click();

  const list = await frame.goTo("Grants");
  await page.getByRole("button", { name: /^New, not approved/ }).click();
  await expect(list.rows).toHaveCount(3);
  const drawer = await list.open("eve@cafe");
  await expect(drawer).toContainText("Not approved, and not there at the baseline.");
  await drawer.getByRole("button", { name: "Approve" }).click();
  const dialog = page.getByRole("dialog", { name: "Approve this grant" });
  await dialog.getByLabel("Owner").fill("Eve Stone");
  await dialog.getByLabel("Purpose").fill("the café's terminal");
  await dialog.getByLabel("Review on").fill("2020-01-31");
  expect(await camera.photograph("approve")).toEqual([]);
  await dialog.getByRole("button", { name: "Approve" }).click();
  await expect(dialog).toHaveCount(0);
  await expect(drawer).toContainText("Eve Stone");
  await expect(drawer).toContainText("First seen");
  await expect(list.rows).toHaveCount(2);
  expect(await camera.photograph("approved")).toEqual([]);
  await frame.press("Escape");

  await list.rows.first().getByRole("checkbox").check();
  await list.rows.nth(1).getByRole("checkbox").check();
  await list.selection.getByRole("button", { name: "Approve" }).click();
  const several = page.getByRole("dialog", { name: "Approve 2 grants" });
  await several.getByLabel("Owner").fill("Bob Stone");
  await several.getByLabel("Purpose").fill("builds");
  await several.getByRole("button", { name: "Approve" }).click();
  await expect(list.rows).toHaveCount(0);

  const findings = await frame.goTo("Findings");
  await expect(findings.row("was to be reviewed on 2020-01-31")).toHaveCount(1);
  const grants = await frame.goTo("Grants");
  const again = await grants.open("eve@cafe");
  await again.getByRole("button", { name: "Withdraw" }).click();
  await expect(again).toContainText("Not approved, and not there at the baseline.");
});
