import type { Locator, Page } from "@playwright/test";
import type { Shell } from "../stages/stage.ts";
import { ListScreen } from "./list-screen.ts";
import { ScanPanel } from "./scan-panel.ts";

/** The screens of each group of the rail; the first of them opens with it. */
const GROUPS = {
  Today: ["Today"],
  Findings: ["Findings", "Standards"],
  Certificates: ["Certificates", "Served", "Timeline", "Forecast"],
  Access: ["Grants", "Accounts", "Paths", "People", "Host keys", "Reviews"],
  Hosts: ["Hosts"],
  Activity: ["Runs", "Scans", "History", "Logins", "Audit log"],
  Settings: ["Settings", "Issuers and vault"],
} as const;

type GroupName = keyof typeof GROUPS;
type ScreenName = (typeof GROUPS)[GroupName][number];

const groupOf = (screen: ScreenName): GroupName => {
  const [group] = Object.entries(GROUPS).find(([, screens]) => screens.some((one) => one === screen)) ?? [];
  return group as GroupName;
};

/** The name of a list, where its screen has another one. */
const LISTS: Partial<Record<ScreenName, string>> = {
  Paths: "steps",
  Reviews: "items",
  History: "changes",
  "Audit log": "events",
};

/** The rail, the header and the dialogs around every screen. */
export class Frame {
  readonly page: Page;
  readonly shell: Shell;
  readonly rail: Locator;
  readonly title: Locator;

  constructor(page: Page, shell: Shell) {
    this.page = page;
    this.shell = shell;
    this.rail = page.getByRole("navigation", { name: "Screens" });
    this.title = page.getByRole("banner").getByRole("heading", { level: 1 });
  }

  async goTo(screen: ScreenName): Promise<ListScreen> {
    const group = groupOf(screen);
    await this.rail.getByRole("link", { name: group }).click();
    if (GROUPS[group][0] !== screen)
      await this.page
        .getByRole("navigation", { name: group })
        .getByRole("link", { name: screen, exact: true })
        .click();
    await this.title.filter({ hasText: screen }).waitFor();
    return new ListScreen(this.page, LISTS[screen] ?? screen.toLowerCase());
  }

  /** Changes the part of the address after `#`, which is all that a screen has of its own. */
  async goToAddress(address: string): Promise<void> {
    await this.page.evaluate((hash) => {
      location.hash = hash;
    }, address);
  }

  async openScanDialog(): Promise<ScanPanel> {
    await this.page.getByRole("banner").getByRole("button", { name: "Scan" }).click();
    return new ScanPanel(this.page.getByRole("dialog", { name: "Scan" }));
  }

  /** The first steps hold a scan panel of their own. */
  get firstScan(): ScanPanel {
    return new ScanPanel(this.page.getByRole("main"));
  }

  press(keys: string): Promise<void> {
    return this.page.keyboard.press(keys);
  }

  /** Acts, and waits until the page has shown these words, which it may remove at once. */
  async until(words: string, act: () => Promise<void>): Promise<void> {
    // The page runs one call after the other: it watches before `act` begins.
    const said = this.page.evaluate(watchFor, words);
    await act();
    await said;
  }

  /** Copies the link to the row that is open, and returns it. */
  async copyLink({ drawer }: ListScreen): Promise<string> {
    await this.until("Copied", () => drawer.getByRole("button", { name: "Copy a link to this row" }).click());
    return this.shell.readClipboard();
  }
}

/** Runs in the page. */
function watchFor(words: string): Promise<void> {
  return new Promise((resolve) => {
    const observer = new MutationObserver(() => {
      if (!document.body.innerHTML.includes(words)) return;
      observer.disconnect();
      resolve();
    });
    observer.observe(document.body, {
      subtree: true,
      childList: true,
      characterData: true,
      attributes: true,
    });
  });
}
