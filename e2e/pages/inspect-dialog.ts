import type { Locator, Page } from "@playwright/test";

type TextFile = { name: string; text: string };

/** What files hold that were dropped or chosen. */
export class InspectDialog {
  readonly root: Locator;
  readonly #page: Page;

  constructor(page: Page) {
    this.#page = page;
    this.root = page.getByRole("dialog", { name: "Inspect" });
  }

  async open(): Promise<void> {
    await this.#page.getByRole("banner").getByRole("button", { name: "Inspect a file" }).click();
  }

  file(name: string): Locator {
    return this.root.getByRole("region", { name, exact: true });
  }

  async choose(files: readonly TextFile[]): Promise<void> {
    const chooser = this.#page.waitForEvent("filechooser");
    await this.root.getByRole("button", { name: "Choose files" }).click();
    await (await chooser).setFiles(
      files.map(({ name, text }) => ({ name, mimeType: "text/plain", buffer: Buffer.from(text) })),
    );
  }

  dragOver(files: readonly TextFile[]): Promise<void> {
    return this.#drag(["dragenter", "dragover"], files);
  }

  drop(files: readonly TextFile[]): Promise<void> {
    return this.#drag(["dragenter", "dragover", "drop"], files);
  }

  /** As a file manager does it: nothing but the page's own listeners see these events. */
  #drag(types: readonly string[], files: readonly TextFile[]): Promise<void> {
    return this.#page.evaluate(
      ([events, given]) => {
        const dataTransfer = new DataTransfer();
        for (const { name, text } of given) dataTransfer.items.add(new File([text], name));
        for (const type of events) {
          document.body.dispatchEvent(new DragEvent(type, { dataTransfer, bubbles: true, cancelable: true }));
        }
      },
      [types, files] as const,
    );
  }
}
