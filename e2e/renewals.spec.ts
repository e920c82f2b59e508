import { expect, test } from "./latchkey.ts";
import { PlanPage } from "./pages/plan-page.ts";
import { addPerson } from "./pages/renewal-lab.ts";

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
  await dialog.getByRole("link", { name: "add one in Settings" }).click();
  await addPerson(page, "portal");

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
