import type { Locator, Page } from "@playwright/test";
import { expect } from "../latchkey.ts";

/** How often the mouse was pressed on the page since this was called, as the page itself has it. */
export async function countPresses(page: Page): Promise<() => Promise<number>> {
  await page.evaluate(() => {
    window.presses = 0;
    window.addEventListener("pointerdown", ({ isTrusted }) => (window.presses += Number(isTrusted)), true);
  });
  return () => page.evaluate(() => window.presses);
}

declare global {
  interface Window {
    presses: number;
  }
}

/** A page has no more stops than these between two of its controls. */
const MOST_STOPS = 200;

/** Goes on by Tab until this has the focus, as whoever has no mouse does. */
export async function tabTo(wanted: Locator): Promise<void> {
  await wanted.first().waitFor();
  for (let stops = 0; stops < MOST_STOPS; stops++) {
    if (await wanted.first().evaluate((element) => element === document.activeElement)) return;
    await wanted.page().keyboard.press("Tab");
  }
  await expect(wanted.first()).toBeFocused();
}
