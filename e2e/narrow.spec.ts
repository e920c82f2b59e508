import type { Page } from "@playwright/test";
import { expect, test } from "./latchkey.ts";

/** Every screen, by its address. */
const SCREENS = [
  "",
  "findings",
  "certificates",
  "served",
  "timeline",
  "forecast",
  "access",
  "graph",
  "graph?list=mutual",
  "people",
  "host-keys",
  "hosts",
  "runs",
  "scans",
  "changes",
  "audit-log",
  "settings",
] as const;

const WITH_DRAWER = [
  "Findings",
  "Certificates",
  "Served",
  "Grants",
  "Paths",
  "People",
  "Host keys",
  "Hosts",
  "Scans",
  "Audit log",
] as const;

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

test("at 1280 pixels every tool of a list can be pressed while a drawer is open", async ({
  sample,
  openSample,
  camera,
}) => {
  test.skip(!sample.hasHosts, "needs root, namespaces and sshd for real hosts");
  const frame = await openSample();
  const { page } = frame;
  await page.setViewportSize({ width: 1280, height: 860 });
  for (const screen of WITH_DRAWER) {
    const list = await frame.goTo(screen);
    await list.settled();
    await list.rows.first().click();
    await list.drawer.waitFor();
    for (const tool of ["Saved views", "Columns and density", "Export CSV"])
      await page.getByRole("button", { name: tool }).click({ trial: true });
    const label = screen.replace(/\W+/g, "-").toLowerCase();
    expect.soft(await camera.photograph(`beside-drawer-${label}`), label).toEqual([]);
    await frame.press("Escape");
    await expect(list.drawer).toBeHidden();
  }
});

for (const { name, width, height } of SIZES)
  test(`at ${name} pixels every screen is as wide as the window, and each control has its name`, async ({
    openSample,
    camera,
  }) => {
    const { page, goToAddress } = await openAt(await openSample(), { width, height });
    for (const screen of SCREENS) {
      await goToAddress(`#/${screen}`);
      await settle(page);
      const label = screen.replace(/\W+/g, "-") || "today";
      expect.soft(await camera.photograph(`${label}-${name}`), label).toEqual([]);
      expect.soft(await overflowOf(page), label).toEqual([]);
    }
  });

async function openAt(
  frame: { page: Page; goToAddress(address: string): Promise<void> },
  size: { width: number; height: number },
) {
  await frame.page.setViewportSize(size);
  return { page: frame.page, goToAddress: (address: string) => frame.goToAddress(address) };
}

/** Until nothing more comes from the core. */
async function settle(page: Page): Promise<void> {
  await page.getByRole("main").locator("table[aria-busy=false], h2, form, section").first().waitFor();
  await expect(page.locator("table[aria-busy=true]")).toHaveCount(0);
}

/** What stands out of the window, outside what scrolls sideways by itself. */
const overflowOf = (page: Page): Promise<string[]> =>
  page.evaluate(() => {
    const scrolls = (element: Element | null): boolean =>
      element !== null &&
      element !== document.body &&
      (/auto|scroll|hidden|clip/.test(getComputedStyle(element).overflowX) || scrolls(element.parentElement));
    return Array.from(document.querySelectorAll("body *"))
      .filter((element) => {
        const { left, right, width } = element.getBoundingClientRect();
        return width > 0 && (right > innerWidth + 1 || left < -1) && !scrolls(element.parentElement);
      })
      .map((element) => `${element.tagName} ${element.className} ${element.textContent?.slice(0, 40)}`)
      .slice(0, 5);
  });
