import { copyFile, readFile } from "node:fs/promises";
import { join } from "node:path";
import { logIn, untilSeenAsLater } from "#testing/runs/watch-hosts.ts";
import { expect, test } from "./latchkey.ts";
import { Frame } from "./pages/frame.ts";
import { PlanPage } from "./pages/plan-page.ts";
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
  await expect(frame.page.getByText("you review the plan before anything is written")).toBeVisible();
  expect(await camera.photograph("runbooks-empty")).toEqual([]);
});

test("a key is rotated by one click: its plan is shown whole, its run is followed, only the new key lets in, and it is undone", async ({
  stage,
  sample,
  camera,
}) => {
  test.skip(!sample.hasHosts, NEEDS_HOSTS);
  await using lab = await startRunbooksLab(["web-1", "web-2", "db-1"]);
  const before = await lab.readFiles();
  const frame = await open(stage, lab);
  const list = await frame.goTo("Grants");
  const drawer = await list.open("jo@desk");
  await drawer.getByRole("button", { name: "Rotate the key" }).click();

  const plan = new PlanPage(frame.page);
  await expect(plan.summary).toHaveText("Plan: 0 to add, 9 to change, 0 to remove on 3 hosts");
  await expect(plan.main).toContainText("restrict,pty the new key jo@desk");
  expect(await camera.photograph("plan")).toEqual([]);
  const planAddress = frame.page.url();
  await frame.goTo("Runs");
  await frame.page.getByText("1 plan not applied").click();
  expect(await camera.photograph("plans-not-applied")).toEqual([]);
  await frame.page.getByRole("link", { name: /^Rotate .* on 3 hosts/ }).click();
  expect(frame.page.url()).toBe(planAddress);
  await expect(plan.apply).toBeDisabled();
  await plan.approve();
  expect(await camera.photograph("plan-approved")).toEqual([]);
  const run = await plan.run();
  await run.getByText("Committed", { exact: true }).waitFor();
  await expect(run).toContainText("Create key");
  expect(await camera.photograph("run")).toEqual([]);
  await run.getByRole("tab", { name: "Journal" }).click();
  await expect(run).toContainText("intends");
  expect(await camera.photograph("run-journal")).toEqual([]);

  const made = await lab.readFingerprint();
  expect(made).not.toBe(lab.fingerprint);
  await expect(run).toContainText(made);
  for (const file of await lab.readFiles()) expect(file.match(/jo@desk/g)).toHaveLength(3);
  await frame.goTo("Grants");
  await frame.goToAddress(`/access?fingerprint=${encodeURIComponent(made)}`);
  await list.filtered("Key");
  await expect(list.rows).toHaveCount(9);
  await frame.goToAddress(`/access?fingerprint=${encodeURIComponent(lab.fingerprint)}`);
  await expect(frame.page.getByText("No grant matches")).toBeVisible();

  const runs = await frame.goTo("Runs");
  const finished = await runs.open("Rotate");
  await finished.getByRole("button", { name: "Undo" }).click();
  expect(await camera.photograph("run-undo")).toEqual([]);
  await frame.page.getByRole("dialog").getByRole("button", { name: "Undo" }).click();
  await runs.row("Rolled back").waitFor();
  expect(await camera.photograph("run-undone")).toEqual([]);
  expect(await lab.readFingerprint()).toBe(lab.fingerprint);
  expect(await lab.readFiles()).toEqual(before);
});

/** A lab of one host, which several tests share. */
let oneHost: RunbooksLab | null = null;
const findOneHost = async (): Promise<RunbooksLab> => {
  oneHost ??= await startRunbooksLab(["web-1"]);
  return oneHost;
};
test.afterAll(() => oneHost?.[Symbol.asyncDispose]());

test("a plan that was exported is opened again as it was; one that somebody has edited is refused", async ({
  stage,
  sample,
}) => {
  test.skip(!sample.hasHosts, NEEDS_HOSTS);
  const lab = await findOneHost();
  const frame = await open(stage, lab);
  const { page } = frame;
  const list = await frame.goTo("Grants");
  const drawer = await list.open("mallory");
  await drawer.getByRole("button", { name: "Remove" }).click();
  const plan = new PlanPage(page);
  await plan.apply.waitFor();
  const download = page.waitForEvent("download");
  await plan.decision.getByRole("button", { name: "As JSON" }).click();
  const text = await readFile(await (await download).path(), "utf8");

  const take = async (content: string) => {
    await frame.goTo("Runs");
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

test("lines of a run that somebody has changed are repaired from its page by keys alone, once they are shown", async ({
  stage,
  sample,
  camera,
}) => {
  test.skip(!sample.hasHosts, NEEDS_HOSTS);
  const lab = await findOneHost();
  const [host] = lab.hosts;
  const file = "/root/.ssh/authorized_keys";
  const frame = await open(stage, lab);
  const { page } = frame;
  const list = await frame.goTo("Grants");
  const drawer = await list.open("jo@desk");
  await drawer.getByRole("button", { name: "Rotate the key" }).click();
  const plan = new PlanPage(page);
  await plan.apply.waitFor();
  await plan.decision.getByText(/^one host first/).click();
  await plan.decision.getByLabel("Days that both keys stand").fill("3");
  // What is typed into a field is lost unless a plan is made of it.
  await expect(plan.decision).toContainText("what you have changed is not in this plan: make the plan anew");
  await expect(plan.decision.getByRole("button", { name: "As JSON" })).toBeDisabled();
  await plan.decision.getByRole("button", { name: "Make the plan anew" }).click();
  await expect(plan.main).toContainText("Watch the logs");
  const elsewhere = join(lab.home, "elsewhere");
  await copyFile(join(lab.home, ".ssh/id_ed25519"), elsewhere);
  await plan.approve();
  const run = await plan.run();
  await run.getByText("Waiting", { exact: true }).waitFor();

  await untilSeenAsLater();
  if (host) await logIn(host, elsewhere);
  await run.getByRole("button", { name: "Check again now" }).click();
  const uses = run.getByRole("list", { name: "Uses of the old key" });
  await expect(uses).toContainText(/^deploy@\S+: logged in to with the old key at \S+, from \S+/);
  const removeNow = run.getByRole("button", { name: "Remove now" });
  await removeNow.waitFor();
  expect(await camera.photograph("run-old-key-used")).toEqual([]);
  await removeNow.click();
  const ending = page.getByRole("dialog", { name: "Remove the old key now?" });
  await ending.getByLabel(/^Type /).fill(host?.address ?? "");
  const remove = ending.getByRole("button", { name: "Remove now" });
  await expect(remove).toBeDisabled();
  await ending.getByLabel("I accept this risk").check();
  expect(await camera.photograph("run-end-grace-used")).toEqual([]);
  await frame.press("Escape");

  const repair = run.getByRole("button", { name: "Repair" });
  await expect(repair).toBeHidden();
  // The line that the run has put there is there twice, so that only a person can decide about it.
  await host?.run(`sed -i '$s/.*/&\\nno-pty &/' ${file}`);
  const added = (await host?.run(`cat ${file}`))?.trim().split("\n") ?? [];
  await run.getByRole("button", { name: "Roll back" }).click();
  await page
    .getByRole("dialog", { name: "Roll this run back?" })
    .getByRole("button", { name: "Roll back" })
    .click();
  await repair.waitFor();
  expect(await camera.photograph("run-needs-attention")).toEqual([]);

  await repair.focus();
  await frame.press("Enter");
  const dialog = page.getByRole("dialog", { name: "Repair these files?" });
  const agree = dialog.getByRole("button", { name: "Repair" });
  await expect(agree).toBeFocused();
  await expect(dialog).toContainText(file);
  await expect(dialog.locator("pre")).toHaveText(`- ${added[1]}\n`);
  expect(await camera.photograph("run-repair")).toEqual([]);
  await frame.press("Escape");
  await expect(repair).toBeFocused();
  await frame.press("Enter");
  await expect(agree).toBeFocused();
  await frame.press("Enter");
  await run.locator("header").getByText("Rolled back", { exact: true }).waitFor();
  await expect(repair).toBeHidden();
  expect(await host?.run(`cat ${file}`)).toBe(`${added[0]}\n${added[2]}\n`);
});
