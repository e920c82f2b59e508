import { startSshServer } from "#testing/ssh/ssh-server.ts";
import { expect, test } from "./latchkey.ts";
import { goByKeys } from "./pages/by-keys.ts";

test("a new key is found in the list, trusted there, matched from then on, and forgotten again", async ({
  openEmpty,
  camera,
}) => {
  await using host = await startSshServer({ run: null });
  const frame = await openEmpty();
  const { page } = frame;
  const scan = await frame.openScanDialog();
  await scan.scan([`root@${host.host}:${host.port}`]);
  await scan.skipHostKey();
  await expect(scan.visits).toContainText("host key not accepted");
  await frame.press("Escape");

  const list = await frame.goTo("Host keys");
  const name = `[${host.host}]:${host.port}`;
  await expect(list.row(name)).toContainText("New");
  const drawer = await list.open(name);
  await expect(drawer).toContainText("nothing is known of it");
  expect(await camera.photograph("host-key-new")).toEqual([]);
  await drawer.getByRole("button", { name: "They are the same: trust this key" }).click();
  await expect(list.row(name)).toContainText("Matched");
  await expect(drawer).toContainText("presented, and pinned");
  expect(await camera.photograph("host-key-matched")).toEqual([]);

  await drawer.getByRole("button", { name: "Compare with DNS" }).click();
  await expect(drawer.getByRole("status")).toContainText("it is no full name that DNS knows");
  expect(await camera.photograph("host-key-dns")).toEqual([]);
  await drawer.getByRole("button", { name: "Forget this pin" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Forget the pin" }).click();
  await expect(list.row(name)).toContainText("New");
});

test("the keys of all hosts are filtered by state, and reached by the keyboard", async ({
  openSample,
  sample,
  camera,
}) => {
  test.skip(!sample.hasHosts, "needs root, namespaces and sshd for real hosts");
  const frame = await openSample();
  await frame.press("g");
  await frame.press("n");
  await expect(frame.title).toHaveText("Host keys");
  const list = await frame.goTo("Host keys");
  await list.rows.first().waitFor();
  await goByKeys(frame, list);
  expect(await camera.photograph("host-keys")).toEqual([]);
  await list.filter("State", "Matched");
  await expect(list.rows.first()).toContainText("Matched");
  await list.rows.first().click();
  await list.drawer.getByRole("link").first().click();
  await expect(frame.title).toHaveText("Hosts");
});

test("without any, the list says where host keys come from", async ({ openEmpty, camera }) => {
  const frame = await openEmpty();
  await frame.goTo("Host keys");
  await expect(frame.page.getByText("No host key is known yet")).toBeVisible();
  expect(await camera.photograph("host-keys-empty")).toEqual([]);
});
