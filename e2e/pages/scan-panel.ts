import type { Locator } from "@playwright/test";

/** What to scan and how it goes, in the dialog or on the first page. */
export class ScanPanel {
  readonly root: Locator;
  readonly targets: Locator;
  readonly start: Locator;
  readonly progress: Locator;
  readonly visits: Locator;
  /** The keys of new hosts, while the scan runs. */
  readonly hostKeys: Locator;

  constructor(root: Locator) {
    this.root = root;
    this.targets = root.getByLabel("Hosts and endpoints");
    this.start = root.getByRole("button", { name: /^Scan/ });
    this.progress = root.getByRole("status");
    this.hostKeys = root.getByRole("region", { name: "Host keys" });
    this.visits = root.getByRole("region", { name: "Probes" }).getByRole("listitem");
  }

  async write(targets: readonly string[]): Promise<void> {
    await this.targets.fill(targets.join("\n"));
  }

  /** Goes on without the one new host. */
  async skipHostKey(): Promise<void> {
    await this.hostKeys.getByRole("button", { name: "Go on without it" }).click();
  }

  async scan(targets: readonly string[]): Promise<void> {
    await this.write(targets);
    await this.start.click();
  }
}
