import { mkdir } from "node:fs/promises";
import { AxeBuilder } from "@axe-core/playwright";
import type { Page, TestInfo } from "@playwright/test";

const THEMES = ["light", "dark"] as const;

/** Where the pictures of the README are kept; they are only replaced when this is asked for. */
const KEPT_IN = process.env.LATCHKEY_SCREENSHOTS ? "docs/screenshots" : null;

export class Camera {
  readonly #page: Page;
  readonly #info: TestInfo;

  constructor(page: Page, info: TestInfo) {
    this.#page = page;
    this.#info = info;
  }

  /** Keeps a picture of each theme; answers with the rules of accessibility that are broken, and where. */
  async photograph(name: string): Promise<string[]> {
    const barriers: string[] = [];
    for (const theme of THEMES) {
      await this.#page.emulateMedia({ colorScheme: theme, reducedMotion: "reduce" });
      await this.#page.locator(`html[data-mantine-color-scheme="${theme}"]`).waitFor();
      await this.#page.screenshot({ path: await this.#fileFor(`${name}-${theme}`), animations: "disabled" });
      const { violations } = await this.#axe().analyze();
      barriers.push(
        ...violations.flatMap(({ id, nodes }) =>
          nodes.map(({ html, failureSummary }) => `${theme} ${id} ${html} ${failureSummary}`),
        ),
      );
    }
    return barriers;
  }

  /** To axe, every address of the page looks like a skip link, since all of them begin with `#`. */
  #axe(): AxeBuilder {
    return new AxeBuilder({ page: this.#page }).disableRules(["skip-link"]);
  }

  async #fileFor(name: string): Promise<string> {
    if (!KEPT_IN) return this.#info.outputPath(`${name}.png`);
    await mkdir(KEPT_IN, { recursive: true });
    return `${KEPT_IN}/${name}.png`;
  }
}
