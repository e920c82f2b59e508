import type { Locator, Page } from "@playwright/test";

/** Text as it is, or bytes. */
type GivenFile = { name: string; text: string } | { name: string; bytes: Buffer };

const toBuffer = (file: GivenFile): Buffer => ("bytes" in file ? file.bytes : Buffer.from(file.text));

/** The content of files that were dropped or chosen. */
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

  /** Types the password of a file that is locked, and waits for nothing. */
  async unlock(name: string, password: string): Promise<void> {
    await this.file(name)
      .getByLabel(/^Its password/)
      .fill(password);
    await this.file(name)
      .getByRole("button", { name: /^(Open|Check)$/ })
      .click();
  }

  async choose(files: readonly GivenFile[]): Promise<void> {
    const chooser = this.#page.waitForEvent("filechooser");
    await this.root.getByRole("button", { name: "Choose files" }).click();
    await (await chooser).setFiles(
      files.map((file) => ({ name: file.name, mimeType: "text/plain", buffer: toBuffer(file) })),
    );
  }

  /** Drops a bundle, imports it as this host, and closes the dialog. */
  async importAs(host: string, bundle: GivenFile): Promise<void> {
    await this.drop([bundle]);
    const file = this.file(bundle.name);
    await file.getByLabel("Call the host").fill(host);
    await file.getByRole("button", { name: "Use this name" }).click();
    await file.getByRole("button", { name: "Import", exact: true }).click();
    await file.filter({ hasText: "Imported" }).waitFor();
    await this.#page.keyboard.press("Escape");
  }

  dragOver(files: readonly GivenFile[]): Promise<void> {
    return this.#drag(["dragenter", "dragover"], files);
  }

  drop(files: readonly GivenFile[]): Promise<void> {
    return this.#drag(["dragenter", "dragover", "drop"], files);
  }

  /** Drags as a file manager does: only the page's own listeners get these events. */
  #drag(types: readonly string[], files: readonly GivenFile[]): Promise<void> {
    return this.#page.evaluate(
      ([events, given]) => {
        const dataTransfer = new DataTransfer();
        for (const { name, base64 } of given) {
          const bytes = Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
          dataTransfer.items.add(new File([bytes], name));
        }
        for (const type of events) {
          document.body.dispatchEvent(new DragEvent(type, { dataTransfer, bubbles: true, cancelable: true }));
        }
      },
      [types, files.map((file) => ({ name: file.name, base64: toBuffer(file).toString("base64") }))] as const,
    );
  }
}
