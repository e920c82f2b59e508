import { expect, test } from "./latchkey.ts";

test("settings say where everything is, and that nobody has changed the log", async ({
  openSample,
  camera,
}) => {
  const frame = await openSample();
  await frame.goTo("Settings");
  const { page } = frame;
  await expect(page.getByText(/latchkey\.db$/).first()).toBeVisible();
  await page.getByRole("button", { name: "Verify the chain" }).click();
  await expect(page.getByText(/whole: \d+ events checked/)).toBeVisible();
  expect(await camera.photograph("settings")).toEqual([]);
});

test("the theme is chosen here and kept over a reload", async ({ openSample }) => {
  const frame = await openSample();
  await frame.goTo("Settings");
  const { page } = frame;
  await page.getByText("Dark", { exact: true }).click();
  await expect(page.locator("html")).toHaveAttribute("data-mantine-color-scheme", "dark");
  await page.reload();
  await expect(page.locator("html")).toHaveAttribute("data-mantine-color-scheme", "dark");
});

test("a remembered target is forgotten, and what was seen there is kept", async ({ openSample }) => {
  const frame = await openSample();
  await frame.goTo("Settings");
  const { page } = frame;
  const target = page.getByRole("listitem").filter({ hasText: "gone.invalid:443" });
  await target.getByRole("button", { name: /^Forget/ }).click();
  await expect(target).toHaveCount(0);
  const scans = await frame.goTo("Scans");
  await expect(await scans.open("#2")).toContainText("gone.invalid:443");
});
