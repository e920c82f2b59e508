import { join } from "node:path";
import Sqlite from "better-sqlite3";
import { makeTemporaryFolder } from "#testing/temporary-folder.ts";
import { copySample, expect, test } from "./latchkey.ts";
import { ListScreen } from "./pages/list-screen.ts";

test("what is typed, what is chosen and what a link says are one filter, and words are searched for as ever", async ({
  openSample,
  camera,
}) => {
  const frame = await openSample();
  const { page } = frame;
  const list = await frame.goTo("Certificates");
  await list.rows.first().waitFor();

  await list.search.fill("corp expires<30d role:leaf");
  await list.filtered("Expires");
  await expect(page).toHaveURL(/#\/certificates\?.*search=corp/);
  await expect(page).toHaveURL(/within=30/);
  await expect(page.getByRole("button", { name: "Role: end entity" })).toBeVisible();
  expect(await camera.photograph("typed-filter")).toEqual([]);

  await page.getByRole("button", { name: "Drop the filter Role" }).click();
  await expect(list.search).toHaveValue("corp expires<30d");
  await list.filter("Location", "endpoint");
  await expect(list.search).toHaveValue("corp expires<30d at:endpoint");
  await page.reload();
  await list.rows.first().waitFor();
  await expect(list.search).toHaveValue("corp expires<30d at:endpoint");

  await frame.goToAddress("#/certificates?owner=");
  await expect(list.search).toHaveValue("owner:none");
  await list.search.fill('issuer:"Corp" type:ec owner:none');
  await list.filtered("Issuer");
  await list.filtered("Key type");

  // Whatever the list answers meanwhile, no key is lost.
  await frame.goToAddress("#/certificates");
  await expect(list.search).toHaveValue("");
  await list.search.focus();
  await page.keyboard.type("grafana.corp.example");
  await expect(list.search).toHaveValue("grafana.corp.example");
  await expect(page).toHaveURL(/search=grafana\.corp\.example$/);
  await expect(list.rows).toHaveCount(1);
  await page.goBack();
  await expect(list.search).toHaveValue("owner:none type:ec issuer:Corp");

  await frame.goToAddress("#/access?account=root");
  const grants = new ListScreen(page, "grants");
  await expect(grants.search).toHaveValue("account:root");
  await grants.search.fill("account:root login:yes is:unapproved");
  await grants.filtered("Verdict");
});

test("keys and values are completed by keyboard, and what is wrong is said at its place", async ({
  openSample,
  camera,
}) => {
  const frame = await openSample();
  const { page } = frame;
  const list = await frame.goTo("Certificates");
  await list.rows.first().waitFor();
  const offers = page.getByRole("listbox", { name: "Filters" }).getByRole("option");

  await frame.press("/");
  await frame.press("Control+ ");
  await expect(offers.filter({ hasText: "expires<" })).toBeVisible();
  expect(await camera.photograph("filter-keys")).toEqual([]);
  await frame.press("Escape");
  await expect(offers).toHaveCount(0);
  await expect(list.search).toBeFocused();

  await list.search.pressSequentially("ro");
  await frame.press("Tab");
  await expect(list.search).toHaveValue("role:");
  await frame.press("ArrowDown");
  await frame.press("Enter");
  await expect(list.search).toHaveValue("role:leaf ");
  await list.filtered("Role");
  await list.search.pressSequentially("grafana");
  await frame.press("ArrowDown");
  await expect(list.row("grafana.corp.example")).toBeFocused();

  await frame.press("/");
  await list.search.fill("expires<soon grafana");
  await expect(page.getByRole("status").filter({ hasText: "Expires takes a number of days" })).toBeVisible();
  await expect(list.search).toHaveAttribute("aria-invalid", "true");
  expect(await camera.photograph("wrong-filter")).toEqual([]);
  await frame.press("Enter");
  await expect(list.search).toBeFocused();
  await list.search.fill("expirs<30d");
  await expect(page.getByRole("status").filter({ hasText: "did you mean expires?" })).toBeVisible();
});

test("a scan is found by its number and known by its targets, and scans of plans are listed when asked for", async ({
  sample,
  openDatabase,
  folders,
  camera,
}) => {
  const database = join(folders.use(await makeTemporaryFolder()).path, "latchkey.db");
  await copySample(sample, database);
  // As a plan leaves it that has read its hosts again.
  const db = new Sqlite(database);
  db.prepare("UPDATE scan SET scan_origin = 'plan' WHERE id = 2").run();
  db.close();

  const frame = await openDatabase(database);
  const list = await frame.goTo("Scans");
  await expect(list.rows).toContainText([/#1.* others/]);
  await expect(list.rows).toHaveCount(1);
  await frame.page.getByRole("button", { name: "With those of plans" }).click();
  await expect(list.rows).toContainText([/#2.*and 2 others.*by a plan/, "#1"]);
  await expect(list.search).toHaveValue("with:plans");
  expect(await camera.photograph("scans-by-name")).toEqual([]);
  await list.search.fill("#2 with:plans");
  await expect(list.rows).toHaveCount(1);
  await expect(await list.open("#2")).toContainText(/Scan #2: .*and 2 others/);
});
