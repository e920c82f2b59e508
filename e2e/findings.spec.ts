import { expect, test } from "./latchkey.ts";
import type { Camera } from "./pages/camera.ts";
import type { Frame } from "./pages/frame.ts";
import { ListScreen } from "./pages/list-screen.ts";

test("findings come with the most severe first, each with its evidence, its remedy and the way to its object", async ({
  openSample,
  camera,
}) => {
  const frame = await openSample();
  const list = await frame.goTo("Findings");
  await expect(list.rows.first()).toContainText(/Critical|High/);
  expect(await camera.photograph("findings")).toEqual([]);

  await list.filter("Rule", "Expired certificate");
  await expect(list.rows).toHaveCount(2);
  const drawer = await list.open("grafana");
  await expect(drawer).toContainText("Evidence");
  expect(await camera.photograph("finding")).toEqual([]);

  await accept(frame, list, camera);
  await list.open("grafana");
  await drawer.getByRole("link", { name: "Open the certificate" }).click();
  await expect(list.drawer.getByRole("heading", { name: "grafana.corp.example" })).toBeVisible();
  await lookFurther(frame, list, camera);
});

test("what an issuer issues against its profile is one finding, with each rule, its section and the certificates", async ({
  openSample,
  camera,
}) => {
  const frame = await openSample();
  const list = await frame.goTo("Findings");
  await list.filter("Rule", "Issued against its profile");
  expect(await camera.photograph("findings-profile")).toEqual([]);
  const drawer = await list.open("Internal");
  await expect(drawer).toContainText("Broken rules");
  await expect(drawer).toContainText("RFC 5280, 4.2.1.1; OpenSSL and Go accept it");
  await expect(drawer).toContainText("ProfileRFC 5280");
  expect(await camera.photograph("finding-profile")).toEqual([]);
  await drawer.getByRole("link", { name: "List its certificates" }).click();
  const certificates = new ListScreen(frame.page, "certificates");
  await certificates.open("ldap.corp.example");
  await list.drawer.getByRole("tab", { name: "Findings" }).click();
  await expect(list.drawer).toContainText("Issued against its profile");
  await expect(list.drawer).toContainText("evaluated against RFC 5280");
  expect(await camera.photograph("certificate-profile")).toEqual([]);
});

test("an address opens a finding whatever the list beside it shows", async ({ openSample }) => {
  const frame = await openSample();
  const list = await frame.goTo("Findings");
  await list.filter("Rule", "Expired certificate");
  await list.open("grafana");
  const { hash } = new URL(frame.page.url());
  await frame.goTo("Today");
  const open = new URLSearchParams(hash.split("?")[1]).get("open") ?? "";
  await frame.goToAddress(`/findings?${new URLSearchParams({ search: "nothing-is-so-named", open })}`);
  await expect(list.drawer).toContainText("Expired certificate");
  await expect(list.rows).toHaveCount(0);
});

test("before the first scan, the list does not say that nothing is wrong", async ({ openEmpty, camera }) => {
  const frame = await openEmpty();
  await frame.goTo("Findings");
  await expect(frame.page.getByRole("heading", { name: "Nothing was read yet" })).toBeVisible();
  expect(await camera.photograph("findings-empty")).toEqual([]);
});

/** Accepts the finding that is open, finds it among the accepted ones, and withdraws the acceptance. */
async function accept(frame: Frame, list: ListScreen, camera: Camera): Promise<void> {
  await expect(list.drawer).toContainText("RFC 5280, 4.1.2.5");
  await list.drawer.getByRole("button", { name: "Accept" }).click();
  const dialog = frame.page.getByRole("dialog", { name: "Accept this finding" });
  await dialog.getByLabel("Reason").fill("moves next week, ticket 812");
  expect(await camera.photograph("accept")).toEqual([]);
  await dialog.getByRole("button", { name: "Accept" }).click();
  await expect(list.rows).toHaveCount(1);
  await expect(list.drawer).toContainText("moves next week, ticket 812");
  await frame.press("Escape");
  await frame.page.getByRole("button", { name: /^Accepted/ }).click();
  await list.open("grafana");
  await expect(list.drawer).toContainText("Accepted until");
  await list.drawer.getByRole("button", { name: "Withdraw" }).click();
  await expect(list.rows).toHaveCount(0);
  await frame.press("Escape");
  await frame.page.getByRole("button", { name: /^Accepted/ }).click();
  await expect(list.rows).toHaveCount(2);
}

/** Opens, from the drawer of a certificate: its findings, its history, its owner, and the forecast. */
async function lookFurther(frame: Frame, list: ListScreen, camera: Camera): Promise<void> {
  await list.drawer.getByRole("tab", { name: "Findings" }).click();
  await expect(list.drawer).toContainText("replace it wherever it is still used");
  expect(await camera.photograph("certificate-findings")).toEqual([]);
  await list.drawer.getByRole("tab", { name: "History" }).click();
  await expect(list.drawer).toContainText("There now");
  expect(await camera.photograph("certificate-history")).toEqual([]);
  await list.drawer.getByRole("tab", { name: "Summary" }).click();
  await list.drawer.getByRole("button", { name: "Change" }).click();
  const labels = frame.page.getByRole("dialog", { name: "Labels" });
  await labels.getByLabel("Owner").fill("team dashboards");
  await labels.getByLabel("Tags").fill("production");
  await labels.getByLabel("Tags").press("Enter");
  await labels.getByRole("button", { name: "Save" }).click();
  await expect(list.drawer).toContainText("team dashboards");

  await frame.goTo("Timeline");
  await expect(frame.page.getByRole("img", { name: /certificates to expire in 52 weeks/ })).toBeVisible();
  expect(await camera.photograph("timeline")).toEqual([]);
  await frame.goTo("Forecast");
  await expect(frame.page.getByRole("table", { name: /to renew, week by week/ })).toBeVisible();
  await list.filter("By", "owner");
  expect(await camera.photograph("forecast")).toEqual([]);
}
