import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { makeTemporaryFolder } from "#testing/temporary-folder.ts";
import { expect, test } from "./latchkey.ts";
import { goByKeys } from "./pages/by-keys.ts";

test("the people of all people sources, why each counts as there or gone, and what their keys open", async ({
  openSample,
  sample,
  camera,
}) => {
  test.skip(!sample.hasHosts, "needs root, namespaces and sshd for real hosts");
  const frame = await openSample();
  const { page } = frame;
  const list = await frame.goTo("People");
  await expect(list.row("carol@corp")).toContainText("Left");
  await expect(page.getByText("team-keys: 3 people with 3 keys")).toBeVisible();
  expect(await camera.photograph("people")).toEqual([]);
  await goByKeys(frame, list);

  await list.filter("Standing", "Left");
  await expect(list.rows).toHaveCount(1);
  const drawer = await list.open(/^Carol Nolan/);
  await expect(drawer).toContainText("left on");
  await expect(drawer).toContainText("carol in team-keys");
  expect(await camera.photograph("person")).toEqual([]);
  await drawer.getByRole("button", { name: "Somebody else" }).last().click();
  await expect(drawer).not.toContainText("carol in team-keys");
  await page.keyboard.press("Escape");
  await list.filter("Standing", "There");
  const split = await list.open(/^carol/);
  await split.getByRole("button", { name: "Undo the split" }).click();
  await expect(split).toContainText("Carol Nolan in people.csv");
  await page.keyboard.press("Escape");
  await list.filter("Standing", "Left");
  await (await list.open(/^Carol Nolan/)).getByRole("link", { name: "What it opens" }).click();
  await expect(frame.title).toHaveText("Grants");
  await expect(
    page.getByRole("table", { name: "grants" }).getByText("carol@corp.example").first(),
  ).toBeVisible();

  await page.goBack();
  await drawer.getByRole("button", { name: "Offboard" }).click();
  await expect(page).toHaveURL(/#\/runs\/plan\?id=\d+$/);
});

test("a people source is chosen as a file, says what of it cannot be read, and is deleted again", async ({
  openEmpty,
  camera,
}) => {
  await using folder = await makeTemporaryFolder();
  const path = join(folder.path, "staff.csv");
  await writeFile(path, "name,login,state\nAnn Moore,ann,active\nCarol Nolan,carol,gone\nDan,dan,on leave\n");
  const frame = await openEmpty();
  const { page } = frame;
  const list = await frame.goTo("People");
  await expect(page.getByText("No people source imported yet")).toBeVisible();
  expect(await camera.photograph("people-empty")).toEqual([]);

  const chooser = page.waitForEvent("filechooser");
  await page.getByRole("button", { name: "Import", exact: true }).click();
  await (await chooser).setFiles(path);
  const dialog = page.getByRole("dialog", { name: "Import a people source" });
  await expect(dialog.getByLabel("Name of the source")).toHaveValue("staff.csv");
  await dialog.getByRole("button", { name: "Import" }).click();
  await expect(dialog).toContainText("3 people with 0 keys; 1 has left");
  await expect(dialog).toContainText('staff.csv line 4: the state "on leave" is not understood');
  expect(await camera.photograph("people-imported")).toEqual([]);
  await dialog.getByRole("button", { name: "Done" }).click();
  await expect(list.rows).toHaveCount(3);

  await page.getByRole("button", { name: "Forget staff.csv" }).click();
  await expect(page.getByText("No people source imported yet")).toBeVisible();
});

test("a people source that is dropped on its panel is imported there, and not inspected", async ({
  openEmpty,
}) => {
  const frame = await openEmpty();
  const { page } = frame;
  await frame.goTo("People");
  const files = await page.evaluateHandle(() => {
    const transfer = new DataTransfer();
    transfer.items.add(new File(["login,state\ncarol,gone\n"], "people.csv"));
    return transfer;
  });
  await page
    .getByText("People and their keys; drop files here")
    .dispatchEvent("drop", { dataTransfer: files });
  await expect(page.getByRole("dialog", { name: "Import a people source" })).toBeVisible();
  await expect(page.getByRole("dialog", { name: "Inspect" })).toHaveCount(0);
});

test("the inventory is marked complete, with what is not scanned", async ({ openEmpty }) => {
  const frame = await openEmpty();
  const { page } = frame;
  await frame.goTo("People");
  await page.getByLabel("Complete: every machine with private keys is scanned").check();
  await page.getByLabel("What is not scanned").fill("two laptops");
  const declare = page.getByRole("button", { name: "Save", exact: true });
  await declare.click();
  await expect(declare).toBeDisabled();
  await page.reload();
  await expect(page.getByLabel("What is not scanned")).toHaveValue("two laptops");
});
