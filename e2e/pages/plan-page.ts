import { expect, type Locator, type Page } from "@playwright/test";

/** A plan before it is approved. */
export class PlanPage {
  readonly main: Locator;
  readonly decision: Locator;
  readonly summary: Locator;
  readonly apply: Locator;
  readonly #page: Page;

  constructor(page: Page) {
    this.#page = page;
    this.main = page.getByRole("main");
    this.decision = page.getByRole("complementary", { name: "Decision" });
    this.summary = this.main.getByText(/^Plan: /);
    this.apply = this.decision.getByRole("button", { name: /^Apply on/ });
  }

  /** Acknowledges all risks, and types what must be typed. */
  async approve(): Promise<void> {
    await this.apply.waitFor();
    for (const box of await this.main.getByLabel("I accept this risk").all()) await box.check();
    const word = this.decision.getByLabel(/^Type /);
    if ((await word.count()) > 0) {
      const label = await this.decision.locator("label").filter({ hasText: "Type " }).textContent();
      await word.fill(label?.replace(/^Type /, "") ?? "");
    }
    await expect(this.apply).toBeEnabled();
  }

  /** The drawer of the run that the plan starts. */
  async run(): Promise<Locator> {
    await this.apply.click();
    const drawer = this.#page.getByRole("complementary", { name: "run" });
    await drawer.waitFor();
    return drawer;
  }
}
