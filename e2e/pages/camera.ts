import { mkdir } from "node:fs/promises";
import { AxeBuilder } from "@axe-core/playwright";
import type { Page, TestInfo } from "@playwright/test";

const THEMES = ["light", "dark"] as const;

/** Where the images of the README are kept, as PNG; they are replaced only when the variable is set. */
const KEPT_IN = process.env.LATCHKEY_SCREENSHOTS ? "docs/screenshots" : null;

export class Camera {
  readonly #findPage: () => Page;
  readonly #info: TestInfo;

  constructor(findPage: () => Page, info: TestInfo) {
    this.#findPage = findPage;
    this.#info = info;
  }

  /** Keeps an image of each theme; returns the rules of accessibility that are broken, and where. */
  async photograph(name: string): Promise<string[]> {
    const page = this.#findPage();
    const barriers: string[] = [];
    // A toast is not part of the screen.
    if (KEPT_IN) await page.locator('[class*="_toast_"]').waitFor({ state: "detached" });
    for (const theme of THEMES) {
      await page.emulateMedia({ colorScheme: theme, reducedMotion: "reduce" });
      await page.locator(`html[data-mantine-color-scheme="${theme}"]`).waitFor();
      await page.screenshot({ path: await this.#fileFor(`${name}-${theme}`), animations: "disabled" });
      const { violations } = await analyze(page, theme);
      barriers.push(
        ...violations.flatMap(({ id, nodes }) =>
          nodes.map(({ html, failureSummary }) => `${theme} ${id} ${html} ${failureSummary}`),
        ),
      );
    }
    return barriers;
  }

  /** The same of a page that is not ours, whose theme is the browser's. */
  async photographBare(name: string): Promise<string[]> {
    const page = this.#findPage();
    const barriers: string[] = [];
    for (const theme of THEMES) {
      await page.emulateMedia({ colorScheme: theme });
      await page.screenshot({ path: await this.#fileFor(`${name}-${theme}`) });
      const { violations } = await new AxeBuilder({ page }).analyze();
      barriers.push(...violations.map(({ id, help }) => `${theme} ${id} ${help}`));
    }
    return barriers;
  }

  async #fileFor(name: string): Promise<string> {
    if (!KEPT_IN) return this.#info.outputPath(`${name}.jpg`);
    await mkdir(KEPT_IN, { recursive: true });
    return `${KEPT_IN}/${name}.png`;
  }
}

/**
 * To axe, every address of the page is a skip link, since all of them begin with `#`. Our pages have no frames, so axe
 * runs in legacy mode: otherwise it collects its findings in a tab of its own, which takes as long again. Between the
 * themes only colours change, so the other rules run once. Only violations are described: to describe the rest took axe
 * longer than all its rules. Its source is not loaded again while the page has it.
 */
async function analyze(page: Page, theme: (typeof THEMES)[number]) {
  const hasAxe = await page.evaluate(() => "axe" in window);
  const axe = new AxeBuilder(hasAxe ? { page, axeSource: "void 0" } : { page });
  axe.options({ resultTypes: ["violations"] }).setLegacyMode();
  return (theme === "light" ? axe.disableRules(["skip-link"]) : axe.withRules(OF_COLOURS)).analyze();
}

/** Those of axe's default rules that are about colours. */
const OF_COLOURS = ["color-contrast", "link-in-text-block"];
