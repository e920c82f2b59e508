import { readFile } from "node:fs/promises";
import type { Locator, Page } from "@playwright/test";

/** A screen that is one list, with its drawer. */
export class ListScreen {
  readonly rows: Locator;
  readonly table: Locator;
  readonly search: Locator;
  readonly drawer: Locator;
  readonly selection: Locator;
  readonly #page: Page;

  /** `name`: what the list is of. When the screen changes, the one before may be shown for a moment more. */
  constructor(page: Page, name: string) {
    this.#page = page;
    this.table = page.getByRole("table", { name, exact: true });
    this.rows = this.table.locator("tbody").getByRole("row");
    this.search = page.getByRole("searchbox");
    this.drawer = page.getByRole("complementary");
    this.selection = page.getByRole("region", { name: "Selection" });
  }

  row(text: string | RegExp): Locator {
    return this.rows.filter({ hasText: text });
  }

  /** Opens the drawer of the first row that holds this. */
  async open(text: string | RegExp): Promise<Locator> {
    await this.row(text).first().click();
    await this.drawer.waitFor();
    return this.drawer;
  }

  async filter(facet: string, value: string): Promise<void> {
    await this.#page
      .getByRole("main")
      .getByRole("button", { name: new RegExp(`^${facet}`) })
      .first()
      .click();
    await this.#page.getByRole("menuitem", { name: value, exact: true }).click();
    await this.filtered(facet);
  }

  /** Waits until a filter is on, and only rows that match it are shown. */
  async filtered(facet: string): Promise<void> {
    await this.#page.getByRole("button", { name: `Drop the filter ${facet}` }).waitFor();
    await this.settled();
  }

  /** Waits until the list shows the result of its last request: rows, or that there are none. */
  async settled(): Promise<void> {
    await this.#page.getByRole("main").locator("table[aria-busy=false], h2:not(aside *)").first().waitFor();
  }

  async sortBy(column: string): Promise<void> {
    await this.table.getByRole("button", { name: column, exact: true }).click();
  }

  /** What the list exports, as lines. */
  async exportCsv(): Promise<string[]> {
    return (await this.exportText()).split("\r\n").filter(Boolean);
  }

  async exportText(): Promise<string> {
    const download = this.#page.waitForEvent("download");
    await this.#page.getByRole("button", { name: "Export CSV" }).click();
    return readFile(await (await download).path(), "utf8");
  }
}
