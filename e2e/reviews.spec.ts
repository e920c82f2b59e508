import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import { promisify } from "node:util";
import type { BrowserContext, Page } from "@playwright/test";
import { runnerImport } from "vite";
import { makeTemporaryFolder } from "#testing/temporary-folder.ts";
import { expect, test } from "./latchkey.ts";
import { overflowOf } from "./pages/every-screen.ts";
import { saveEvidence } from "./pages/evidence-dialog.ts";
import type { Frame } from "./pages/frame.ts";

const run = promisify(execFile);

type Maker = { makeAccountDatabase(path: string): void };

/** Vite runs the module that fills it: the store's schema is a `?raw` import. */
async function makeDatabase(folders: AsyncDisposableStack): Promise<{ folder: string; database: string }> {
  const { path: folder } = folders.use(await makeTemporaryFolder());
  const database = join(folder, "latchkey.db");
  const { module } = await runnerImport<Maker>("src/main/store/testing/fill-accounts.ts");
  module.makeAccountDatabase(database);
  return { folder, database };
}

/** Opens the file as a reviewer does, decides on its first item, and saves the answer beside it. */
async function decideOffline(context: BrowserContext, file: string): Promise<string> {
  const offline = await context.newPage();
  const asked: string[] = [];
  offline.on("request", (request) => asked.push(request.url()));
  const faults: string[] = [];
  offline.on("console", (message) => message.type() === "error" && faults.push(message.text()));
  await offline.goto(pathToFileURL(file).href);
  await expect(offline.getByRole("status")).toHaveText(/^0 of \d+ decided$/);
  await offline.getByRole("group").first().getByLabel("Keep").check();
  await offline.getByRole("button", { name: "Save the answer" }).click();
  await expect(offline.getByRole("status")).toContainText("need a reason");
  await offline.getByLabel("Reason where an item has none of its own").fill("asked for in ticket 812");
  const saved = offline.waitForEvent("download");
  await offline.getByRole("button", { name: "Save the answer" }).click();
  const answer = join(dirname(file), (await saved).suggestedFilename());
  await (await saved).saveAs(answer);
  await offline.screenshot({ path: "test-results/review-offline.jpg", type: "jpeg", fullPage: true });
  expect(asked.filter((url) => !url.startsWith("file:") && !url.startsWith("blob:"))).toEqual([]);
  expect(faults).toEqual([]);
  await offline.close();
  return answer;
}

type Shown = {
  page: Page;
  list: Awaited<ReturnType<Frame["goTo"]>>;
  frame: Frame;
  camera: { photograph(name: string): Promise<unknown[]> };
};

/** An account goes by a plan of its own. */
async function revokeAccount({ page, list, frame, camera }: Shown): Promise<void> {
  const account = await list.open(/account deploy@web-1/);
  await expect(account).toContainText("password locked");
  expect(await camera.photograph("review-account")).toEqual([]);
  await account.getByRole("button", { name: "Revoke" }).click();
  const disable = page.getByRole("dialog", { name: /^Revoke item/ });
  await disable.getByLabel("Reason").fill("nobody uses it");
  await disable.getByRole("button", { name: "Revoke" }).click();
  await expect(account).toContainText("to disable");
  await frame.press("Escape");
  await page.getByRole("button", { name: "Disable 1 account" }).click();
  const plan = page.getByRole("dialog", { name: "Disable 1 account" });
  await plan.getByLabel("Leave out").fill("7-2");
  await expect(plan.getByRole("button", { name: "Plan" })).toBeDisabled();
  await plan.getByLabel("Leave out").fill("7, 9-12");
  await expect(plan.getByRole("button", { name: "Plan" })).toBeEnabled();
  await plan.getByRole("button", { name: "Cancel" }).click();
}

/** A key that does not sign leaves no file. What is saved, sha256sum checks. */
async function packEvidence({ page, camera }: Shown, folder: string): Promise<void> {
  await page.getByRole("button", { name: "Evidence" }).click();
  const dialog = page.getByRole("dialog", { name: "Evidence of review q2" });
  await dialog.getByLabel("Sign it with").fill("~/.ssh/no-such-key");
  await dialog.getByRole("button", { name: "Sign and save" }).click();
  await expect(dialog.getByRole("alert")).toContainText("cannot sign");
  expect(await camera.photograph("review-evidence")).toEqual([]);
  const pack = await saveEvidence(page, { into: folder });
  expect(await readFile(join(pack, "report.html"), "utf8")).toContain("<h1>Review q2</h1>");
  await run("sha256sum", ["--strict", "-c", "SHA256SUMS"], { cwd: pack });
}

test("a review is created, decided by keys and in bulk, and answered in one file that needs nothing else", async ({
  openDatabase,
  folders,
  camera,
}) => {
  const { folder, database } = await makeDatabase(folders);
  const frame = await openDatabase(database);
  const { page } = frame;
  const list = await frame.goTo("Reviews");
  await expect(page.getByText("No review yet")).toBeVisible();
  expect(await camera.photograph("reviews-none")).toEqual([]);
  await page.getByRole("button", { name: "New review" }).click();
  const dialog = page.getByRole("dialog", { name: "New review" });
  await dialog.getByLabel("Name", { exact: true }).fill("q2");
  await dialog.getByLabel("Names").fill("erin, ann");
  expect(await camera.photograph("review-new")).toEqual([]);
  await dialog.getByRole("button", { name: "Create" }).click();

  await expect(page.getByRole("heading", { name: "q2" })).toBeVisible();
  await list.settled();
  const count = await list.rows.count();
  expect(count).toBeGreaterThan(3);
  expect(await camera.photograph("review")).toEqual([]);
  expect(await overflowOf(page)).toEqual([]);

  // By keys: the first row stays, the second goes.
  await frame.press("j");
  await expect(list.rows.first()).toBeFocused();
  await frame.press("k");
  const keep = page.getByRole("dialog", { name: /^Keep item/ });
  await keep.getByLabel("Reason").fill("on call");
  await frame.press("Enter");
  await expect(list.rows.first()).toContainText("Kept");
  await frame.press("j");
  await frame.press("r");
  const revoke = page.getByRole("dialog", { name: /^Revoke item/ });
  await expect(revoke.getByLabel("Reason")).toHaveValue("on call");
  await revoke.getByLabel("Reason").fill("has left the team");
  expect(await camera.photograph("review-revoke")).toEqual([]);
  await revoke.getByRole("button", { name: "Revoke" }).click();
  await expect(list.rows.nth(1)).toContainText("has left the team");
  // In bulk.
  await frame.press("j");
  await frame.press("x");
  await frame.press("Shift+ArrowDown");
  await page.getByRole("button", { name: "Reassign", exact: true }).click();
  const reassign = page.getByRole("dialog", { name: "Reassign 2 items" });
  await reassign.getByLabel("To").fill("team shop");
  await reassign.getByRole("button", { name: "Reassign" }).click();
  await expect(page.getByText("4 of", { exact: false }).first()).toBeVisible();
  const drawer = await list.open(/Kept/);
  await expect(drawer).toContainText("typed by");
  expect(await camera.photograph("review-item")).toEqual([]);
  await frame.press("Escape");
  await revokeAccount({ page, list, frame, camera });
  await list.filter("State", "Open");
  await list.filtered("State");
  await expect(list.rows).toHaveCount(count - 5);

  // Without Latchkey: the file runs its own script and asks nobody for anything.
  await page.getByRole("button", { name: "File for a reviewer" }).click();
  const exported = page.waitForEvent("download");
  await page.getByRole("menuitem", { name: /erin/ }).click();
  const file = join(folder, "erin.html");
  await (await exported).saveAs(file);
  const answer = await decideOffline(page.context(), file);

  // Nobody has signed it.
  await page.getByRole("button", { name: "Import an answer" }).click();
  const importing = page.getByRole("dialog", { name: "Import an answer" });
  await importing.locator("input[type=file]").setInputFiles(answer);
  await importing.getByRole("button", { name: "Import" }).click();
  await expect(importing.getByRole("alert")).toContainText("nobody has signed this answer");
  expect(await camera.photograph("review-import")).toEqual([]);
  await importing.getByLabel(/^Accept it although/).check();
  await importing.getByRole("button", { name: "Import" }).click();
  await expect(importing).toHaveCount(0);
  await expect(list.rows).toHaveCount(count - 6);
  await page.getByRole("button", { name: "End", exact: true }).click();
  await page.getByRole("dialog").getByRole("button", { name: "End" }).click();
  await expect(page.getByText("ended 20", { exact: false })).toBeVisible();
  await packEvidence({ page, list, frame, camera }, folder);
  await page.getByRole("link", { name: "All reviews" }).click();
  await expect(page.getByRole("row", { name: /q2/ })).toContainText("ended");
  expect(await camera.photograph("reviews")).toEqual([]);
});
