import { expect, test } from "./latchkey.ts";
import { PlanPage } from "./pages/plan-page.ts";

test("a certificate is renewed once there is an issuer; what cannot be renewed is listed in the plan, with why", async ({
  openSample,
  camera,
}) => {
  const frame = await openSample();
  const { page } = frame;
  const list = await frame.goTo("Certificates");
  const drawer = await list.open("grafana.corp.example");
  await drawer.getByRole("button", { name: "Renew" }).click();
  const dialog = page.getByRole("dialog");
  await expect(dialog).toContainText("No issuer is set up yet");
  await expect(dialog.getByRole("button", { name: "Preview the plan" })).toBeDisabled();
  expect(await camera.photograph("renewals-no-issuer")).toEqual([]);
  await dialog.getByRole("button", { name: "Set up an issuer" }).click();
  await expect(dialog.getByLabel("Who signs")).toBeFocused();
  await frame.press("Escape");
  await expect(dialog).toContainText("No issuer is set up yet");
  await dialog.getByRole("button", { name: "Set up an issuer" }).click();
  await dialog.getByLabel("Who signs").selectOption("csr");
  await dialog.getByLabel("Name").fill("portal");
  expect(await camera.photograph("renewals-set-up")).toEqual([]);
  await dialog.getByRole("button", { name: "Add it" }).click();
  await expect(dialog.getByLabel("Issuer", { exact: true })).toHaveValue("portal");
  await expect(dialog.getByRole("button", { name: "Preview the plan" })).toBeEnabled();
  expect(await camera.photograph("renewals-chosen")).toEqual([]);
  await dialog.getByRole("button", { name: "Close" }).click();
  await expect(dialog).toHaveCount(0);

  await frame.goTo("Certificates");
  await page.getByRole("button", { name: "Renew what is due" }).click();
  await expect(dialog.getByLabel("Issuer")).toHaveValue("*");
  expect(await camera.photograph("renewals-due")).toEqual([]);
  await frame.press("Escape");
  await expect(dialog).toHaveCount(0);
  await list.open("grafana.corp.example");
  await frame.press("r");
  await expect(dialog.getByLabel("Issuer")).toHaveValue("portal");
  await dialog.getByRole("button", { name: "Close" }).focus();
  await frame.press("ControlOrMeta+Shift+P");
  const plan = new PlanPage(page);
  await expect(plan.main).toContainText("Left out, and not changed by this plan");
  await expect(plan.main).toContainText("is in no file of a host that was read");
  await expect(plan.summary).toHaveText("Plan: no certificate to renew");
  await expect(plan.apply).toBeDisabled();
  expect(await camera.photograph("renewals-left-out")).toEqual([]);
});
