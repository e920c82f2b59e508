import { formatHostAddress } from "#shared/text/hosts/target.ts";
import { makeCertificate } from "#testing/make-certificate.ts";
import { findClosedEndpoint, startSilentServer, startTlsServer } from "#testing/servers.ts";
import { startScriptedServer } from "#testing/tls/starttls-scripts.ts";
import { expect, test } from "./latchkey.ts";

test("a text of targets is previewed before anything is probed, and refused where it cannot be read", async ({
  openSample,
  camera,
}) => {
  const frame = await openSample();
  const dialog = await frame.openScanDialog();
  await expect(dialog.start).toHaveText(/^Scan \d+ targets$/);
  const options = dialog.root.getByText("Options for TLS");
  const place = await options.boundingBox();
  await dialog.write(["deploy@web[01-03].corp", "10.0.0.0/30:443"]);
  await expect(dialog.root).toContainText("3 over SSH");
  await expect(dialog.root).toContainText("Logs in over SSH as deploy");
  expect(await options.boundingBox(), "what comes moves nothing from under the pointer").toEqual(place);
  await options.click();
  await dialog.root.getByLabel("What endpoints speak before TLS").selectOption("SMTP");
  await dialog.write(["mail.example", "imap://mail.example"]);
  await expect(dialog.root).toContainText("TLS by SMTPmail.example:25");
  await expect(dialog.root).toContainText("TLS by IMAPmail.example:143");
  await dialog.root.getByText("Options for SSH").click();
  expect(await camera.photograph("scan-dialog")).toEqual([]);

  await dialog.write(["http://shop.example"]);
  await expect(dialog.root.getByText(/"http:\/\/shop\.example"/)).toBeVisible();
  await expect(dialog.start).toBeDisabled();
  expect(await camera.photograph("scan-refused")).toEqual([]);
});

test("rows arrive while a scan runs; cancelled, it keeps what it has read", async ({ openEmpty, camera }) => {
  await using shop = await startTlsServer({ names: ["shop.example"] });
  await using silent = await startSilentServer();
  const certificate = await makeCertificate({
    names: ["mail.example"],
    notAfter: new Date("2035-01-01T00:00:00Z"),
  });
  await using mail = await startScriptedServer({ protocol: "smtp", certificate });
  const frame = await openEmpty();
  const dialog = await frame.openScanDialog();
  // A host is probed by one login after another, so the scan lasts until it is cancelled.
  const logins = Array.from(
    { length: 12 },
    (_, index) => `user${index}@${formatHostAddress(silent.endpoint)}`,
  );
  await dialog.scan([
    formatHostAddress(shop.endpoint),
    `smtp://${formatHostAddress(mail.endpoint)}`,
    ...logins,
  ]);
  await expect(dialog.progress).toContainText(/[1-9]\d* of 14 scanned/);
  await expect(dialog.visits).toContainText(["Presented"]);
  await expect(dialog.visits).toContainText(["TLS by SMTP"]);
  await expect(frame.page.getByRole("link", { name: /Scanning \d+ of 14/ })).toBeVisible();
  expect(await camera.photograph("scan-running")).toEqual([]);

  await dialog.root.getByRole("button", { name: "Cancel the scan" }).click();
  await expect(dialog.root).toContainText("Cancelled");
  await frame.press("Escape");
  const certificates = await frame.goTo("Certificates");
  await expect(certificates.rows).toContainText(["mail.example", "shop.example"]);
  await expect(certificates.rows).toContainText([`smtp://${formatHostAddress(mail.endpoint)}`]);

  const list = await frame.goTo("Scans");
  const drawer = await list.open("#1");
  await expect(drawer).toContainText("uses none of the options for SSH but sudo");
  await drawer.getByRole("button", { name: "Go on with the rest" }).click();
  await expect(list.drawer).toContainText("Scan #2");
  await expect(list.rows).toContainText(["#2", "#1"]);
  await list.drawer.getByRole("button", { name: "Cancel", exact: true }).click();
});

test("the drawer of a scan shows what failed first, and what to do about it", async ({
  openSample,
  camera,
}) => {
  const frame = await openSample();
  const list = await frame.goTo("Scans");
  await expect(list.rows).toContainText(["#2", "#1"]);
  expect(await camera.photograph("scans")).toEqual([]);
  const drawer = await list.open("#2");
  await expect(drawer).toContainText("refused the connection");
  await expect(drawer).toContainText("no such name");
  await expect(drawer).toContainText("not TLS");
  expect(await camera.photograph("scan")).toEqual([]);

  await drawer.getByRole("button", { name: "Scan the failed again" }).click();
  await expect(frame.page.getByRole("dialog", { name: "Scan" }).getByRole("textbox").first()).toHaveValue(
    /gone\.invalid:443/,
  );
});

test("all that failed is scanned again, also what is not shown; a text that is too long is refused here", async ({
  openEmpty,
}) => {
  const { port } = await findClosedEndpoint();
  const frame = await openEmpty();
  const dialog = await frame.openScanDialog();
  await dialog.scan([`127.0.0.1-130:${port}`]);
  await expect(dialog.progress).toContainText("130 of 130 scanned");
  await frame.press("Escape");
  const list = await frame.goTo("Scans");
  const drawer = await list.open("#1");
  await drawer.getByRole("button", { name: "Scan the failed again" }).click();
  await expect(dialog.start).toHaveText("Scan 130 targets");

  await dialog.write([`web[01-20].example ${"# nothing".repeat(120_000)}`]);
  await expect(dialog.root).toContainText("too long for a page");
  await expect(dialog.start).toBeDisabled();
});

test("without any, the list says what a scan does", async ({ openEmpty, camera }) => {
  const frame = await openEmpty();
  await frame.goTo("Scans");
  await expect(frame.page.getByRole("heading", { name: "No scan yet" })).toBeVisible();
  expect(await camera.photograph("scans-empty")).toEqual([]);
});
