import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { expect, type Page } from "@playwright/test";
import { unzipSync } from "fflate";

/** Saves the evidence of the review that is open, signed where there is a key, and unpacks it; returns its folder. */
export async function saveEvidence(
  page: Page,
  { into, key }: { into: string; key?: string },
): Promise<string> {
  const dialog = page.getByRole("dialog", { name: /^Evidence of review/ });
  await dialog.getByLabel("Sign it with").fill(key ?? "");
  const saved = page.waitForEvent("download");
  await dialog.getByRole("button", { name: key === undefined ? "Save unsigned" : "Sign and save" }).click();
  const zip = await saved;
  await expect(dialog).toHaveCount(0);
  const chunks: Uint8Array[] = [];
  for await (const chunk of await zip.createReadStream()) chunks.push(chunk as Uint8Array);
  const files = Object.entries(unzipSync(Buffer.concat(chunks)));
  for (const [name, content] of files) {
    await mkdir(join(into, dirname(name)), { recursive: true });
    await writeFile(join(into, name), content);
  }
  return join(into, zip.suggestedFilename().replace(/\.zip$/, ""));
}
