import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import type { Locator } from "@playwright/test";
import { expect, test } from "./latchkey.ts";
import { Frame } from "./pages/frame.ts";
import { PlanPage } from "./pages/plan-page.ts";
import { type RunbooksLab, startRunbooksLab } from "./pages/runbooks-lab.ts";
import { environmentOf, type Stage } from "./stages/stage.ts";

const run = promisify(execFile);

const NEEDS_HOSTS = "needs root, namespaces and sshd for real hosts";

async function open(stage: Stage, { database, home }: RunbooksLab): Promise<Frame> {
  const { page, shell } = await stage.open(database, home);
  const frame = new Frame(page, shell);
  await frame.rail.waitFor();
  return frame;
}

async function rollBack(frame: Frame, run: Locator): Promise<void> {
  await run.getByRole("button", { name: "Roll back" }).click();
  const dialog = frame.page.getByRole("dialog", { name: "Roll this run back?" });
  await dialog.getByRole("button", { name: "Roll back" }).click();
  await run.locator("header").getByText("Rolled back", { exact: true }).waitFor();
}

test("a host's own key is rotated from its row, and waits for the days of grace with both of them", async ({
  stage,
  sample,
  camera,
}) => {
  test.skip(!sample.hasHosts, NEEDS_HOSTS);
  await using lab = await startRunbooksLab(["web-1"]);
  const frame = await open(stage, lab);
  const list = await frame.goTo("Host keys");
  const drawer = await list.open("ED25519");
  await drawer.getByRole("button", { name: "Rotate the host key" }).click();
  const plan = new PlanPage(frame.page);
  await plan.apply.waitFor();
  expect(await camera.photograph("plan-host-key")).toEqual([]);
  await plan.decision.getByText(/^one host first/).click();
  await plan.decision.getByLabel("Days that both keys stand").fill("7");
  await plan.decision.getByRole("button", { name: "Make the plan anew" }).click();
  await expect(plan.main).toContainText("7 days");
  await plan.approve();
  const drawn = await plan.run();
  await drawn.getByText("Waiting", { exact: true }).waitFor();
  expect(await camera.photograph("run-host-key-waiting")).toEqual([]);
  await drawn.getByRole("tab", { name: "Journal" }).click();
  await expect(drawn).toContainText("the old key is watched until");
  await rollBack(frame, drawn);
});

test("a key is let in to two accounts, and its lines become those of an authority", async ({
  stage,
  sample,
  camera,
}) => {
  test.skip(!sample.hasHosts, NEEDS_HOSTS);
  await using lab = await startRunbooksLab(["web-1", "web-2"]);
  const frame = await open(stage, lab);
  const { page } = frame;
  const list = await frame.goTo("Grants");
  await page.getByRole("button", { name: "Add a grant" }).click();
  const adding = page.getByRole("dialog", { name: "Add grants" });
  await adding.getByLabel("Key", { exact: true }).fill(await lab.makeLine("sam@laptop"));
  await adding.getByLabel("Accounts").fill("nonsense");
  expect(await camera.photograph("add-grants-nonsense")).toEqual([]);
  await adding.getByLabel("Accounts").fill(lab.hosts.map(({ address }) => `deploy@${address}`).join("\n"));
  await adding.getByLabel("Options").fill("restrict,pty");
  expect(await camera.photograph("add-grants")).toEqual([]);
  await frame.press("ControlOrMeta+Shift+P");
  const plan = new PlanPage(page);
  await expect(plan.summary).toHaveText("Plan: 2 to add, 0 to change, 0 to remove on 2 hosts");
  expect(await camera.photograph("plan-addition")).toEqual([]);
  await plan.approve();
  const drawn = await plan.run();
  await drawn.getByText("Committed", { exact: true }).waitFor();
  for (const files of await lab.readFiles())
    expect(files).toMatch(/^restrict,pty ssh-ed25519 \S+ sam@laptop$/m);

  await frame.goTo("Grants");
  await page.getByRole("searchbox").fill("sam");
  await expect(list.rows).toHaveCount(2);
  await page.getByRole("searchbox").blur();
  await frame.press("ControlOrMeta+a");
  await list.selection.getByRole("button", { name: "Change" }).click();
  await page.getByRole("menuitem", { name: "Move to an authority" }).click();
  const moving = page.getByRole("dialog", { name: "Move to an authority" });
  await moving.getByLabel("Certificate authority").fill(await lab.makeLine("authority"));
  expect(await camera.photograph("move-to-authority")).toEqual([]);
  await frame.press("ControlOrMeta+Shift+P");
  await expect(plan.summary).toHaveText("Plan: 0 to add, 2 to change, 0 to remove on 2 hosts");
  expect(await camera.photograph("plan-authority")).toEqual([]);
  await plan.approve();
  await plan.run();
  await drawn.getByText("Waiting", { exact: true }).waitFor();
  expect(await camera.photograph("run-authority-waiting")).toEqual([]);
  const approve = drawn.getByRole("button", { name: "Approve", exact: true });
  await expect(approve).toBeDisabled();
  for (const { address } of lab.hosts) {
    await drawn.getByLabel("Approve without verification").fill(`deploy@${address}`);
    await approve.click();
    await drawn.getByText("Approved", { exact: true }).first().waitFor();
  }
  await drawn.getByRole("button", { name: "Check again now" }).click();
  await drawn.getByText("Committed", { exact: true }).waitFor();
});

test("the holder of a new key that is nowhere near signs what the run shows, and the old one goes", async ({
  stage,
  sample,
  camera,
}) => {
  test.skip(!sample.hasHosts, NEEDS_HOSTS);
  await using lab = await startRunbooksLab(["web-1"]);
  const folder = join(lab.home, "..");
  await lab.makeLine("held@elsewhere");
  const { stdout: told } = await run("ssh-keygen", ["-lf", join(folder, "other.pub")]);
  const latchkey = (...words: string[]) =>
    run(process.execPath, ["out/main/latchkey.js", "--db", lab.database, ...words], {
      env: environmentOf(lab.home),
    });
  const acknowledgements = ["private-keys", "private-key", "other-way-in"].flatMap((name) => [
    "--acknowledge",
    name,
  ]);
  const given = ["--new-key", join(folder, "held@elsewhere.pub"), "--apply", "--yes", ...acknowledgements];
  await latchkey("rotate", "key", told.split(" ")[1] ?? "", ...given);
  const challenge = join(folder, "challenge.txt");
  await latchkey("runs", "challenge", "1", "--out", challenge);
  await run("ssh-keygen", [
    "-q",
    "-Y",
    "sign",
    "-n",
    "latchkey-run",
    "-f",
    join(folder, "held@elsewhere"),
    challenge,
  ]);
  const frame = await open(stage, lab);
  await frame.goToAddress("/runs?open=1");
  const drawn = frame.page.getByRole("complementary", { name: "run" });
  await drawn.getByText("Not verified").first().waitFor();
  expect(await camera.photograph("run-confirm-key")).toEqual([]);
  await drawn.getByLabel("The signature").fill(await readFile(`${challenge}.sig`, "utf8"));
  await drawn.getByRole("button", { name: "Check the signature" }).click();
  await drawn.getByText("Its holder has signed").waitFor();
  await drawn.getByRole("button", { name: "Check again now" }).click();
  await drawn.getByText("Committed", { exact: true }).waitFor();
});

test("the days of grace are ended by whoever does not want to wait, once the word is typed again", async ({
  stage,
  sample,
  camera,
}) => {
  test.skip(!sample.hasHosts, NEEDS_HOSTS);
  await using lab = await startRunbooksLab(["web-1"]);
  const frame = await open(stage, lab);
  const list = await frame.goTo("Grants");
  const drawer = await list.open("jo@desk");
  await drawer.getByRole("button", { name: "Rotate the key" }).click();
  const plan = new PlanPage(frame.page);
  await plan.apply.waitFor();
  await plan.decision.getByText(/^one host first/).click();
  await plan.decision.getByLabel("Days that both keys stand").fill("7");
  await plan.decision.getByRole("button", { name: "Make the plan anew" }).click();
  await expect(plan.main).toContainText("Watch the logs");
  await plan.approve();
  const drawn = await plan.run();
  await drawn.getByText("Waiting", { exact: true }).waitFor();
  const old = await lab.readFingerprint();
  await drawn.getByRole("button", { name: "Remove now" }).click();
  const dialog = frame.page.getByRole("dialog", { name: "Remove the old key now?" });
  const remove = dialog.getByRole("button", { name: "Remove now" });
  await expect(remove).toBeDisabled();
  expect(await camera.photograph("run-remove-now")).toEqual([]);
  const label = await dialog.locator("label").filter({ hasText: "Type " }).textContent();
  await dialog.getByLabel(/^Type /).fill(label?.replace(/^Type /, "") ?? "");
  await remove.click();
  await drawn.getByText("Committed", { exact: true }).waitFor();
  expect(await lab.readFingerprint()).toBe(old);
  for (const files of await lab.readFiles()) expect(files.match(/jo@desk/g)).toHaveLength(3);
});

test("a rotation is paused and goes on, waits for the days of grace whoever asks, and is taken back", async ({
  stage,
  sample,
  camera,
}) => {
  test.skip(!sample.hasHosts, NEEDS_HOSTS);
  await using lab = await startRunbooksLab(["web-1", "web-2", "db-1"]);
  const frame = await open(stage, lab);
  const before = await lab.readFiles();
  const list = await frame.goTo("Grants");
  const drawer = await list.open("jo@desk");
  await drawer.getByRole("button", { name: "Rotate the key" }).click();
  const plan = new PlanPage(frame.page);
  await plan.apply.waitFor();
  await plan.decision.getByText(/^one host first/).click();
  await plan.decision.getByLabel("Days that both keys stand").fill("7");
  await plan.decision.getByRole("button", { name: "Make the plan anew" }).click();
  await expect(plan.main).toContainText("Watch the logs");
  await plan.approve();
  await frame.page.setViewportSize({ width: 760, height: 860 });
  expect(await camera.photograph("plan-narrow")).toEqual([]);
  const drawn = await plan.run();
  await drawn.getByRole("button", { name: "Pause" }).click();
  await drawn.getByText("Paused", { exact: true }).waitFor();
  expect(await camera.photograph("run-paused-narrow")).toEqual([]);
  await frame.page.setViewportSize({ width: 1280, height: 860 });
  await drawn.getByRole("button", { name: "Go on" }).click();
  await drawn.getByText("Waiting", { exact: true }).waitFor();
  expect(await camera.photograph("run-waiting")).toEqual([]);
  for (const files of await lab.readFiles()) expect(files.match(/jo@desk/g)).toHaveLength(6);
  await drawn.getByRole("button", { name: "Check again now" }).click();
  await drawn.getByRole("tab", { name: "Journal" }).click();
  await expect(drawn.getByText("the old key is watched until")).toHaveCount(2);
  await drawn.getByText("Waiting", { exact: true }).waitFor();
  await rollBack(frame, drawn);
  expect(await lab.readFiles()).toEqual(before);
  expect(await lab.readFingerprint()).toBe(lab.fingerprint);
});

test("all orphans of a selection are planned away at once, and that plan is exported as a script for each host", async ({
  stage,
  sample,
  camera,
}) => {
  test.skip(!sample.hasHosts, NEEDS_HOSTS);
  await using lab = await startRunbooksLab(["web-1", "web-2"]);
  const words = ["--db", lab.database, "inventory", "complete", "--note", "all of them"];
  await run(process.execPath, ["out/main/latchkey.js", ...words], { env: environmentOf(lab.home) });
  const frame = await open(stage, lab);
  const { page } = frame;
  const list = await frame.goTo("Grants");
  await page.getByRole("button", { name: /^Orphaned/ }).click();
  await expect(list.rows).toHaveCount(2);
  await frame.press("j");
  await frame.press("ControlOrMeta+a");
  await frame.press("d");
  const plan = new PlanPage(page);
  await expect(plan.summary).toHaveText("Plan: 0 to add, 0 to change, 2 to remove on 2 hosts");
  const downloads: string[] = [];
  page.on("download", (download) => downloads.push(download.suggestedFilename()));
  await plan.approve();
  await plan.decision.getByLabel("Export unsigned scripts").check();
  await plan.decision.getByRole("button", { name: "As scripts" }).click();
  await expect.poll(() => downloads.length).toBe(2);
  expect(await camera.photograph("plan-exported")).toEqual([]);
  const drawn = await plan.run();
  await drawn.getByText("Committed", { exact: true }).waitFor();
  await frame.goTo("Runs");
  expect(await camera.photograph("runbooks")).toEqual([]);
});
