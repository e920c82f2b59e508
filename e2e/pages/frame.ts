import type { Locator, Page } from "@playwright/test";
import type { Shell } from "../stages/stage.ts";
import { ListScreen } from "./list-screen.ts";
import { ScanPanel } from "./scan-panel.ts";

type ScreenName = "Overview" | "Certificates" | "Access" | "Hosts" | "Scans" | "Findings" | "Settings";

/** What stands around every screen. */
export class Frame {
  readonly page: Page;
  readonly shell: Shell;
  readonly rail: Locator;
  readonly title: Locator;
  readonly toast: Locator;

  constructor(page: Page, shell: Shell) {
    this.page = page;
    this.shell = shell;
    this.rail = page.getByRole("navigation", { name: "Screens" });
    this.title = page.getByRole("banner").getByRole("heading", { level: 1 });
    this.toast = page.getByRole("status");
  }

  async goTo(screen: ScreenName): Promise<ListScreen> {
    await this.rail.getByRole("link", { name: screen }).click();
    await this.title.filter({ hasText: screen }).waitFor();
    return new ListScreen(this.page);
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
}
