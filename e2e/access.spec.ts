import { expect, test } from "./latchkey.ts";

test("every grant stands beside its verdict, why, and what was not read", async ({
  openSample,
  sample,
  camera,
}) => {
  test.skip(!sample.hasHosts, "needs root, namespaces and sshd for real hosts");
  const frame = await openSample();
  const list = await frame.goTo("Grants");
  await expect(list.rows.filter({ hasText: "this scan logged in with it" }).first()).toContainText(
    "Can log in",
  );
  expect(await camera.photograph("access")).toEqual([]);

  await list.filter("Verdict", "Unknown");
  await expect(list.rows.first()).toContainText("Unknown");
  const drawer = await list.open("admin");
  await expect(drawer).toContainText("Does sshd accept it?");
  await expect(drawer).toContainText("not read:");
  await expect(drawer).toContainText("The line");
  expect(await camera.photograph("grant")).toEqual([]);
});

test("orphans are a list of their own, each with its reason and what was not looked at", async ({
  openSample,
  sample,
  camera,
}) => {
  test.skip(!sample.hasHosts, "needs root, namespaces and sshd for real hosts");
  const frame = await openSample();
  const list = await frame.goTo("Grants");
  const chip = frame.page.getByRole("main").getByRole("button", { name: "Orphaned 3" });
  await chip.click();
  await expect(chip).toHaveAttribute("aria-pressed", "true");
  await expect(list.rows).toHaveCount(3);
  await expect(list.row("tom@macbook")).toHaveCount(0);
  await expect(list.row("bob@bob-mbp")).toContainText("no login with it in");
  expect(await camera.photograph("orphans")).toEqual([]);

  const drawer = await list.open("carol@corp.example");
  await expect(drawer).toContainText("Former owner");
  await expect(drawer).toContainText("according to people.csv");
  await expect(drawer).toContainText("not scanned: laptops");
  await expect(drawer).toContainText("this is the key of somebody who has left (Carol Nolan)");
  expect(await camera.photograph("orphan")).toEqual([]);
});

test("a laptop that is not scanned is shown as such, and is no orphan", async ({ openSample, sample }) => {
  test.skip(!sample.hasHosts, "needs root, namespaces and sshd for real hosts");
  const frame = await openSample();
  const list = await frame.goTo("Grants");
  await frame.page
    .getByRole("main")
    .getByRole("button", { name: /^Private key not found/ })
    .click();
  await list.filter("Owner", "Current owner");
  await expect(await list.open("alice@thinkpad")).toContainText("its private key was not scanned");
});

test("a key that opens several accounts leads to all of them", async ({ openSample, sample }) => {
  test.skip(!sample.hasHosts, "needs root, namespaces and sshd for real hosts");
  const frame = await openSample();
  const list = await frame.goTo("Grants");
  const drawer = await list.open("alice@thinkpad");
  await drawer.getByRole("link", { name: "Show all as a list" }).click();
  await expect(frame.page).toHaveURL(/fingerprint=SHA256/);
  await list.filtered("Key");
  await expect(list.row("alice@thinkpad")).toHaveCount(await list.rows.count());
  expect(await list.rows.count()).toBeGreaterThan(2);
});

test("without any, the list says what a grant is and how to read them", async ({ openEmpty, camera }) => {
  const frame = await openEmpty();
  await frame.goTo("Grants");
  await expect(frame.page.getByText("one line of an authorized_keys file")).toBeVisible();
  expect(await camera.photograph("access-empty")).toEqual([]);
});
