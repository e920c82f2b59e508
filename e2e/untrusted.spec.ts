import { formatHostAddress } from "#shared/text/hosts/target.ts";
import { startTlsServer } from "#testing/servers.ts";
import { expect, test } from "./latchkey.ts";
import { InspectDialog } from "./pages/inspect-dialog.ts";

const PAYLOADS = [
  "<img src=x onerror=alert(1)>",
  "<script>alert(1)</script>",
  '"><svg onload=alert(1)>',
  "javascript:alert(1)",
  "{{constructor.constructor('alert(1)')()}}",
  "%3Cscript%3Ealert(1)%3C/script%3E",
];

test("what a stranger wrote in a certificate is text on every screen, and nothing else", async ({
  openEmpty,
}) => {
  const frame = await openEmpty();
  const { page } = frame;
  const alerts: string[] = [];
  page.on("dialog", (dialog) => {
    alerts.push(dialog.message());
    void dialog.dismiss();
  });
  await using stack = new AsyncDisposableStack();
  const places: string[] = [];
  for (const payload of PAYLOADS) {
    const server = stack.use(
      await startTlsServer({ names: [`x${payload.replaceAll(/["\\+,;<>=]/g, "\\$&")}`, payload] }),
    );
    places.push(formatHostAddress(server.endpoint));
  }
  const dialog = await frame.openScanDialog();
  await dialog.scan(places);
  await expect(dialog.progress).toContainText(`${places.length} of ${places.length} scanned`);
  await frame.press("Escape");

  const list = await frame.goTo("Certificates");
  await expect(list.rows).toHaveCount(PAYLOADS.length);
  for (let index = 0; index < PAYLOADS.length; index++) {
    await list.rows.nth(index).click();
    await expect(list.drawer).toContainText("X509v3 Subject Alternative Name");
  }
  await frame.goTo("Findings");
  await frame.goTo("Today");
  await expect(page.locator("main script, main img, main svg[onload]")).toHaveCount(0);
  expect(alerts).toEqual([]);
});

test("what would hide or turn text around is shown by name", async ({ openEmpty }) => {
  await using server = await startTlsServer({ names: ["moc.\u202eelgoog\u200b.example"] });
  const frame = await openEmpty();
  const dialog = await frame.openScanDialog();
  await dialog.scan([formatHostAddress(server.endpoint)]);
  await expect(dialog.progress).toContainText("1 of 1 scanned");
  await frame.press("Escape");
  const list = await frame.goTo("Certificates");
  await expect(list.rows.first()).toContainText("moc.U+202EelgoogU+200B.example");
  await list.rows.first().click();
  await expect(list.drawer.getByRole("heading", { level: 2 })).toHaveText("moc.U+202EelgoogU+200B.example");
  expect(await frame.page.locator("body").textContent()).not.toMatch(/[\u202a-\u202e\u200b]/);
});

test("of a long text 256 letters are shown, whatever each is made of, and the rest on demand", async ({
  openEmpty,
}) => {
  const frame = await openEmpty();
  const inspect = new InspectDialog(frame.page);
  const letter = "e\u0301";
  const key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ7g1Nq4nXxqZ0dTjyIqo5n9tO2xk0V5uVqk3vUqk7cd";
  await inspect.drop([{ name: "authorized_keys", text: `${key} ${letter.repeat(300)}\n` }]);
  const comment = inspect.file("authorized_keys").locator("bdi").filter({ hasText: letter });
  await expect(comment).toHaveText(`${letter.repeat(256)}…more`);
  await comment.getByRole("button", { name: "more" }).click();
  await expect(comment).toHaveText(letter.repeat(300));
});
