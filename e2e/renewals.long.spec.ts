import { X509Certificate } from "node:crypto";
import { expect, test } from "./latchkey.ts";
import { Frame } from "./pages/frame.ts";
import type { PlanPage } from "./pages/plan-page.ts";
import {
  addAuthority,
  addPerson,
  type RenewalLab,
  readServed,
  renewOpened,
  saved,
  signWith,
  startRenewalLab,
} from "./pages/renewal-lab.ts";
import { makeVault, panelOf } from "./pages/vault-panel.ts";
import type { Stage } from "./stages/stage.ts";

async function open(stage: Stage, { database, home }: RenewalLab): Promise<Frame> {
  const { page, shell } = await stage.open(database, home);
  const frame = new Frame(page, shell);
  await frame.rail.waitFor();
  return frame;
}

async function renew(frame: Frame): Promise<PlanPage> {
  await (await frame.goTo("Certificates")).open("nginx.lab");
  return renewOpened(frame.page);
}

const NEEDS_HOSTS = "needs root, namespaces and sshd for real hosts";

test("a certificate is renewed by one click: its plan is shown whole, what is served is verified, and is looked at again", async ({
  stage,
  sample,
  camera,
}) => {
  test.skip(!sample.hasHosts, NEEDS_HOSTS);
  await using lab = await startRenewalLab();
  const before = await readServed(lab.host);
  const frame = await open(stage, lab);
  const { page } = frame;
  await frame.goTo("Issuers and vault");
  await makeVault(page);
  await addAuthority(page, "corp");
  const list = await frame.goTo("Certificates");
  await list.open("nginx.lab");
  expect(await camera.photograph("renewal-drawer")).toEqual([]);
  await frame.press("r");
  await expect(page.getByRole("dialog").getByLabel("Issuer")).toHaveValue("corp");
  expect(await camera.photograph("renewal-wish")).toEqual([]);
  await frame.press("Escape");

  const plan = await renew(frame);
  await expect(plan.summary).toHaveText("Plan: 1 certificate to renew on 1 host");
  await expect(plan.main).toContainText("/etc/tls/nginx.key");
  await expect(plan.main).toContainText(`${lab.host.address}:443/nginx.lab`);
  expect(await camera.photograph("renewal-plan")).toEqual([]);
  await plan.main.getByText("Verified at", { exact: true }).scrollIntoViewIfNeeded();
  expect(await camera.photograph("renewal-plan-host")).toEqual([]);
  await plan.approve();
  const run = await plan.run();
  await run.getByText("Waiting", { exact: true }).waitFor();
  await expect(run).toContainText("Installed");
  expect(await camera.photograph("renewal-run")).toEqual([]);
  const served = await readServed(lab.host);
  expect(served).not.toBe(before);
  await run.getByRole("button", { name: "Check now" }).click();
  await run.getByText("Committed", { exact: true }).waitFor();
  expect(await camera.photograph("renewal-run-over")).toEqual([]);
  await run.getByRole("link", { name: "Show it" }).click();
  await expect(list.drawer).toContainText(served);
});

test("a request is copied, what was signed elsewhere is checked and taken, and the run goes on; it is rolled back while that can be", async ({
  stage,
  sample,
  camera,
}) => {
  test.skip(!sample.hasHosts, NEEDS_HOSTS);
  await using lab = await startRenewalLab();
  const before = await readServed(lab.host);
  const frame = await open(stage, lab);
  const { page } = frame;
  await frame.goTo("Issuers and vault");
  await makeVault(page);
  await addPerson(page, "portal");
  const plan = await renew(frame);
  await plan.approve();
  const run = await plan.run();
  await run.getByText("Waiting", { exact: true }).waitFor();
  await run.getByRole("button", { name: "Copy the request" }).click();
  const { pem, root } = await signElsewhere(frame, await frame.shell.readClipboard());

  await frame.goTo("Runs");
  await page.getByRole("row", { name: /nginx.lab/ }).click();
  const field = run.getByLabel("The certificate that was signed");
  await field.fill(root);
  await run.getByRole("button", { name: "Check and import" }).click();
  await expect(run.getByRole("alert")).toContainText("another key than the request");
  expect(await camera.photograph("renewal-bring")).toEqual([]);
  await field.fill(pem);
  await run.getByRole("button", { name: "Check and import" }).click();
  await expect(run.getByRole("status").filter({ hasText: "Imported for" })).toBeVisible();
  await run.getByRole("button", { name: "Go on" }).click();
  await expect(run).toContainText("Installed");
  await run.getByRole("button", { name: "Check now" }).waitFor();
  const { fingerprint256 } = new X509Certificate(pem);
  expect(await readServed(lab.host)).toBe(fingerprint256.replaceAll(":", "").toLowerCase());

  await run.getByRole("button", { name: "Roll back" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Roll back" }).click();
  await run.locator("header").getByText("Rolled back", { exact: true }).waitFor();
  expect(await readServed(lab.host)).toBe(before);
});

/** Signs by an authority that plays somebody else's. */
async function signElsewhere(frame: Frame, csr: string): Promise<{ pem: string; root: string }> {
  const { page } = frame;
  await frame.goTo("Issuers and vault");
  await addAuthority(page, "elsewhere");
  const pem = await signWith(page, csr, "elsewhere");
  const panel = panelOf(page, "Issuers");
  const root = await saved(page, () => panel.getByRole("button", { name: "Root of elsewhere" }).click());
  return { pem, root };
}
