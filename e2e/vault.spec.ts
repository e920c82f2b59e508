import { expect, test } from "./latchkey.ts";

test("a vault is made, locked by a key, opened again, and given another passphrase", async ({
  openSample,
  camera,
}) => {
  const frame = await openSample();
  await frame.goTo("Issuers and vault");
  const { page } = frame;
  const panel = page.locator("section").filter({ has: page.getByRole("heading", { name: "Vault" }) });
  await expect(panel).toContainText("there is none yet");
  const [first, again, recovery, recoveryAgain] = await panel.getByRole("textbox").all();
  await first?.fill("correct horse");
  await again?.fill("correct hose");
  await expect(panel.getByText("Not the same")).toBeVisible();
  await expect(panel.getByRole("button", { name: "Create the vault" })).toBeDisabled();
  await again?.fill("correct horse");
  await recovery?.fill("battery staple");
  await recoveryAgain?.fill("battery staple");
  await panel.getByRole("button", { name: "Create the vault" }).click();
  await expect(panel.getByRole("button", { name: "Lock", exact: true })).toBeVisible();
  await panel.scrollIntoViewIfNeeded();
  expect(await camera.photograph("vault-open")).toEqual([]);

  await frame.goTo("Today");
  await page.keyboard.press("Control+l");
  await expect(page.getByRole("button", { name: "Vault open" })).toHaveCount(0);
  await frame.goTo("Issuers and vault");
  await panel.getByLabel("Passphrase, or the one for recovery").fill("not this one");
  await panel.getByRole("button", { name: "Unlock" }).click();
  await expect(panel.getByRole("alert")).toHaveText("that does not open it");
  await panel.getByLabel("Passphrase, or the one for recovery").fill("battery staple");
  await panel.getByRole("button", { name: "Unlock" }).click();
  await expect(page.getByRole("button", { name: "Vault open" })).toBeVisible();

  await panel.getByRole("button", { name: "Change it" }).first().click();
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel("Passphrase now, or the one for recovery").fill("battery staple");
  await dialog.getByLabel("The new one").fill("another horse");
  await dialog.getByLabel("Once more").fill("another horse");
  expect(await camera.photograph("vault-change")).toEqual([]);
  await dialog.getByRole("button", { name: "Change it" }).click();
  await expect(dialog).toHaveCount(0);
  await panel.getByRole("button", { name: "Lock", exact: true }).click();
  await panel.getByLabel("Passphrase, or the one for recovery").fill("another horse");
  await panel.getByRole("button", { name: "Unlock" }).click();
  await expect(panel.getByRole("button", { name: "Lock", exact: true })).toBeVisible();
});
