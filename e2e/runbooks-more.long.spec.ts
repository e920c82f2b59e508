import { expect, test } from "./latchkey.ts";
import { Frame } from "./pages/frame.ts";
import { PlanPage } from "./pages/plan-page.ts";
import { PromptDialog } from "./pages/prompt-dialog.ts";
import { type RunbooksLab, startRunbooksLab } from "./pages/runbooks-lab.ts";
import type { Stage } from "./stages/stage.ts";

async function open(stage: Stage, { database, home }: RunbooksLab): Promise<Frame> {
  const { page, shell } = await stage.open(database, home);
  const frame = new Frame(page, shell);
  await frame.rail.waitFor();
  return frame;
}

const NEEDS_HOSTS = "needs root, namespaces and sshd for real hosts";

test("a file that has changed since its plan stops the run, which says where; it is rolled back from its drawer", async ({
  stage,
  sample,
  camera,
}) => {
  test.skip(!sample.hasHosts, NEEDS_HOSTS);
  await using lab = await startRunbooksLab(["web-1", "web-2"]);
  const before = await lab.readFiles();
  const frame = await open(stage, lab);
  const list = await frame.goTo("Grants");
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
  await run.locator("header").getByText("Rolled back", { exact: true }).waitFor();
  expect(await lab.readFiles()).toEqual(
    before.map((file, index) => (index === 1 ? `${file}# mine\n` : file)),
  );
  expect(await lab.readFingerprint()).toBe(lab.fingerprint);
});

test("grants are selected, removed and tightened by keys alone", async ({ stage, sample, camera }) => {
  test.skip(!sample.hasHosts, NEEDS_HOSTS);
  await using lab = await startRunbooksLab(["web-1", "web-2"]);
  const frame = await open(stage, lab);
  const list = await frame.goTo("Grants");
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

  await frame.goTo("Grants");
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
  const list = await frame.goTo("Grants");
  const drawer = await list.open("mallory");
  await drawer.getByRole("button", { name: "Remove" }).click();

  const prompt = new PromptDialog(frame.page, "Passphrase");
  await expect(prompt.field("Passphrase")).toBeFocused();
  await expect(prompt.root).toContainText("It is used for this runbook, and written nowhere");
  expect(await camera.photograph("plan-asks")).toEqual([]);
  await frame.page.keyboard.type("canary-right");
  await frame.press("Enter");
  const plan = new PlanPage(frame.page);
  await plan.approve();
  await plan.apply.click();
  await prompt.field("Passphrase").fill("canary-right");
  await frame.press("Enter");
  const run = frame.page.getByRole("complementary", { name: "run" });
  await run.getByText("Committed", { exact: true }).waitFor();
  expect((await lab.readFiles()).join("\n")).not.toContain("mallory");
  expect(await frame.page.content()).not.toContain("canary");
});

test("a run that has left an account as it is names it, and removes the old private keys that it has kept for that, by the keyboard", async ({
  stage,
  sample,
  camera,
}) => {
  test.skip(!sample.hasHosts, NEEDS_HOSTS);
  await using lab = await startRunbooksLab(["web-1"], { holders: 1 });
  const [host] = lab.hosts;
  // A run does not change a file with two hard links.
  await host?.run("ln /home/deploy/.ssh/authorized_keys /home/deploy/keys");
  const { page, shell } = await stage.open(lab.database, lab.home);
  const frame = new Frame(page, shell);
  await frame.rail.waitFor();
  const list = await frame.goTo("Grants");
  const drawer = await list.open("jo@desk");
  await drawer.getByRole("button", { name: "Rotate the key" }).click();
  const plan = new PlanPage(page);
  await plan.approve();
  const run = await plan.run();
  await run.getByText("Committed", { exact: true }).waitFor();
  await expect(run.getByRole("list", { name: "Not changed" }).getByRole("listitem")).toHaveText([
    `the old key still gets in to deploy@${host?.address}`,
  ]);
  const keys = run.getByRole("list", { name: "Old private keys" }).getByRole("listitem");
  await expect(keys).toHaveCount(2);
  expect(await camera.photograph("run-kept-keys")).toEqual([]);

  const remove = run.getByRole("button", { name: "Remove old keys" });
  await remove.focus();
  await frame.press("Enter");
  const dialog = page.getByRole("dialog", { name: "Remove the old private keys?" });
  const agree = dialog.getByRole("button", { name: "Remove", exact: true });
  await expect(agree).toBeFocused();
  expect(await camera.photograph("run-kept-keys-removal")).toEqual([]);
  await frame.press("Escape");
  await expect(remove).toBeFocused();
  await frame.press("Enter");
  await expect(agree).toBeFocused();
  await frame.press("Enter");
  await expect(remove).toBeHidden();
  await expect(keys).toHaveCount(0);
  await expect(run.getByRole("list", { name: "Not changed" }).getByRole("listitem")).toHaveCount(1);
  expect(await host?.run("ls -A /home/deploy/.ssh")).toBe("authorized_keys\nid_ed25519\n");
});
