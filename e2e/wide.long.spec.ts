import { expect, test } from "./latchkey.ts";
import { photographEveryScreen } from "./pages/every-screen.ts";

const SIZES = [
  { name: "1280", width: 1280, height: 860 },
  { name: "1440", width: 1440, height: 900 },
] as const;

for (const size of SIZES)
  test(`at ${size.name} pixels every screen is as wide as the window, and axe finds nothing in either theme`, async ({
    openSample,
    camera,
  }) => photographEveryScreen(await openSample(), camera, size));

const WITH_DRAWER = [
  "Findings",
  "Certificates",
  "Served",
  "Grants",
  "Paths",
  "People",
  "Host keys",
  "Hosts",
  "Scans",
  "Audit log",
] as const;

test("at 1280 pixels every tool of a list can be pressed while a drawer is open", async ({
  sample,
  openSample,
  camera,
}) => {
  test.skip(!sample.hasHosts, "needs root, namespaces and sshd for real hosts");
  const frame = await openSample();
  const { page } = frame;
  await page.setViewportSize({ width: 1280, height: 860 });
  for (const screen of WITH_DRAWER) {
    const list = await frame.goTo(screen);
    await list.settled();
    await list.rows.first().click();
    await list.drawer.waitFor();
    for (const tool of ["Saved views", "Columns and density", "Export CSV"])
      await page.getByRole("button", { name: tool }).click({ trial: true });
    const label = screen.replace(/\W+/g, "-").toLowerCase();
    expect.soft(await camera.photograph(`beside-drawer-${label}`), label).toEqual([]);
    await frame.press("Escape");
    await expect(list.drawer).toBeHidden();
  }
});
