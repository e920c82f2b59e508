import type { Locator, Page } from "@playwright/test";

/** The prompt of a running scan. */
export class PromptDialog {
  readonly root: Locator;
  readonly wrong: Locator;
  readonly forSameUser: Locator;

  constructor(page: Page, name: string | RegExp) {
    this.root = page.getByRole("dialog", { name });
    this.wrong = this.root.getByRole("alert");
    this.forSameUser = this.root.getByRole("checkbox");
  }

  field(label: string): Locator {
    return this.root.getByLabel(label, { exact: true });
  }

  async skip(): Promise<void> {
    await this.root.getByRole("button", { name: "Go on without" }).click();
  }

  async cancelScan(): Promise<void> {
    await this.root.getByRole("button", { name: "Cancel the scan" }).click();
  }
}
