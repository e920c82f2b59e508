import type { Locator } from "@playwright/test";
import type { HostedServer } from "#testing/lab/start-servers-host.ts";
import { type Pebble, startPebble } from "#testing/servers/pebble.ts";
import { makeTemporaryFolder } from "#testing/temporary-folder.ts";
import { expect, test } from "./latchkey.ts";
import { Frame } from "./pages/frame.ts";
import { PlanPage } from "./pages/plan-page.ts";
import { addDirectory, type RenewalLab, readServed, startRenewalLab } from "./pages/renewal-lab.ts";
import { makeVault } from "./pages/vault-panel.ts";
import type { Stage } from "./stages/stage.ts";

const NEEDS_HOSTS = "needs root, namespaces and sshd for real hosts";

const SERVERS = ["nginx", "apache", "postfix"] as const;

const BINDING = { keyId: "kid-1", key: "zWNDZM6eQGHWpSRTPal5eIUYFTu7EajVIoguysqZ9wG44nMEtx3MUAsUDkMTQ12W" };

/** Long enough for each state of an order to be seen. */
const UNHURRIED = {
  retryAfter: { authz: 2, order: 2 },
  env: { PEBBLE_VA_NOSLEEP: "0", PEBBLE_VA_SLEEPTIME: "4" },
};

async function open(stage: Stage, { database, home }: RenewalLab): Promise<Frame> {
  const { page, shell } = await stage.open(database, home);
  const frame = new Frame(page, shell);
  await frame.rail.waitFor();
  await frame.goTo("Issuers and vault");
  await makeVault(page);
  return frame;
}

const tellNames = (pebble: Pebble, address: string) =>
  Promise.all(
    SERVERS.map((server) => pebble.tell("add-a", { host: `${server}.lab.`, addresses: [address] })),
  );

/**
 * Renews the open certificate by the only issuer, until the new one is verified and the run waits for its
 * post-deployment check.
 */
async function renew({ page }: Frame): Promise<{ run: Locator }> {
  await page.getByRole("complementary").getByRole("button", { name: "Renew" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Preview the plan" }).click();
  const plan = new PlanPage(page);
  await expect(plan.main).toContainText("/var/www/html");
  await plan.approve();
  return { run: await plan.run() };
}

/** Returns the certificate that is served then, which the run shows. */
async function commit(
  frame: Frame,
  run: Locator,
  { host, server }: { host: RenewalLab["host"]; server: HostedServer },
) {
  await run.getByRole("button", { name: "Check now" }).click();
  await run.getByText("Committed", { exact: true }).waitFor();
  const served = await readServed(host, server);
  await run.getByRole("link", { name: "Show it" }).click();
  await expect(frame.page.getByRole("complementary")).toContainText(served);
  return served;
}

test("nginx, Apache and Postfix are each renewed by one click, by an ACME directory that was set up on the screen with its terms and a key of its own", async ({
  stage,
  sample,
  camera,
}) => {
  test.skip(!sample.hasHosts, NEEDS_HOSTS);
  test.setTimeout(600_000);
  await using lab = await startRenewalLab(SERVERS);
  const { host } = lab;
  await using folder = await makeTemporaryFolder();
  const bindings = { [BINDING.keyId]: BINDING.key };
  await using pebble = await startPebble({ folder: folder.path, httpPort: 80, bindings, ...UNHURRIED });
  await tellNames(pebble, host.address);
  const frame = await open(stage, lab);
  const line = await addDirectory(frame.page, "pebble", { ...pebble, eab: BINDING });
  await expect(line).toContainText("with an account");
  await line.scrollIntoViewIfNeeded();
  expect(await camera.photograph("renewal-acme-issuer")).toEqual([]);

  const renewed: string[] = [];
  for (const server of SERVERS) {
    const before = await readServed(host, server);
    const list = await frame.goTo("Certificates");
    await list.open(`${server}.lab`);
    const { run } = await renew(frame);
    await expect(run).toContainText(`http-01 of ${server}.lab`);
    await expect(run).toContainText("Ordered");
    if (server === "nginx") expect(await camera.photograph("renewal-acme-order")).toEqual([]);
    await expect(run).toContainText("Installed");
    renewed.push(await commit(frame, run, { host, server }));
    expect(renewed).not.toContain(before);
  }

  expect(pebble.countReplaced()).toBe(0);
  const { run } = await renew(frame);
  renewed.push(await commit(frame, run, { host, server: "postfix" }));
  expect(pebble.countReplaced()).toBe(1);
  expect(new Set(renewed).size).toBe(renewed.length);
});
