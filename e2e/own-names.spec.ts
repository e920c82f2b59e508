import { expect, test } from "./latchkey.ts";

/** As the sample's host calls itself; the user has scanned it by its address. */
const OWN_NAME = "web-1";

test("a host is shown by what it calls itself beside its address, and found by it, in every list", async ({
  sample,
  openSample,
  camera,
}) => {
  test.skip(!sample.hasHosts, "no hosts can be started here");
  const frame = await openSample();
  const { page } = frame;
  for (const screen of [
    "Grants",
    "Accounts",
    "Hosts",
    "Host keys",
    "Paths",
    "Findings",
    "Served",
    "Certificates",
  ] as const) {
    const list = await frame.goTo(screen);
    await list.search.fill(OWN_NAME);
    await expect(page).toHaveURL(new RegExp(`search=.*${OWN_NAME}`));
    await list.settled();
    // Of a certificate the first place alone is in its row; the drawer has them all.
    if (screen === "Certificates") {
      await list.rows.first().click();
      await list.drawer.getByRole("tab", { name: "Locations" }).click();
    }
    const shownIn = screen === "Certificates" ? list.drawer : list.rows;
    await expect(shownIn.filter({ hasText: OWN_NAME }).first(), screen).toContainText(/127\.0\.\d+\.\d+/);
    if (screen === "Grants" || screen === "Paths" || screen === "Certificates")
      expect(await camera.photograph(`own-names-${screen.toLowerCase()}`)).toEqual([]);
  }
  // The scan that read it begins with another target; of it, and of its events, the user's name for the host is known.
  for (const screen of ["Scans", "Audit log"] as const) {
    const list = await frame.goTo(screen);
    await list.search.fill(OWN_NAME);
    await expect(page).toHaveURL(new RegExp(`search=.*${OWN_NAME}`));
    await list.settled();
    await expect(list.rows.first(), screen).toContainText(screen === "Scans" ? /#\d/ : /127\.0\.\d+\.\d+/);
  }
  await page.keyboard.press("Control+k");
  await page.getByRole("dialog").getByRole("combobox").fill(OWN_NAME);
  await expect(page.getByRole("option").filter({ hasText: `(${OWN_NAME})` })).toBeVisible();
});
