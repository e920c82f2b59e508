import { readFileSync } from "node:fs";
import { expect, test } from "./latchkey.ts";
import { InspectDialog } from "./pages/inspect-dialog.ts";

const GRANT =
  'from="10.0.0.0/8" ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ7g1Nq4nXxqZ0dTjyIqo5n9tO2xk0V5uVqk3vUqk7cd build@ci\n';

test("a file that is dropped anywhere is shown for what it is, and none of it is remembered", async ({
  openSample,
  camera,
}) => {
  const frame = await openSample();
  const list = await frame.goTo("Certificates");
  await list.rows.first().click();
  await list.drawer.getByRole("tab", { name: "Raw" }).click();
  const pem = await list.drawer.locator("pre").first().textContent();
  await frame.press("Escape");

  const inspect = new InspectDialog(frame.page);
  await inspect.dragOver([{ name: "server.pem", text: `${pem}\n` }]);
  await expect(frame.page.getByText("Drop to inspect")).toBeVisible();
  expect(await camera.photograph("drop")).toEqual([]);
  await inspect.drop([
    { name: "server.pem", text: `${pem}\n` },
    { name: "authorized_keys", text: GRANT },
  ]);
  await expect(frame.page.getByText("Drop to inspect")).toHaveCount(0);
  await expect(inspect.file("server.pem")).toContainText("1 certificate");
  await expect(inspect.file("server.pem")).toContainText("grafana");
  await expect(inspect.file("authorized_keys")).toContainText("1 authorized key");
  await expect(inspect.file("authorized_keys")).toContainText('from="10.0.0.0/8"');
  expect(await camera.photograph("inspected")).toEqual([]);

  await frame.press("Escape");
  await expect(inspect.root).toHaveCount(0);
  await inspect.open();
  await expect(inspect.root).toContainText("Or drop files anywhere");
  for (const name of ["server.pem", "authorized_keys"]) await expect(inspect.file(name)).toHaveCount(0);
});

test("files are chosen too, and one that cannot be read says why beside those that can", async ({
  openEmpty,
  camera,
}) => {
  const frame = await openEmpty();
  const inspect = new InspectDialog(frame.page);
  await frame.press("ControlOrMeta+i");
  await inspect.choose([
    { name: "notes.txt", text: "nothing of the kind" },
    { name: "large.pem", text: "x".repeat(700 * 1024 + 1) },
    { name: "broken.pem", text: "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n" },
    { name: "\u202egnp.key", text: GRANT },
  ]);
  await expect(inspect.file("notes.txt")).toContainText("nothing that Latchkey can read");
  await expect(inspect.file("large.pem")).toContainText(
    "it is larger than 700 KiB; latchkey inspect reads it",
  );
  await expect(inspect.file("broken.pem")).toContainText("Could not be read");
  await expect(inspect.root).toContainText("U+202Egnp.key");
  expect(await camera.photograph("inspect-unreadable")).toEqual([]);
});

const keystore = (name: string) => ({
  name,
  bytes: readFileSync(`src/main/domain/keystores/testdata/${name}`),
});

test("a keystore shows how much of it is locked, and opens with its password alone", async ({
  openEmpty,
  camera,
}) => {
  const frame = await openEmpty();
  const inspect = new InspectDialog(frame.page);
  await inspect.drop([keystore("aes.p12"), keystore("java.jks"), keystore("changeit.p12")]);
  const locked = inspect.file("aes.p12");
  await expect(locked).toContainText("PKCS#12 locked");
  await expect(inspect.file("java.jks")).toContainText("zürich");
  await expect(inspect.file("changeit.p12")).toContainText("which everybody knows");
  expect(await camera.photograph("inspect-locked")).toEqual([]);

  await inspect.unlock("aes.p12", "not this one");
  await expect(locked).toContainText("Wrong passphrase");
  await expect(locked).not.toContainText("app.example");
  await inspect.unlock("aes.p12", "latchkey");
  await expect(locked).toContainText("CN=app.example");
  await expect(locked).toContainText("With 2 certificates");
  await expect(locked.getByLabel(/^Its password/)).toHaveCount(0);
  expect(await camera.photograph("inspect-unlocked")).toEqual([]);
});

test("text that is dragged over the page is not taken for a file", async ({ openEmpty }) => {
  const frame = await openEmpty();
  await frame.page.evaluate(() => {
    const dataTransfer = new DataTransfer();
    dataTransfer.setData("text/plain", "hello");
    window.dispatchEvent(new DragEvent("dragenter", { dataTransfer }));
  });
  await expect(frame.page.getByText("Drop to inspect")).toHaveCount(0);
});
