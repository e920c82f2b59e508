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

  constructor(page: Page) {
    this.#page = page;
    this.table = page.getByRole("table");
    this.rows = this.table.locator("tbody").getByRole("row");
    this.search = page.getByRole("searchbox");
    this.drawer = page.getByRole("complementary");
    this.selection = page.getByRole("region", { name: "Selection" });
  }

  row(text: string | RegExp): Locator {
    return this.rows.filter({ hasText: text });
  }

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
