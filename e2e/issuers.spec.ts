import { execFile } from "node:child_process";
import { hash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import type { Download, Locator, Page } from "@playwright/test";
import { makeCertificate } from "#testing/make-certificate.ts";
import { makeTemporaryFolder } from "#testing/temporary-folder.ts";
import { makeKey, makeRequest } from "#testing/tls/make-request.ts";
import { expect, test } from "./latchkey.ts";
import { fillVault, makeVault, panelOf } from "./pages/vault-panel.ts";

async function fillLocal(dialog: Locator): Promise<void> {
  await dialog.getByLabel("Who signs").selectOption("local");
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
  await frame.goTo("Issuers and vault");
  const { page } = frame;
  const panel = panelOf(page, "Issuers");
  await expect(panel).toContainText("None yet");

  await panel.getByRole("button", { name: "Add an issuer" }).click();
  const dialog = page.getByRole("dialog");
  await expect(dialog.getByLabel("Who signs")).toBeFocused();
  await expect(dialog).toContainText("Its key needs a vault, which is not made yet");
  expect(await camera.photograph("issuers-vault")).toEqual([]);
  await fillVault(dialog);
  await dialog.getByLabel("Address of the directory").waitFor();
  await dialog.getByLabel("Who signs").selectOption("local");
  await dialog.getByLabel("Name").fill("corp");
  await dialog.getByLabel("What it may sign for").fill(".corp.example\n10.0.0.1/8");
  await dialog.getByRole("button", { name: "Add it" }).click();
  await expect(dialog.getByRole("alert")).toContainText("say 10.0.0.0/8");
  await dialog.getByLabel("What it may sign for").fill(".corp.example\n10.0.0.0/8");
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
  await frame.goTo("Issuers and vault");
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
  await frame.goTo("Issuers and vault");
  const { page } = frame;
  await makeVault(page);
  const panel = panelOf(page, "Issuers");
  const dialog = page.getByRole("dialog");
  await panel.getByRole("button", { name: "Add an issuer" }).click();
  await dialog.getByLabel("Who signs").selectOption("acme");
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
  await dialog.getByLabel("Who signs").selectOption("csr");
  await dialog.getByLabel("Name").fill("pki");
  await dialog.getByLabel("To whom requests go, and how").fill("mail pki@corp.example");
  await dialog.getByRole("button", { name: "Add it" }).click();
  const person = panel.getByRole("listitem").filter({ hasText: "pki@corp.example" });
  await person.getByRole("button", { name: "Test pki" }).click();
  await expect(person.getByRole("status")).toContainText("a person signs: mail pki@corp.example");
});

test("Let's Encrypt and step-ca are presets: one needs a name and an agreement, the other its address and its very root", async ({
  openSample,
  camera,
}) => {
  const frame = await openSample();
  await frame.goTo("Issuers and vault");
  const { page } = frame;
  await makeVault(page);
  const panel = panelOf(page, "Issuers");
  const dialog = page.getByRole("dialog");
  const add = dialog.getByRole("button", { name: "Add it" });
  await panel.getByRole("button", { name: "Add an issuer" }).click();
  await expect(dialog.getByLabel("Address of the directory")).toHaveValue(
    "https://acme-v02.api.letsencrypt.org/directory",
  );
  await expect(add).toBeDisabled();
  await dialog.getByText("I agree to the directory's terms of service").click();
  expect(await camera.photograph("issuers-lets-encrypt")).toEqual([]);
  await add.click();
  await expect(panel.getByRole("listitem")).toContainText("letsencrypt");
  await expect(panel.getByRole("listitem")).toContainText("no account yet");

  await panel.getByRole("button", { name: "Add an issuer" }).click();
  await dialog.getByLabel("Who signs").selectOption("staging");
  await expect(dialog.getByLabel("Address of the directory")).toHaveValue(
    "https://acme-staging-v02.api.letsencrypt.org/directory",
  );
  await dialog.getByLabel("Who signs").selectOption("step-ca");
  await dialog.getByLabel("Address of the directory").fill("https://ca.corp.invalid/acme/acme/directory");
  await expect(add).toBeDisabled();
  const [root, other] = await Promise.all([
    makeCertificate({ names: ["step root"] }),
    makeCertificate({ names: ["another root"] }),
  ]);
  const [chooser] = await Promise.all([
    page.waitForEvent("filechooser"),
    dialog.getByLabel("Roots that the directory is known by").click(),
  ]);
  await chooser.setFiles({
    name: "root_ca.crt",
    mimeType: "application/x-pem-file",
    buffer: Buffer.from(root.pem),
  });
  await dialog.getByLabel("Fingerprint of that root").fill(fingerprintOf(other));
  await add.click();
  await expect(dialog.getByRole("alert")).toContainText("which is not the one that was typed");
  expect(await camera.photograph("issuers-step-ca")).toEqual([]);
  await dialog.getByLabel("Fingerprint of that root").fill(fingerprintOf(root));
  await add.click();
  await expect(panel.getByRole("listitem").filter({ hasText: "step-ca" })).toContainText(
    "https://ca.corp.invalid/acme/acme/directory",
  );
});

test("a CA that one has is imported by its certificate and its key, which is sealed in the page, and is shown by its name", async ({
  openSample,
  camera,
}) => {
  await using folder = await makeTemporaryFolder();
  const openssl = (...args: readonly string[]) =>
    promisify(execFile)(
      "openssl",
      ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "900", ...args],
      {
        cwd: folder.path,
      },
    );
  await openssl("-subj", "/CN=Corp Root", "-keyout", "root.key", "-out", "root.pem");
  const by = ["-CA", "root.pem", "-CAkey", "root.key", "-addext", "basicConstraints=critical,CA:TRUE"];
  await openssl("-subj", "/CN=Corp Issuing", "-keyout", "ca.key", "-out", "ca.pem", ...by);
  const read = (name: string) => readFile(join(folder.path, name));
  const frame = await openSample();
  await frame.goTo("Issuers and vault");
  const { page } = frame;
  await makeVault(page);
  const panel = panelOf(page, "Issuers");
  const dialog = page.getByRole("dialog");
  await panel.getByRole("button", { name: "Add an issuer" }).click();
  await dialog.getByLabel("Who signs").selectOption("ca");
  await dialog.getByLabel("Name").fill("corp");
  await dialog.getByLabel("What it may sign for").fill(".corp.example");
  const choose = async (label: string, name: string, buffer: Buffer) => {
    const [chooser] = await Promise.all([
      page.waitForEvent("filechooser"),
      dialog.getByRole("button", { name: label }).click(),
    ]);
    await chooser.setFiles({ name, mimeType: "application/x-pem-file", buffer });
  };
  const add = dialog.getByRole("button", { name: "Add it" });
  await choose("Certificate", "ca.pem", Buffer.concat([await read("ca.pem"), await read("root.pem")]));
  await expect(add).toBeDisabled();
  await choose("Private key", "wrong.key", await read("root.pem"));
  await add.click();
  await expect(dialog.getByRole("alert")).toContainText("holds no private key that can be used");
  expect(await camera.photograph("issuers-ca")).toEqual([]);
  await dialog.getByRole("button", { name: "Take the file out" }).last().click();
  await choose("Private key", "ca.key", await read("ca.key"));
  await add.click();
  const line = panel.getByRole("listitem").filter({ hasText: "CN=Corp Issuing" });
  await expect(line).toContainText("Signs as CN=Corp Issuing for corp.example");
  await line.getByRole("button", { name: "Test corp" }).click();
  await expect(line.getByRole("status")).toContainText("it would sign");
  await expect(panelOf(page, "Roots and revocation lists")).toContainText("Corp Root");
});

/** As `step certificate fingerprint` prints it. */
const fingerprintOf = ({ der }: { der: Uint8Array }): string => hash("sha256", der, "hex");
