import type { Locator } from "@playwright/test";

/** What to scan and how it goes, in the dialog or on the first page. */
export class ScanPanel {
  readonly root: Locator;
  readonly targets: Locator;
  readonly start: Locator;
  readonly progress: Locator;
  readonly visits: Locator;

  constructor(root: Locator) {
    this.root = root;
    this.targets = root.getByLabel("Hosts and endpoints");
    this.start = root.getByRole("button", { name: /^Scan/ });
    this.progress = root.getByRole("status");
    this.visits = root.getByRole("region", { name: "Probes" }).getByRole("listitem");
  }

  async write(targets: readonly string[]): Promise<void> {
    await this.targets.fill(targets.join("\n"));
  }

  async scan(targets: readonly string[]): Promise<void> {
    await this.write(targets);
    await this.start.click();
  }
}
