import { readFile } from "node:fs/promises";
import { expect, test } from "./latchkey.ts";
import { Frame } from "./pages/frame.ts";
import { PlanPage } from "./pages/plan-page.ts";
import { QuestionDialog } from "./pages/question-dialog.ts";
import { type RunbooksLab, startRunbooksLab } from "./pages/runbooks-lab.ts";
import type { Stage } from "./stages/stage.ts";

async function open(stage: Stage, { database, home }: RunbooksLab): Promise<Frame> {
  const { page, shell } = await stage.open(database, home);
  const frame = new Frame(page, shell);
  await frame.rail.waitFor();
  return frame;
}

const NEEDS_HOSTS = "needs root, namespaces and sshd for real hosts";

test("without any run, the screen says that changes appear there before anything is written", async ({
  openEmpty,
  camera,
}) => {
  const frame = await openEmpty();
  await frame.press("g");
  await frame.press("b");
  await expect(frame.page.getByText("Changes appear here before anything is written")).toBeVisible();
  expect(await camera.photograph("runbooks-empty")).toEqual([]);
});

test("a key is rotated by one click: its plan is shown whole, its run is followed, and only the new key lets in", async ({
  stage,
  sample,
  camera,
}) => {
  test.skip(!sample.hasHosts, NEEDS_HOSTS);
  await using lab = await startRunbooksLab(["web-1", "web-2", "db-1"]);
  const frame = await open(stage, lab);
  const list = await frame.goTo("Access");
  const drawer = await list.open("jo@desk");
  await drawer.getByRole("button", { name: "Rotate the key" }).click();

  const plan = new PlanPage(frame.page);
  await expect(plan.summary).toHaveText("Plan: 0 to add, 9 to change, 0 to remove on 3 hosts");
  await expect(plan.main).toContainText("restrict,pty the new key jo@desk");
  expect(await camera.photograph("plan")).toEqual([]);
  await expect(plan.apply).toBeDisabled();
  await plan.approve();
  expect(await camera.photograph("plan-approved")).toEqual([]);
  const run = await plan.run();
  await run.getByText("Committed", { exact: true }).waitFor();
  await expect(run).toContainText("Make the new key");
  expect(await camera.photograph("run")).toEqual([]);
  await run.getByRole("tab", { name: "Journal" }).click();
  await expect(run).toContainText("intends");
  expect(await camera.photograph("run-journal")).toEqual([]);

  const made = await lab.readFingerprint();
  expect(made).not.toBe(lab.fingerprint);
  await expect(run).toContainText(made);
  for (const file of await lab.readFiles()) expect(file.match(/jo@desk/g)).toHaveLength(3);
  await frame.goTo("Access");
  await frame.goToAddress(`/access?fingerprint=${encodeURIComponent(made)}`);
  await list.filtered("Key");
  await expect(list.rows).toHaveCount(9);
  await frame.goToAddress(`/access?fingerprint=${encodeURIComponent(lab.fingerprint)}`);
  await expect(frame.page.getByText("No grant matches")).toBeVisible();
});

test("a file that has changed since its plan stops the run, which says where; it is rolled back from its drawer", async ({
  stage,
  sample,
  camera,
}) => {
  test.skip(!sample.hasHosts, NEEDS_HOSTS);
  await using lab = await startRunbooksLab(["web-1", "web-2"]);
  const before = await lab.readFiles();
  const frame = await open(stage, lab);
  const list = await frame.goTo("Access");
  const drawer = await list.open("jo@desk");
  await drawer.getByRole("button", { name: "Rotate the key" }).click();
  const plan = new PlanPage(frame.page);
  await plan.approve();
  await lab.hosts[1]?.run("echo '# mine' >> /home/deploy/.ssh/authorized_keys");
  const run = await plan.run();
  await run.getByText("Stopped", { exact: true }).waitFor();
  await expect(run).toContainText("/home/deploy/.ssh/authorized_keys");
  expect(await camera.photograph("run-stopped")).toEqual([]);

  await run.getByRole("button", { name: "Roll back" }).click();
  const dialog = frame.page.getByRole("dialog", { name: "Roll this run back?" });
  await dialog.waitFor();
  expect(await camera.photograph("run-roll-back")).toEqual([]);
  await dialog.getByRole("button", { name: "Roll back" }).click();
  await run.getByText("Rolled back", { exact: true }).waitFor();
  expect(await lab.readFiles()).toEqual(
    before.map((file, index) => (index === 1 ? `${file}# mine\n` : file)),
  );
  expect(await lab.readFingerprint()).toBe(lab.fingerprint);
});

test("grants are selected, removed and tightened by keys alone", async ({ stage, sample, camera }) => {
  test.skip(!sample.hasHosts, NEEDS_HOSTS);
  await using lab = await startRunbooksLab(["web-1", "web-2"]);
  const frame = await open(stage, lab);
  const list = await frame.goTo("Access");
  await frame.press("/");
  await frame.page.keyboard.type("mallory");
  await expect(list.rows).toHaveCount(2);
  await frame.page.getByRole("searchbox").blur();
  await frame.press("j");
  await frame.press("ControlOrMeta+a");
  await expect(list.selection).toContainText("2 selected");
  expect(await camera.photograph("runbooks-selection")).toEqual([]);
  await frame.press("d");

  const plan = new PlanPage(frame.page);
  await expect(plan.summary).toHaveText("Plan: 0 to add, 0 to change, 2 to remove on 2 hosts");
  expect(await camera.photograph("plan-removal")).toEqual([]);
  await plan.approve();
  await frame.press("ControlOrMeta+Enter");
  const run = frame.page.getByRole("complementary", { name: "run" });
  await run.getByText("Committed", { exact: true }).waitFor();
  for (const file of await lab.readFiles()) expect(file).not.toContain("mallory");

  await frame.goTo("Access");
  const drawer = await list.open("restrict,pty");
  await drawer.getByRole("button", { name: "Change" }).click();
  await frame.page.getByRole("menuitem", { name: "Tighten" }).click();
  const dialog = frame.page.getByRole("dialog", { name: "Tighten grants" });
  await dialog.getByLabel("Only from").fill("127.0.0.0/8");
  expect(await camera.photograph("tighten")).toEqual([]);
  await frame.press("ControlOrMeta+Shift+P");
  await expect(plan.summary).toHaveText("Plan: 0 to add, 1 to change, 0 to remove on 1 host");
  await plan.approve();
  await frame.press("ControlOrMeta+Enter");
  await run.getByText("Committed", { exact: true }).waitFor();
  expect((await lab.readFiles()).join("\n")).toContain('from="127.0.0.0/8"');
});

test("the passphrase of the key that logs in is asked for by a plan, and by its run", async ({
  stage,
  sample,
  camera,
}) => {
  test.skip(!sample.hasHosts, NEEDS_HOSTS);
  await using lab = await startRunbooksLab(["web-1"]);
  await lab.lock("canary-right");
  const frame = await open(stage, lab);
  const list = await frame.goTo("Access");
  const drawer = await list.open("mallory");
  await drawer.getByRole("button", { name: "Remove" }).click();

  const question = new QuestionDialog(frame.page, "Passphrase");
  await expect(question.field("Passphrase")).toBeFocused();
  await expect(question.root).toContainText("It is used for this runbook, and written nowhere");
  expect(await camera.photograph("plan-asks")).toEqual([]);
  await frame.page.keyboard.type("canary-right");
  await frame.press("Enter");
  const plan = new PlanPage(frame.page);
  await plan.approve();
  await plan.apply.click();
  await question.field("Passphrase").fill("canary-right");
  await frame.press("Enter");
  const run = frame.page.getByRole("complementary", { name: "run" });
  await run.getByText("Committed", { exact: true }).waitFor();
  expect((await lab.readFiles()).join("\n")).not.toContain("mallory");
  expect(await frame.page.content()).not.toContain("canary");
});

test("a plan that was exported is opened again as it was; one that somebody has edited is refused", async ({
  stage,
  sample,
}) => {
  test.skip(!sample.hasHosts, NEEDS_HOSTS);
  await using lab = await startRunbooksLab(["web-1"]);
  const frame = await open(stage, lab);
  const { page } = frame;
  const list = await frame.goTo("Access");
  const drawer = await list.open("mallory");
  await drawer.getByRole("button", { name: "Remove" }).click();
  const plan = new PlanPage(page);
  await plan.apply.waitFor();
  const download = page.waitForEvent("download");
  await plan.decision.getByRole("button", { name: "As JSON" }).click();
  const text = await readFile(await (await download).path(), "utf8");

  const take = async (content: string) => {
    await frame.goTo("Runbooks");
    const file = { name: "plan.json", mimeType: "application/json", buffer: Buffer.from(content) };
    await page.getByLabel("A plan as JSON").setInputFiles(file);
  };
  await take(text.replace('"graceDays": 0', '"graceDays": 9'));
  await expect(page.getByRole("dialog", { name: "No plan" })).toContainText("hash");
  await frame.press("Escape");
  await take(text);
  await expect(page.getByText("Plan #2:")).toBeVisible();
  await expect(plan.summary).toHaveText("Plan: 0 to add, 0 to change, 1 to remove on 1 host");
  await expect(plan.apply).toBeEnabled();
});
