import { expect, test } from "./latchkey.ts";
import { Frame } from "./pages/frame.ts";
import { PlanPage } from "./pages/plan-page.ts";
import { startRunbooksLab } from "./pages/runbooks-lab.ts";

/** On so many hosts, the account has the private key, too. */
const HOLDERS = 3;

const NAMES = Array.from({ length: 20 }, (_, index) => `web-${index + 1}`);

const OPTIONS = [
  "restrict",
  "no-pty",
  'from="127.0.0.0/8"',
  'command="echo kept"',
  'expiry-time="20990101"',
  'environment="SITE=shop"',
  'permitopen="localhost:80"',
  "no-port-forwarding,no-x11-forwarding",
];

/** The thirteenth: its account's file cannot be replaced until it is mended. */
const BROKEN = 12;

test("a key in sixty places of twenty hosts is rotated by one click; the host that breaks half-way is told, and the run goes on when it is mended", async ({
  stage,
  sample,
}) => {
  test.skip(!sample.hasHosts, "needs root, namespaces and sshd for real hosts");
  test.setTimeout(1_200_000);
  await using lab = await startRunbooksLab(NAMES, { options: OPTIONS, holders: HOLDERS });
  const { page, shell } = await stage.open(lab.database, lab.home);
  const frame = new Frame(page, shell);
  await frame.rail.waitFor();
  const list = await frame.goTo("Grants");
  const drawer = await list.open("jo@desk");
  await drawer.getByRole("button", { name: "Rotate the key" }).click();
  const plan = new PlanPage(page);
  await plan.approve();
  await expect(plan.summary).toHaveText("Plan: 0 to add, 60 to change, 0 to remove on 20 hosts");
  const [file, broken] = ["/home/deploy/.ssh/authorized_keys", lab.hosts[BROKEN]];
  await broken?.run(`mount --bind ${file} ${file}`);
  const run = await plan.run();
  await run.getByText("Stopped", { exact: true }).waitFor();
  await expect(run).toContainText(broken?.address ?? "");
  await expect(run).toContainText(file);
  for (const files of await lab.readFiles()) expect(files).toContain("jo@desk");

  await broken?.run(`umount ${file}`);
  await run.getByRole("button", { name: "Go on" }).click();
  await run.getByText("Committed", { exact: true }).waitFor();
  const made = await lab.readFingerprint();
  expect(made).not.toBe(lab.fingerprint);
  for (const [index, files] of (await lab.readFiles()).entries()) {
    expect(files.match(/jo@desk/g)).toHaveLength(3);
    expect(files).toContain(`${OPTIONS[index % OPTIONS.length]} ssh-ed25519 `);
  }
  for (const host of lab.hosts.slice(0, HOLDERS))
    expect(await host.run("ssh-keygen -l -f /home/deploy/.ssh/id_ed25519")).toContain(made);
  await frame.goToAddress(`/access?fingerprint=${encodeURIComponent(made)}`);
  await list.filtered("Key");
  await expect(list.table).toHaveAttribute("aria-rowcount", "61");
  await frame.goToAddress(`/access?fingerprint=${encodeURIComponent(lab.fingerprint)}`);
  await expect(page.getByText("No grant matches")).toBeVisible();
});
