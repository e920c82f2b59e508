import { expect, test } from "./latchkey.ts";
import { overflowOf, photographEveryScreen } from "./pages/every-screen.ts";

/** A telephone, and a window of 1280 pixels at 200 %. */
const SIZES = [
  { name: "390", width: 390, height: 844 },
  { name: "640", width: 640, height: 430 },
] as const;

test("on a phone a row is opened, rows are selected, and a filter is typed", async ({
  openSample,
  camera,
}) => {
  const frame = await openSample();
  const { page } = frame;
  await page.setViewportSize({ width: 390, height: 844 });
  const list = await frame.goTo("Certificates");
  await list.search.fill("ro");
  await page.getByRole("option", { name: /^role:/ }).click();
  await page.getByRole("option", { name: "role:leaf" }).click();
  await list.filtered("Role");
  await list.search.fill("expires<soon");
  await expect(page.getByRole("status").filter({ hasText: "Expires takes" })).toBeVisible();
  expect(await camera.photograph("phone-filter")).toEqual([]);
  expect(await overflowOf(page)).toEqual([]);
  await list.search.fill("");
  await frame.press("Enter");
  await expect(list.rows.first()).toBeFocused();
  await frame.press("x");
  await frame.press("Shift+ArrowDown");
  await expect(list.selection).toContainText("2 selected");
  expect(await camera.photograph("phone-selection")).toEqual([]);
  expect(await overflowOf(page)).toEqual([]);
  await frame.press("Escape");
  await list.open("grafana.corp.example");
  expect(await camera.photograph("phone-drawer")).toEqual([]);
  expect(await overflowOf(page)).toEqual([]);
});

for (const size of SIZES)
  test(`at ${size.name} pixels every screen is as wide as the window, and each control has its name`, async ({
    openSample,
    camera,
  }) => photographEveryScreen(await openSample(), camera, size));
