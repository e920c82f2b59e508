import { makeCertificate } from "#testing/make-certificate.ts";
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

  await frame.goTo("Issuers and vault");
  expect(await camera.photograph("settings-issuers")).toEqual([]);
  const [chooser] = await Promise.all([
    page.waitForEvent("filechooser"),
    page.getByRole("button", { name: "Add roots" }).click(),
  ]);
  const { pem } = await makeCertificate({ names: ["Our Root"] });
  await chooser.setFiles({ name: "root.pem", mimeType: "application/x-pem-file", buffer: Buffer.from(pem) });
  const root = page.getByRole("listitem").filter({ hasText: "Our Root" });
  await expect(root).toContainText("root.pem");
  await root.getByRole("button", { name: "Remove Our Root" }).click();
  await expect(root).toHaveCount(0);
});

test("the database is looked through and backed up, and it is said how a backup is put back", async ({
  openSample,
}) => {
  const frame = await openSample();
  await frame.goTo("Settings");
  const { page } = frame;
  await page.getByRole("button", { name: "Check now" }).click();
  await expect(page.getByText(/whole: every page and \d+ events were read/)).toBeVisible();
  await page.getByRole("button", { name: "Back up now" }).click();
  await expect(page.getByRole("listitem").filter({ hasText: ".on-demand.db" })).toContainText("on demand");
  await expect(page.getByText(/latchkey --db .* database restore .*\.on-demand\.db/)).toBeVisible();
});

test("after how many days a reading is too old is set here, and Today goes by it", async ({ openSample }) => {
  const frame = await openSample();
  await frame.goTo("Settings");
  const { page } = frame;
  const days = page.getByRole("spinbutton", { name: "Days" });
  await expect(days).toHaveValue("7");
  await days.fill("0");
  await expect(page.getByRole("button", { name: "Save" })).toBeDisabled();
  await days.fill("14");
  await frame.until("Saved: 14 days", () => days.press("Enter"));
  await page.reload();
  await expect(days).toHaveValue("14");
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
  await expect(page.getByRole("listitem").filter({ hasText: "any transport," }).first()).toContainText("SSH");
  const target = page.getByRole("listitem").filter({ hasText: "gone.invalid:443" });
  await target.getByRole("button", { name: /^Forget/ }).click();
  await expect(target).toHaveCount(0);
  const scans = await frame.goTo("Scans");
  await expect(await scans.open("#2")).toContainText("gone.invalid:443");
});
