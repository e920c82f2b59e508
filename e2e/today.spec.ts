import { formatHostAddress } from "#shared/text/hosts/target.ts";
import { startTlsServer } from "#testing/servers.ts";
import { expect, test } from "./latchkey.ts";

test("today's lines lead to what each is about, and to its plan", async ({ openSample, camera }) => {
  const frame = await openSample();
  const { page } = frame;
  const lines = page.getByRole("region", { name: "What needs attention" }).getByRole("listitem");
  const expired = lines.filter({ hasText: "the certificate expired 35 days ago" });
  await expect(expired).toContainText("grafana.corp.example");
  await expect(lines.filter({ hasText: "could not be read" }).first()).toContainText("Scan again");
  expect(await camera.photograph("today")).toEqual([]);

  await page.setViewportSize({ width: 390, height: 844 });
  expect(await camera.photograph("today-narrow")).toEqual([]);
  await page.setViewportSize({ width: 1280, height: 860 });

  await expired.getByRole("link").click();
  await expect(page).toHaveURL(/#\/findings\?open=certificate-expired/);
  await expect(page.getByRole("complementary", { name: "finding" })).toBeVisible();

  await page.goBack();
  await expired.getByRole("button", { name: "Renew" }).click();
  await expect(page.getByRole("dialog", { name: "Renew a certificate" })).toBeVisible();
  await page.keyboard.press("Escape");

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

  await page.getByRole("button", { name: "Show Today" }).click();
  await expect(page.getByRole("heading", { name: "Next to expire" })).toBeVisible();
});
