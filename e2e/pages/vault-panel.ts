import { expect, type Locator, type Page } from "@playwright/test";

/** A part of the screen of settings. */
export const panelOf = (page: Page, title: string): Locator =>
  page.locator("section").filter({ has: page.getByRole("heading", { name: title, exact: true }) });

export const PASSPHRASE = "correct horse";

/** On the screen of issuers. */
export async function makeVault(page: Page): Promise<void> {
  const vault = panelOf(page, "Vault");
  await fillVault(vault);
  await expect(vault.getByRole("button", { name: "Lock", exact: true })).toBeVisible();
}

/** Wherever its form is. */
export async function fillVault(form: Locator): Promise<void> {
  await form.getByLabel("Passphrase", { exact: true }).fill(PASSPHRASE);
  await form.getByLabel("Once more").first().fill(PASSPHRASE);
  await form.getByRole("button", { name: "Create the vault" }).click();
}
