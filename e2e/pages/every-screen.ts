import type { Page } from "@playwright/test";
import { expect } from "../latchkey.ts";
import type { Camera } from "./camera.ts";
import type { Frame } from "./frame.ts";

/** Every screen, by its address. */
const SCREENS = [
  "",
  "findings",
  "standards",
  "certificates",
  "served",
  "timeline",
  "forecast",
  "access",
  "accounts",
  "graph",
  "graph?list=mutual",
  "people",
  "host-keys",
  "reviews",
  "hosts",
  "runs",
  "scans",
  "changes",
  "logins",
  "logins?observed=true",
  "audit-log",
  "settings",
  "issuers",
] as const;

type Size = { name: string; width: number; height: number };

/** Each screen is as wide as the window, and axe finds nothing, in both themes. */
export async function photographEveryScreen(
  frame: Frame,
  camera: Camera,
  { name, width, height }: Size,
): Promise<void> {
  const { page } = frame;
  await page.setViewportSize({ width, height });
  for (const screen of SCREENS) {
    await frame.goToAddress(`#/${screen}`);
    await settle(page);
    const label = screen.replace(/\W+/g, "-") || "today";
    expect.soft(await camera.photograph(`${label}-${name}`), label).toEqual([]);
    expect.soft(await overflowOf(page), label).toEqual([]);
  }
}

/** Until nothing more comes from the core. */
async function settle(page: Page): Promise<void> {
  await page.getByRole("main").locator("table[aria-busy=false], h2, form, section").first().waitFor();
  await expect(page.locator("table[aria-busy=true]")).toHaveCount(0);
}

/** What stands out of the window, outside what scrolls sideways by itself. */
export const overflowOf = (page: Page): Promise<string[]> =>
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
