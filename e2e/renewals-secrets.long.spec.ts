import { startPebble } from "#testing/servers/pebble.ts";
import { findSecrets, needlesOf } from "#testing/ssh/key-files.ts";
import { makeTemporaryFolder } from "#testing/temporary-folder.ts";
import { expect, test } from "./latchkey.ts";
import { Frame } from "./pages/frame.ts";
import { PlanPage } from "./pages/plan-page.ts";
import { addDirectory, readServed, startRenewalLab } from "./pages/renewal-lab.ts";
import { makeVault, PASSPHRASE } from "./pages/vault-panel.ts";
import { watchPage } from "./pages/watch-page.ts";

const BINDING = { keyId: "kid-1", key: "zWNDZM6eQGHWpSRTPal5eIUYFTu7EajVIoguysqZ9wG44nMEtx3MUAsUDkMTQ12W" };
const TYPED = [
  { name: "the passphrase", bytes: Buffer.from(PASSPHRASE) },
  { name: "the account's key", bytes: Buffer.from(BINDING.key) },
];

test("of the passphrase and the account's key that were typed, and of a key that was made here, nothing is in the page after a renewal, in what it keeps, was sent or has sent", async ({
  stage,
  sample,
}) => {
  test.skip(!sample.hasHosts, "needs root, namespaces and sshd for real hosts");
  test.setTimeout(300_000);
  await using lab = await startRenewalLab(["nginx"]);
  const { host } = lab;
  await using folder = await makeTemporaryFolder();
  const bindings = { [BINDING.keyId]: BINDING.key };
  await using pebble = await startPebble({ folder: folder.path, httpPort: 80, bindings });
  await pebble.tell("add-a", { host: "nginx.lab.", addresses: [host.address] });
  const readKey = () => host.run("cat /etc/tls/nginx.key");
  const old = needlesOf("the old key", await readKey());
  const { page, shell } = await stage.open(lab.database, lab.home);
  const frame = new Frame(page, shell);
  await frame.rail.waitFor();
  const watched = watchPage(page);
  await page.reload();
  await frame.rail.waitFor();
  await frame.goTo("Issuers and vault");
  await makeVault(page);
  await addDirectory(page, "pebble", { ...pebble, eab: BINDING });

  const list = await frame.goTo("Certificates");
  const drawer = await list.open("nginx.lab");
  await drawer.getByRole("button", { name: "Renew" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByText("Make the key on this computer").click();
  await dialog.getByRole("button", { name: "Preview the plan" }).click();
  const plan = new PlanPage(page);
  await expect(plan.main).toContainText("made on this computer, in the vault, and sent");
  await plan.approve();
  const run = await plan.run();
  await expect(run).toContainText("Installed", { timeout: 120_000 });
  await run.getByRole("button", { name: "Check now" }).click();
  await run.getByText("Committed", { exact: true }).waitFor();

  const made = needlesOf("the new key", await readKey());
  // The search finds the key where it is.
  expect(findSecrets(made, await readKey())).toEqual(["the new key d"]);
  const needles = [...old, ...made, ...TYPED];
  const served = await readServed(host);
  for (const at of ["Journal", "Certificates", "Issuers and vault"] as const) {
    if (at === "Journal") await run.getByRole("tab", { name: at }).click();
    else await frame.goTo(at);
    const places = await watched.read();
    expect(places["what it was sent"]).toContain(served);
    for (const [name, place] of Object.entries(places)) {
      expect(findSecrets(needles, place), `${at}: ${name}`).toEqual([]);
      expect(place, `${at}: ${name}`).not.toMatch(/PRIVATE KEY/);
    }
  }
  expect(watched.sent.join("\n")).toContain("kid-1");
  expect(findSecrets(needles, watched.sent.join("\n"))).toEqual([]);
});
