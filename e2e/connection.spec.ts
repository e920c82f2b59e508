import { expect, test } from "./latchkey.ts";
import { ListScreen } from "./pages/list-screen.ts";
import { playedOn } from "./stages/played-on.ts";

test("when the program stops, the page says so and what to do", async ({ openSample, camera }) => {
  test.skip(playedOn !== "web", "a desktop window ends with its program; desktop.spec.ts has its core fall");
  const frame = await openSample();
  await frame.goTo("Hosts");
  // It tries again for six seconds: the program's own end may take longer than that.
  const stopping = frame.shell.stop();
  await expect(frame.page.getByText("Connecting to Latchkey again")).toBeVisible();
  await stopping;
  await expect(frame.page.getByRole("heading", { name: "Latchkey has stopped" })).toBeVisible({
    timeout: 20_000,
  });
  expect(frame.page.url()).toMatch(/^blob:/);
  expect(await camera.photographBare("stopped")).toEqual([]);
});

test("a reload goes on with the same session; a tab that was never let in is told how to get in", async ({
  openSample,
  browser,
  camera,
}) => {
  test.skip(playedOn !== "web", "only a browser has tabs");
  const frame = await openSample();
  const list = await frame.goTo("Certificates");
  await frame.page.reload();
  await list.rows.first().waitFor();
  expect(frame.page.url()).not.toContain("launch");

  // Of another browser: in this one, the open tab lets a new one in.
  const elsewhere = await browser.newContext();
  const stranger = await elsewhere.newPage();
  await stranger.goto(frame.page.url());
  await expect(stranger.getByRole("heading", { name: "This tab's session has ended" })).toBeVisible();
  await elsewhere.close();
  expect(await camera.photograph("reloaded")).toEqual([]);
});

test("an address that leads nowhere, or holds nonsense, is answered with a way on", async ({
  openSample,
}) => {
  const frame = await openSample();
  await frame.goToAddress("/no-such-page");
  await expect(frame.page.getByRole("heading", { name: "There is no such page" })).toBeVisible();
  await frame.goToAddress("/certificates?within=soon&sort=%22x%22&open=abc");
  const list = new ListScreen(frame.page, "certificates");
  await expect(list.rows.first()).toContainText("grafana");
  await expect(list.drawer).toHaveCount(0);
  await frame.goToAddress(`/certificates?open=${"ab".repeat(32)}`);
  await expect(list.drawer).toContainText("Could not show this certificate");
});
