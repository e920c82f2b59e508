/** The tasks of a morning, each from Today: with how many clicks, and the first four of them by keys alone. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Page } from "@playwright/test";
import { copySample, expect, test } from "./latchkey.ts";
import { makeCertificateBundle } from "./pages/certificate-bundle.ts";
import { Frame } from "./pages/frame.ts";
import { InspectDialog } from "./pages/inspect-dialog.ts";
import { ListScreen } from "./pages/list-screen.ts";
import { PlanPage } from "./pages/plan-page.ts";
import { countPresses, tabTo } from "./pages/presses.ts";
import { addAuthority, readServed, startRenewalLab } from "./pages/renewal-lab.ts";
import { startRunbooksLab } from "./pages/runbooks-lab.ts";
import { ScanPanel } from "./pages/scan-panel.ts";
import { fillSshFolder } from "./pages/ssh-folder.ts";
import { makeVault } from "./pages/vault-panel.ts";
import type { Stage } from "./stages/stage.ts";

test.skip(({ sample }) => !sample.hasHosts, "needs root, namespaces and sshd for real hosts");

async function open(stage: Stage, { database, home }: { database: string; home: string }): Promise<Frame> {
  const { page, shell } = await stage.open(database, home);
  const frame = new Frame(page, shell);
  await frame.rail.waitFor();
  return frame;
}

const linesOf = (page: Page) =>
  page.getByRole("region", { name: "What needs attention" }).getByRole("listitem");

const rootPathsOf = (page: Page) =>
  page
    .getByRole("complementary", { name: "host" })
    .locator("section section")
    .filter({ has: page.getByRole("heading", { name: "Who can be root" }) });

/** nginx serves a certificate that expires in five days, and an issuer is set up. */
async function startDueLab(stage: Stage) {
  await using stack = new AsyncDisposableStack();
  const lab = stack.use(await startRenewalLab());
  await lab.host.run(
    `cd /etc/tls; openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout nginx.key -out nginx.pem -not_before ${inDays(-80)} -not_after ${inDays(5)} -subj /CN=nginx.lab -addext subjectAltName=DNS:nginx.lab 2>/dev/null; nginx -s reload`,
  );
  await lab.scanAgain();
  const frame = await open(stage, lab);
  await frame.goTo("Issuers and vault");
  await makeVault(frame.page);
  await addAuthority(frame.page, "corp");
  await frame.goTo("Today");
  const owned = stack.move();
  return { lab, frame, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

/** As OpenSSL takes it. */
const inDays = (days: number): string =>
  `${new Date(Date.now() + days * 86_400_000).toISOString().replaceAll(/\D/g, "").slice(0, 14)}Z`;

/** The key of the sample's hosts, where runs look for it. */
const holdSampleKey = async ({ home, identity }: { home: string; identity: string | null }) =>
  fillSshFolder(home, { id_ed25519: await readFile(identity ?? "", "utf8") });

test("what expires is seen and renewed by at most six clicks", async ({ stage }) => {
  await using due = await startDueLab(stage);
  const { page } = due.frame;
  const before = await readServed(due.lab.host);
  const presses = await countPresses(page);
  const line = linesOf(page).filter({ hasText: "nginx.lab" }).filter({ hasText: "expires" });
  await line.getByRole("button", { name: "Renew" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Preview the plan" }).click();
  const plan = new PlanPage(page);
  await plan.approve();
  const run = await plan.run();
  await expect(run).toContainText("Installed");
  expect(await presses()).toBeLessThanOrEqual(6);
  expect(await readServed(due.lab.host)).not.toBe(before);
});

test("who can be root on a host and why is seen by two clicks", async ({ openSample, camera }) => {
  const { page, rail } = await openSample();
  const presses = await countPresses(page);
  await rail.getByRole("link", { name: "Hosts" }).click();
  const list = new ListScreen(page, "hosts");
  await list.rows.filter({ hasText: "Read" }).first().click();
  const paths = rootPathsOf(page);
  await expect(paths).toContainText(/logs in as \S+ with SHA256:\S+: \S+authorized_keys:\d/);
  // Others who log in there become nobody else.
  await expect(paths).not.toContainText(/logs in as (?!root@)/);
  await paths.scrollIntoViewIfNeeded();
  expect(await presses()).toBe(2);
  expect(await camera.photograph("host-who-can-be-root")).toEqual([]);
});

test("whoever has left is offboarded by three clicks, and that is undone", async ({
  openSample,
  sample,
  camera,
}) => {
  await using _key = await holdSampleKey(sample);
  const { page } = await openSample();
  const presses = await countPresses(page);
  const line = linesOf(page).filter({ hasText: /carol/i }).filter({ hasText: "left" });
  await line.getByRole("button", { name: "Offboard" }).click();
  const plan = new PlanPage(page);
  await plan.approve();
  expect(await camera.photograph("plan-offboard")).toEqual([]);
  const run = await plan.run();
  await run.getByText("Committed", { exact: true }).waitFor();
  expect(await presses()).toBeLessThanOrEqual(3);
  await run.getByRole("button", { name: "Undo", exact: true }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Undo", exact: true }).click();
  await run.locator("header").getByText("Rolled back", { exact: true }).waitFor();
});

test("a key is rotated on three hosts, and that is undone, by seven clicks", async ({ stage }) => {
  await using lab = await startRunbooksLab(["web-1", "web-2", "db-1"]);
  const before = await lab.readFiles();
  const { page, rail } = await open(stage, lab);
  const presses = await countPresses(page);
  await rail.getByRole("link", { name: "Access" }).click();
  const grants = new ListScreen(page, "grants");
  const drawer = await grants.open("jo@desk");
  await drawer.getByRole("button", { name: "Rotate the key" }).click();
  const plan = new PlanPage(page);
  await plan.approve();
  const run = await plan.run();
  await run.getByText("Committed", { exact: true }).waitFor();
  expect(await lab.readFingerprint()).not.toBe(lab.fingerprint);
  await run.getByRole("button", { name: "Undo", exact: true }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Undo", exact: true }).click();
  await run.locator("header").getByText("Rolled back", { exact: true }).waitFor();
  expect(await presses()).toBeLessThanOrEqual(7);
  expect(await lab.readFiles()).toEqual(before);
});

test("new hosts of ~/.ssh/config are scanned from Today by four clicks, and then it asks for no more", async ({
  stage,
  sample,
  camera,
}) => {
  await using lab = await startRunbooksLab(["web-1", "web-2", "db-1"]);
  await using _config = await fillSshFolder(lab.home, {
    config: lab.hosts
      .map(({ address }, index) => `Host lab${index + 1}\nHostName ${address}\nUser root\n`)
      .join(""),
  });
  const database = join(lab.home, "other.db");
  await copySample(sample, database);
  const { page } = await open(stage, { database, home: lab.home });
  const presses = await countPresses(page);
  const offer = page.getByText("3 hosts of ~/.ssh/config have not been scanned");
  await offer.scrollIntoViewIfNeeded();
  expect(await camera.photograph("today-not-scanned")).toEqual([]);
  await offer.getByRole("button", { name: "Scan them" }).click();
  const dialog = new ScanPanel(page.getByRole("dialog", { name: "Scan" }));
  await expect(dialog.start).toHaveText("Scan 3 targets");
  await dialog.start.click();
  await dialog.hostKeys.getByLabel("All 3").click();
  await dialog.hostKeys.getByRole("button", { name: "Accept 3 host keys" }).click();
  await expect(dialog.progress).toContainText("3 of 3 scanned");
  await expect(dialog.visits.filter({ hasText: "Read" })).toHaveCount(3);
  expect(await presses()).toBe(4);
  await page.keyboard.press("Escape");
  await expect(offer).toHaveCount(0);
});

test("a bundle is imported by at most two clicks, what changed in seven days is seen by one, and anything is found by one", async ({
  openSample,
  sample,
}) => {
  const { page } = await openSample();
  const presses = await countPresses(page);
  const inspect = new InspectDialog(page);
  await inspect.drop([
    { name: "vault.bundle", text: makeCertificateBundle("vault", "/etc/tls/none.pem", []) },
  ]);
  await inspect.file("vault.bundle").getByRole("button", { name: "Import", exact: true }).click();
  await expect(inspect.file("vault.bundle")).toContainText("Imported");
  // To drop a file is a press of its own.
  expect((await presses()) + 1).toBeLessThanOrEqual(2);
  await page.keyboard.press("Escape");

  const beforeChanges = await presses();
  await page.getByRole("link", { name: "What changed in 7 days" }).click();
  await expect(new ListScreen(page, "changes").rows.first()).toBeVisible();
  await expect(page.getByRole("button", { name: "7 days" })).toHaveAttribute("aria-pressed", "true");
  expect((await presses()) - beforeChanges).toBe(1);

  const beforeFind = await presses();
  await page.keyboard.press("Control+k");
  const found = page.getByRole("listbox", { name: "Found" }).getByRole("option");
  for (const [words, hint] of [
    [sample.targets.find((target) => target.includes("@"))?.split("@")[1] ?? "", "host"],
    ["carol", "person"],
    ["grafana", "certificate"],
    ["forecast", "screen"],
    ["inspect", "action"],
  ] as const) {
    await page.getByRole("combobox", { name: /^Find hosts, people/ }).fill(words);
    await expect(found.filter({ hasText: hint }).first()).toBeVisible();
  }
  await page.getByRole("combobox", { name: /^Find hosts, people/ }).fill("carol");
  await found.filter({ hasText: "person" }).first().click();
  await expect(page.getByRole("complementary", { name: "person" })).toContainText(/carol/i);
  expect((await presses()) - beforeFind).toBe(1);
});

test("by keys alone: what expires is renewed", async ({ stage }) => {
  await using due = await startDueLab(stage);
  const { page } = due.frame;
  const before = await readServed(due.lab.host);
  const presses = await countPresses(page);
  const line = linesOf(page).filter({ hasText: "nginx.lab" }).filter({ hasText: "expires" });
  await tabTo(line.getByRole("button", { name: "Renew" }));
  await due.frame.press("Enter");
  await tabTo(page.getByRole("dialog").getByRole("button", { name: "Preview the plan" }));
  await due.frame.press("Enter");
  await approveByKeys(due.frame);
  const run = page.getByRole("complementary", { name: "run" });
  await expect(run).toContainText("Installed");
  expect(await readServed(due.lab.host)).not.toBe(before);
  expect(await presses()).toBe(0);
});

test("by keys alone: who can be root on a host and why is seen, and whoever has left is offboarded", async ({
  openSample,
  sample,
}) => {
  await using _key = await holdSampleKey(sample);
  const frame = await openSample();
  const { page } = frame;
  const presses = await countPresses(page);
  await frame.press("g");
  await frame.press("h");
  await expect(new ListScreen(page, "hosts").rows.first()).toBeVisible();
  await frame.press("j");
  await frame.press("Enter");
  await expect(rootPathsOf(page)).toContainText("logs in as");
  await frame.press("Escape");

  await frame.press("g");
  await frame.press("o");
  const line = linesOf(page).filter({ hasText: /carol/i }).filter({ hasText: "left" });
  await tabTo(line.getByRole("button", { name: "Offboard" }));
  await frame.press("Enter");
  await approveByKeys(frame);
  const run = page.getByRole("complementary", { name: "run" });
  await run.getByText("Committed", { exact: true }).waitFor();
  await undoByKeys(frame);
  expect(await presses()).toBe(0);
});

test("by keys alone: a key is rotated on three hosts, and that is undone", async ({ stage }) => {
  await using lab = await startRunbooksLab(["web-1", "web-2", "db-1"]);
  const before = await lab.readFiles();
  const frame = await open(stage, lab);
  const { page } = frame;
  const presses = await countPresses(page);
  await frame.press("g");
  await frame.press("a");
  const grants = new ListScreen(page, "grants");
  await expect(grants.row("jo@desk").first()).toBeVisible();
  await frame.press("/");
  await page.keyboard.type("jo@desk");
  await expect(grants.row("mallory")).toHaveCount(0);
  await frame.press("Enter");
  await frame.press("r");
  await approveByKeys(frame);
  const run = page.getByRole("complementary", { name: "run" });
  await run.getByText("Committed", { exact: true }).waitFor();
  expect(await lab.readFingerprint()).not.toBe(lab.fingerprint);
  await undoByKeys(frame);
  expect(await presses()).toBe(0);
  expect(await lab.readFiles()).toEqual(before);
});

/** Ticks each risk of the plan, types what is to be typed, and applies it. */
async function approveByKeys(frame: Frame): Promise<void> {
  const plan = new PlanPage(frame.page);
  await plan.apply.waitFor();
  for (const box of await plan.main.getByLabel("I accept this risk").all()) {
    await tabTo(box);
    await frame.press("Space");
  }
  const word = plan.decision.getByLabel(/^Type /);
  if ((await word.count()) > 0) {
    const label = await plan.decision.locator("label").filter({ hasText: "Type " }).textContent();
    await tabTo(word);
    await frame.page.keyboard.type(label?.replace(/^Type /, "") ?? "");
  }
  await expect(plan.apply).toBeEnabled();
  await frame.press("Control+Enter");
}

async function undoByKeys(frame: Frame): Promise<void> {
  const run = frame.page.getByRole("complementary", { name: "run" });
  await tabTo(run.getByRole("button", { name: "Undo", exact: true }));
  await frame.press("Enter");
  await tabTo(frame.page.getByRole("dialog").getByRole("button", { name: "Undo", exact: true }));
  await frame.press("Enter");
  await run.locator("header").getByText("Rolled back", { exact: true }).waitFor();
}
