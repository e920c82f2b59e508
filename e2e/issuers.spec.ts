import { readFile } from "node:fs/promises";
import type { Download, Locator, Page } from "@playwright/test";
import { makeKey, makeRequest } from "#testing/tls/make-request.ts";
import { expect, test } from "./latchkey.ts";
import { makeVault, panelOf } from "./pages/vault-panel.ts";

async function fillLocal(dialog: Locator): Promise<void> {
  await dialog.getByLabel("Name").fill("corp");
  await dialog.getByLabel("What it may sign for").fill(".corp.example\n10.0.0.0/8");
}

const textOf = async (download: Download): Promise<string> => readFile(await download.path(), "utf8");

async function saved(page: Page, button: Locator): Promise<string> {
  const [download] = await Promise.all([page.waitForEvent("download"), button.click()]);
  return textOf(download);
}

test("an authority of one's own is made once there is a vault, is tried, and its root is trusted", async ({
  openSample,
  camera,
}) => {
  const frame = await openSample();
  await frame.goTo("Settings");
  const { page } = frame;
  const panel = panelOf(page, "Issuers");
  await expect(panel).toContainText("None yet");

  await panel.getByRole("button", { name: "Add an issuer" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel("Name").fill("corp");
  await dialog.getByLabel("What it may sign for").fill(".corp.example\n10.0.0.1/8");
  await dialog.getByRole("button", { name: "Add it" }).click();
  await expect(dialog.getByRole("alert")).toContainText("say 10.0.0.0/8");
  await dialog.getByLabel("What it may sign for").fill(".corp.example\n10.0.0.0/8");
  await dialog.getByRole("button", { name: "Add it" }).click();
  await expect(dialog.getByRole("alert")).toContainText("there is no vault yet");
  await page.keyboard.press("Escape");
  await expect(dialog).toHaveCount(0);

  await makeVault(page);
  await panel.getByRole("button", { name: "Add an issuer" }).click();
  await fillLocal(dialog);
  expect(await camera.photograph("issuers-add")).toEqual([]);
  await dialog.getByRole("button", { name: "Add it" }).click();
  const line = panel.getByRole("listitem").filter({ hasText: "corp.example, 10.0.0.0/8" });
  await expect(line).toContainText("0 certificates signed");
  await line.getByRole("button", { name: "Test corp" }).click();
  await expect(line.getByRole("status")).toContainText("it would sign");
  await expect(panelOf(page, "Roots and revocation lists")).toContainText("authority corp");
  await panel.scrollIntoViewIfNeeded();
  expect(await camera.photograph("issuers")).toEqual([]);
  expect(await saved(page, line.getByRole("button", { name: "Root of corp" }))).toMatch(/^-----BEGIN CERT/);
});

test("a request is signed, and what was signed is taken back, on the screen", async ({
  openSample,
  camera,
}) => {
  const frame = await openSample();
  await frame.goTo("Settings");
  const { page } = frame;
  await makeVault(page);
  const panel = panelOf(page, "Issuers");
  const dialog = page.getByRole("dialog");
  await panel.getByRole("button", { name: "Add an issuer" }).click();
  await fillLocal(dialog);
  await dialog.getByRole("button", { name: "Add it" }).click();
  const line = panel.getByRole("listitem").filter({ hasText: "corp.example, 10.0.0.0/8" });
  const csr = makeRequest({ key: makeKey(), names: ["web1.corp.example"] });
  const [chooser] = await Promise.all([
    page.waitForEvent("filechooser"),
    line.getByRole("button", { name: "Sign a request with corp" }).click(),
  ]);
  const [signed] = await Promise.all([
    page.waitForEvent("download"),
    chooser.setFiles({ name: "web1.csr", mimeType: "application/pkcs10", buffer: csr }),
  ]);
  expect((await textOf(signed)).match(/BEGIN CERTIFICATE/g)).toHaveLength(2);
  expect(signed.suggestedFilename()).toBe("web1.crt.pem");
  await line.getByRole("button", { name: "Certificates of corp" }).click();
  await dialog.getByRole("button", { name: "Revoke web1.corp.example" }).click();
  await dialog.getByLabel("Why").selectOption("key-compromise");
  expect(await camera.photograph("issuers-certificates")).toEqual([]);
  await dialog.getByRole("button", { name: "Revoke it" }).click();
  await expect(dialog.getByRole("listitem")).toContainText("key-compromise");
  await page.keyboard.press("Escape");
  await expect(line).toContainText("1 certificate signed, 1 revoked");
  const list = await saved(page, line.getByRole("button", { name: "Revocation lists of corp" }));
  expect(list.match(/BEGIN X509 CRL/g)).toHaveLength(2);

  await line.getByRole("button", { name: "Remove corp" }).click();
  await expect(dialog).toContainText("can be revoked no longer");
  await dialog.getByRole("button", { name: "Remove it" }).click();
  await expect(panel).toContainText("None yet");
});

test("a directory is taken up with its keys sealed in the page, and a person with a note", async ({
  openSample,
  camera,
}) => {
  const frame = await openSample();
  await frame.goTo("Settings");
  const { page } = frame;
  await makeVault(page);
  const panel = panelOf(page, "Issuers");
  const dialog = page.getByRole("dialog");
  await panel.getByRole("button", { name: "Add an issuer" }).click();
  await dialog.getByText("ACME directory", { exact: true }).click();
  await dialog.getByLabel("Name", { exact: true }).fill("inside");
  await dialog.getByLabel("Address of the directory").fill("https://acme.corp.invalid/directory");
  await dialog.getByLabel("Key ID of an external account binding").fill("kid-1");
  await dialog.getByLabel("Key of the external account binding").fill("Y2FuYXJ5LWVhYi1rZXk");
  await dialog.getByLabel("How control of the names is verified").selectOption("rfc2136");
  await dialog.getByLabel("Server that takes updates").fill("127.0.0.1:5353");
  await dialog.getByLabel("Zone", { exact: true }).fill("corp.example");
  await dialog.getByLabel("Name of the key").fill("latchkey.");
  await expect(dialog.getByRole("button", { name: "Add it" })).toBeDisabled();
  await dialog.getByLabel("Key", { exact: true }).fill("Y2FuYXJ5LXRzaWcta2V5");
  await dialog.getByText("I agree to the directory's terms of service").click();
  expect(await camera.photograph("issuers-acme")).toEqual([]);
  await dialog.getByRole("button", { name: "Add it" }).click();
  const line = panel.getByRole("listitem").filter({ hasText: "https://acme.corp.invalid/directory" });
  await expect(line).toContainText("no account yet; DNS, by updates of corp.example at 127.0.0.1:5353");
  await line.getByRole("button", { name: "Change inside" }).click();
  await dialog.getByLabel("Profile", { exact: true }).fill("shortlived");
  await dialog.getByLabel("How control of the names is verified").selectOption("webroot");
  await expect(dialog.getByRole("button", { name: "Change it" })).toBeDisabled();
  await dialog.getByLabel("Folder on the host").fill("/var/www/html");
  expect(await camera.photograph("issuers-change")).toEqual([]);
  await dialog.getByRole("button", { name: "Change it" }).click();
  await expect(line).toContainText("no account yet; profile shortlived; a file below /var/www/html");
  await line.getByRole("button", { name: "Test inside" }).click();
  await expect(line.getByRole("status")).toContainText("it would not sign");

  await panel.getByRole("button", { name: "Add an issuer" }).click();
  await dialog.getByText("A person", { exact: true }).click();
  await dialog.getByLabel("Name").fill("pki");
  await dialog.getByLabel("To whom requests go, and how").fill("mail pki@corp.example");
  await dialog.getByRole("button", { name: "Add it" }).click();
  const person = panel.getByRole("listitem").filter({ hasText: "pki@corp.example" });
  await person.getByRole("button", { name: "Test pki" }).click();
  await expect(person.getByRole("status")).toContainText("a person signs: mail pki@corp.example");
});
