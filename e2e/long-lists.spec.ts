import { expect, test } from "./latchkey.ts";

test("of a list of hundreds only what is in view is on the page, and the rest comes as it is scrolled to", async ({
  openEmpty,
}) => {
  const frame = await openEmpty();
  const dialog = await frame.openScanDialog();
  await dialog.scan(["ssh://127.9.0.1-250:2"]);
  await expect(dialog.progress).toContainText("250 of 250 scanned");
  await frame.press("Escape");

  const list = await frame.goTo("Hosts");
  await expect(list.table).toHaveAttribute("aria-rowcount", "251");
  expect(await list.rows.count()).toBeLessThan(60);
  const last = list.table.locator("tr[aria-rowindex='251']");
  await expect(async () => {
    await frame.press("End");
    await expect(last).toBeInViewport({ timeout: 500 });
  }).toPass();
  await expect(last).toContainText("127.9.0.");
  expect(await list.rows.count()).toBeLessThan(60);

  const [header, ...lines] = await list.exportCsv();
  expect(header).toMatch(/^Host,/);
  expect(lines).toHaveLength(250);
});
