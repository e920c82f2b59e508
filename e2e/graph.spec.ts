import { readFile } from "node:fs/promises";
import type { Download, Page } from "@playwright/test";
import { expect, test } from "./latchkey.ts";
import { goByKeys } from "./pages/by-keys.ts";
import { ListScreen } from "./pages/list-screen.ts";

test("every step is listed, and what a host reaches is a table first and a diagram second", async ({
  openSample,
  sample,
  camera,
}) => {
  test.skip(!sample.hasHosts, "needs root, namespaces and sshd for real hosts");
  const frame = await openSample();
  const { page } = frame;
  const list = await frame.goTo("Paths");
  await expect(list.rows.first()).toBeVisible();
  expect(await camera.photograph("graph")).toEqual([]);
  await goByKeys(frame, list);

  const drawer = await list.open(/@/);
  await expect(drawer).toContainText("Go on from here");
  expect(await camera.photograph("graph-step")).toEqual([]);
  await drawer.getByRole("link", { name: "What it reaches" }).first().click();
  await expect(page.getByRole("button", { name: "Show a diagram" })).toBeVisible();
  await expect(list.rows.first()).toBeVisible();

  await page.getByRole("button", { name: "Show a diagram" }).click();
  const diagram = page.getByRole("region", { name: "Diagram" });
  await expect(diagram.locator("canvas").first()).toBeVisible();
  await expect(diagram.getByRole("heading")).toContainText("thing");
  expect(await camera.photograph("graph-diagram")).toEqual([]);

  const svg = await save(page, "Save as SVG");
  expect(svg.suggestedFilename()).toBe("latchkey-graph.svg");
  expect(await readFile(await svg.path(), "utf8")).toMatch(/^<svg xmlns=[\s\S]*<\/svg>$/);
  const png = await save(page, "Save as PNG");
  expect((await readFile(await png.path())).subarray(1, 4).toString()).toBe("PNG");

  await page.getByText("Mutual trust", { exact: true }).click();
  const pairs = new ListScreen(page, "host pairs");
  await expect(pairs.row("metrics@")).toContainText("postgres@");
  expect(await camera.photograph("graph-mutual")).toEqual([]);
  await goByKeys(frame, pairs);
  const pair = await pairs.open("metrics@");
  await expect(pair.getByRole("heading", { name: "Back" })).toBeVisible();
  await page.getByRole("button", { name: "Show a diagram" }).click();
  await expect(diagram.getByRole("heading")).toContainText("host pair");
  expect(await camera.photograph("graph-mutual-diagram")).toEqual([]);
  expect(await pairs.exportCsv()).toHaveLength((await pairs.rows.count()) + 1);

  await page.getByText("Shared keys", { exact: true }).click();
  await expect(page.getByText("No key is known to be shared")).toBeVisible();
  expect(await camera.photograph("graph-shared-empty")).toEqual([]);
  await page.getByText("Steps", { exact: true }).click();
  await list.filter("Begins at", "Person");
  await list.filter("People", "Left");
  // She is in a table of people and in a folder of keys, and is one person.
  await expect(list.row(/person:Carol Nolan/).first()).toBeVisible();
  await expect(list.row(/person:carol/)).toHaveCount(0);
  expect(await camera.photograph("graph-people")).toEqual([]);

  const people = await frame.goTo("People");
  const person = await people.open(/Carol Nolan/);
  await person.getByRole("link", { name: /Everything they can reach/ }).click();
  await expect(page.getByLabel("Start at a host, an account, a key or a person")).toHaveValue(
    /^person:Carol Nolan #\d+$/,
  );
  await expect(list.row(/person:Carol Nolan/).first()).toBeVisible();
});

test("a start that is not known is said, and without hosts the screen says what would be there", async ({
  openEmpty,
  camera,
}) => {
  const frame = await openEmpty();
  const { page } = frame;
  await frame.goTo("Paths");
  await expect(page.getByText("No step is known yet")).toBeVisible();
  expect(await camera.photograph("graph-empty")).toEqual([]);
  const start = page.getByLabel("Start at a host, an account, a key or a person");
  await start.fill("nowhere");
  await start.press("Enter");
  await expect(page.getByText("no host nowhere was scanned")).toBeVisible();
  await page.getByRole("button", { name: "Every step" }).click();
  await expect(page.getByText("No step is known yet")).toBeVisible();
});

async function save(page: Page, name: string): Promise<Download> {
  const [file] = await Promise.all([
    page.waitForEvent("download"),
    page.getByRole("button", { name }).click(),
  ]);
  return file;
}
