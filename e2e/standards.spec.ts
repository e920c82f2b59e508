import { expect, test } from "./latchkey.ts";
import { overflowOf } from "./pages/every-screen.ts";
import { ListScreen } from "./pages/list-screen.ts";

test("each item of a standard says what it demands, what is found, and what no scan can see", async ({
  openSample,
  camera,
}) => {
  const frame = await openSample();
  const { page } = frame;
  await frame.goTo("Standards");
  const items = page.getByRole("list", { name: "OWASP Non-Human Identities Top 10 (2025)" });
  const item = (title: string) =>
    items.getByRole("listitem").filter({ has: page.getByRole("heading", { name: title, exact: true }) });
  await expect(items.getByRole("heading")).toHaveCount(10);
  await expect(item("NHI6 Insecure cloud deployment configurations")).toContainText(
    /Not seen from here: Pipelines.*Not covered/,
  );
  expect(await camera.photograph("standards")).toEqual([]);
  expect(await overflowOf(page)).toEqual([]);

  await page.setViewportSize({ width: 390, height: 844 });
  expect(await camera.photograph("standards-narrow")).toEqual([]);
  expect(await overflowOf(page)).toEqual([]);
  await page.setViewportSize({ width: 1280, height: 860 });

  const leakage = item("NHI2 Secret leakage");
  await leakage
    .getByRole("link", { name: /Critical|High/ })
    .first()
    .click();
  const list = new ListScreen(page, "findings");
  await expect(list.search).toHaveValue(/item:NHI2/);
  await expect(list.rows.first()).toBeVisible();
  await page.getByRole("button", { name: "Drop the filter Standard" }).click();
  await expect(list.search).not.toHaveValue(/item/);
  await page.goBack();
  await expect(items.getByRole("heading")).toHaveCount(10);
});

test("the other standard is chosen by keyboard, and its rules lead to their findings", async ({
  openSample,
  camera,
}) => {
  const frame = await openSample();
  const { page } = frame;
  await frame.press("g");
  await frame.press("k");
  await expect(frame.title).toHaveText("Standards");
  await page.getByRole("button", { name: /^Standard/ }).focus();
  await page.keyboard.press("Enter");
  await page.getByRole("menuitem", { name: /NIST IR 7966/ }).focus();
  await page.keyboard.press("Enter");
  await expect(page).toHaveURL(/lens=nist-ir-7966/);
  const rules = page.getByRole("list", { name: "Rules of Pivoting" });
  await expect(rules).toBeVisible();
  expect(await camera.photograph("standards-ssh")).toEqual([]);
  await rules.getByRole("link").first().focus();
  await page.keyboard.press("Enter");
  await expect(frame.title).toHaveText("Findings");
  await expect(new ListScreen(page, "findings").search).toHaveValue(/rule:/);
});

test("where nothing was scanned, nothing is said to be found or not found", async ({ openEmpty, camera }) => {
  const frame = await openEmpty();
  await frame.goTo("Standards");
  await expect(frame.page.getByText("Nothing was scanned yet.")).toBeVisible();
  await expect(frame.page.getByText("None found")).toHaveCount(0);
  expect(await camera.photograph("standards-empty")).toEqual([]);
});
