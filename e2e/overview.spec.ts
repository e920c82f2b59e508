import { formatHostAddress } from "#shared/text/hosts/target.ts";
import { startTlsServer } from "#testing/servers.ts";
import { expect, test } from "./latchkey.ts";

test("the overview leads from each issue to the list of what has it", async ({ openSample, camera }) => {
  const frame = await openSample();
  const { page } = frame;
  const card = page
    .getByRole("region", { name: "What needs attention" })
    .getByRole("link", { name: "Expired certificate" });
  await expect(card).toContainText("2");
  expect(await camera.photograph("overview")).toEqual([]);

  await card.click();
  await expect(page).toHaveURL(/#\/findings\?rule=certificate-expired$/);
  await expect(page.getByRole("table").locator("tbody").getByRole("row")).toHaveCount(2);

  await page.goBack();
  await page
    .getByRole("link", { name: /^Week from/ })
    .first()
    .click();
  await expect(page).toHaveURL(/#\/certificates\?within=7$/);

  await page.goBack();
  await page.getByRole("link", { name: /showed|last scan/ }).click();
  await expect(page.getByRole("complementary", { name: "scan" })).toBeVisible();
});

test("an empty Latchkey says what it found here, what a scan would visit, and then shows it as it comes", async ({
  openEmpty,
  camera,
}) => {
  await using server = await startTlsServer({ names: ["shop.example"] });
  const frame = await openEmpty();
  const { page, firstScan } = frame;
  await expect(page.getByRole("heading", { name: "Found on this computer" })).toBeVisible();
  await expect(page.getByText("No agent answers here")).toBeVisible();
  await expect(page.getByText("2 targets: 1 over SSH, 1 over TLS")).toBeVisible();
  await expect(page.getByText("npm run demo")).toBeVisible();
  expect(await camera.photograph("first-run")).toEqual([]);

  await firstScan.write(["web[01-20].corp"]);
  await expect(firstScan.start).toHaveText("Scan 40 targets");
  await page.getByRole("button", { name: "Only localhost" }).click();
  await expect(firstScan.start).toHaveText("Scan 2 targets");

  await firstScan.scan([formatHostAddress(server.endpoint)]);
  await expect(firstScan.progress).toContainText("1 of 1 scanned");
  await expect(firstScan.visits).toContainText("Presented");
  await expect(page.getByRole("link", { name: /^Review \d+ finding/ })).toBeVisible();
  expect(await camera.photograph("first-run-done")).toEqual([]);

  await page.getByRole("button", { name: "Show the overview" }).click();
  await expect(page.getByRole("heading", { name: "Next to expire" })).toBeVisible();
});
