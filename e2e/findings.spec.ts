import { expect, test } from "./latchkey.ts";

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

  await drawer.getByRole("link", { name: "Open the certificate" }).click();
  await expect(list.drawer.getByRole("heading", { name: "grafana.corp.example" })).toBeVisible();
});

test("an address opens a finding whatever the list beside it shows", async ({ openSample }) => {
  const frame = await openSample();
  const list = await frame.goTo("Findings");
  await list.filter("Rule", "Expired certificate");
  await list.open("grafana");
  const { hash } = new URL(frame.page.url());
  await frame.goTo("Overview");
  const open = new URLSearchParams(hash.split("?")[1]).get("open") ?? "";
  await frame.goToAddress(`/findings?${new URLSearchParams({ search: "nothing-is-so-named", open })}`);
  await expect(list.drawer).toContainText("Expired certificate");
  await expect(list.rows).toHaveCount(0);
});

test("without any, the list says how many rules look", async ({ openEmpty, camera }) => {
  const frame = await openEmpty();
  await frame.goTo("Findings");
  await expect(frame.page.getByRole("heading", { name: "Nothing found" })).toBeVisible();
  expect(await camera.photograph("findings-empty")).toEqual([]);
});
