import type { Locator } from "@playwright/test";
import { expect, test } from "./latchkey.ts";
import { Frame } from "./pages/frame.ts";
import { PlanPage } from "./pages/plan-page.ts";
import {
  addAuthority,
  addPerson,
  readServed,
  renewOpened,
  signWith,
  startRenewalLab,
} from "./pages/renewal-lab.ts";
import { makeVault } from "./pages/vault-panel.ts";

test("a plan shows old and new issuer by name, and a run whose issuer answers with another root installs nothing before somebody has accepted which clients will fail", async ({
  stage,
  sample,
  camera,
}) => {
  test.skip(!sample.hasHosts, "needs root, namespaces and sshd for real hosts");
  test.setTimeout(300_000);
  await using lab = await startRenewalLab();
  const { page, shell } = await stage.open(lab.database, lab.home);
  const frame = new Frame(page, shell);
  await frame.rail.waitFor();
  await frame.goTo("Issuers and vault");
  await makeVault(page);
  await addAuthority(page, "elsewhere");
  await addAuthority(page, "third");
  await addPerson(page, "portal");

  await (await frame.goTo("Certificates")).open("nginx.lab");
  const plan = await renewOpened(page, "portal");
  await expect(plan.main).toContainText("unknown until it is issued");
  await expect(plan.main).toContainText("the old one is signed by itself");
  await importFrom(frame, plan, "elsewhere");
  const run = page.getByRole("complementary", { name: "run" });
  await run.getByRole("button", { name: "Check now" }).click();
  await run.getByText("Committed", { exact: true }).waitFor();
  const served = await readServed(lab.host);

  await run.getByRole("link", { name: "Show it" }).click();
  const next = await renewOpened(page, "portal");
  await expect(next.main).toContainText(/Old issuerCN=elsewhere intermediate/);
  await expect(next.main).toContainText(/New issuerportal.*CN=elsewhere intermediate/);
  await next.main.getByText("Old issuer", { exact: true }).scrollIntoViewIfNeeded();
  expect(await camera.photograph("renewal-trust-same")).toEqual([]);
  await importFrom(frame, next, "third");
  await run.getByText("Paused", { exact: true }).waitFor();
  await expect(run).toContainText("needs approval, and nothing is installed before");
  await expect(run).toContainText(/the root changes from elsewhere root \w+ to third root/);
  expect(await camera.photograph("renewal-trust-paused")).toEqual([]);
  expect(await readServed(lab.host)).toBe(served);
  await run.getByLabel("I accept this risk: install it all the same").check();
  await run.getByRole("button", { name: "Go on" }).click();
  await expect(run).toContainText("Installed");
  await run.getByRole("button", { name: "Check now" }).click();
  await run.getByText("Committed", { exact: true }).waitFor();
  expect(await readServed(lab.host)).not.toBe(served);

  await run.getByRole("link", { name: "Show it" }).click();
  const last = await renewOpened(page, "elsewhere");
  await expect(last.main).toContainText("Acknowledgement needed");
  await expect(last.main).toContainText(/the root changes from third root \w+ to elsewhere root/);
  expect(await camera.photograph("renewal-trust-plan")).toEqual([]);
});

test("what expires is seen on Today, and is renewed by four clicks from there where an issuer is set up", async ({
  stage,
  sample,
  camera,
}) => {
  test.skip(!sample.hasHosts, "needs root, namespaces and sshd for real hosts");
  test.setTimeout(300_000);
  await using lab = await startRenewalLab();
  await lab.host.run(
    `cd /etc/tls; openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout nginx.key -out nginx.pem -not_before ${inDays(-80)} -not_after ${inDays(5)} -subj /CN=nginx.lab -addext subjectAltName=DNS:nginx.lab 2>/dev/null; nginx -s reload`,
  );
  await lab.scanAgain();
  const { page, shell } = await stage.open(lab.database, lab.home);
  const frame = new Frame(page, shell);
  await frame.rail.waitFor();
  await frame.goTo("Issuers and vault");
  await makeVault(page);
  await addAuthority(page, "corp");
  await frame.goTo("Today");

  let clicks = 0;
  const click = async (locator: Locator) => {
    clicks++;
    await locator.click();
  };
  const line = page.getByRole("listitem").filter({ hasText: "nginx.lab" }).filter({ hasText: "expires" });
  await click(line.getByRole("button", { name: "Renew" }).first());
  const dialog = page.getByRole("dialog");
  await expect(dialog.getByLabel("Issuer", { exact: true })).toHaveValue("corp");
  await expect(dialog).toContainText("CN=nginx.lab");
  expect(await camera.photograph("renewal-from-today")).toEqual([]);
  await click(dialog.getByRole("button", { name: "Preview the plan" }));
  const plan = new PlanPage(page);
  await click(plan.main.getByLabel("I accept this risk"));
  await click(plan.apply);
  await expect(page.getByRole("complementary", { name: "run" })).toContainText("Installed");
  expect(clicks).toBe(4);
});

/** As OpenSSL takes it. */
const inDays = (days: number): string =>
  `${new Date(Date.now() + days * 86_400_000).toISOString().replaceAll(/\D/g, "").slice(0, 14)}Z`;

/** Applies the plan, has its request signed by an authority that plays the issuer's, and goes on. */
async function importFrom(frame: Frame, plan: PlanPage, authority: string): Promise<void> {
  const { page } = frame;
  await plan.approve();
  const run = await plan.run();
  await run.getByText("Waiting", { exact: true }).waitFor();
  await run.getByRole("button", { name: "Copy the request" }).click();
  const pem = await signWith(page, await backToSettings(frame), authority);
  await frame.goTo("Runs");
  await page
    .getByRole("row", { name: /nginx.lab/ })
    .first()
    .click();
  await run.getByLabel("The certificate that was signed").fill(pem);
  await run.getByRole("button", { name: "Check and import" }).click();
  await expect(run.getByRole("status").filter({ hasText: "Imported for" })).toBeVisible();
  await run.getByRole("button", { name: "Go on" }).click();
}

/** The request that was copied. */
async function backToSettings(frame: Frame): Promise<string> {
  const csr = await frame.shell.readClipboard();
  await frame.goTo("Issuers and vault");
  return csr;
}
