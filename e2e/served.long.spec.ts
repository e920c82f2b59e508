import type { Locator } from "@playwright/test";
import type { RenewedFile } from "#testing/lab/start-servers-host.ts";
import { expect, test } from "./latchkey.ts";
import type { Camera } from "./pages/camera.ts";
import { Frame } from "./pages/frame.ts";
import { ListScreen } from "./pages/list-screen.ts";
import { lineOf, type RenewedFilesLab, startRenewedFilesLab } from "./pages/renewed-files-lab.ts";

const NEEDS_HOSTS = "needs root, namespaces and sshd for real hosts";

const PATHS: { [file in RenewedFile]: string } = {
  "shop-rsa": "/etc/nginx/tls/shop-rsa.crt",
  "shop-ec": "/etc/nginx/tls/shop-ec.crt",
  api: "/etc/haproxy/certs/api.pem",
  pay: "/etc/haproxy/certs/pay.pem",
  "mail-rsa": "/etc/postfix/tls/mail-rsa.crt",
  "mail-ec": "/etc/postfix/tls/mail-ec.crt",
  "relay-rsa": "/etc/postfix/tls/relay-rsa.pem",
  "relay-ec": "/etc/postfix/tls/relay-ec.pem",
};
const ALL = Object.keys(PATHS) as RenewedFile[];
/** One of two certificates that each server has side by side. */
const RENEWED: readonly RenewedFile[] = ["shop-rsa", "pay", "mail-rsa", "relay-ec"];

type Show = { lab: RenewedFilesLab; frame: Frame; camera: Camera };

test("a renewal and a roll-back on nginx, HAProxy and Postfix are told for the certificate that they are of, and for no other", async ({
  stage,
  sample,
  camera,
}) => {
  test.skip(!sample.hasHosts, NEEDS_HOSTS);
  test.setTimeout(900_000);
  await using lab = await startRenewedFilesLab();
  const { page, shell } = await stage.open(lab.database, lab.home);
  // As high as the list of everything that is served there.
  await page.setViewportSize({ width: 1280, height: 1500 });
  const frame = new Frame(page, shell);
  await frame.rail.waitFor();
  const show = { lab, frame, camera };

  await look(show, "1-not-seen", { renewed: "not seen", others: "not seen" });
  await lab.scanAll(frame);
  await look(show, "2-first-scan", { renewed: "as configured", others: "as configured" });
  expect(await lab.say("findings", "--rule", "certificate-not-reloaded")).not.toContain("reloaded");

  for (const file of RENEWED) await lab.host.put(file, "new");
  await scanUntil(show, "not reloaded");
  await look(show, "3-renewed", { renewed: "not reloaded", others: "as configured" });
  await lookAtFinding(show, "3-renewed", { rule: "Renewed, not reloaded", says: "have it reload" });

  await reload(lab);
  for (const file of RENEWED) await lab.untilServed(file, "new");
  await look(show, "4-reloaded-not-scanned", { renewed: "not reloaded", others: "as configured" });
  await lab.scanAll(frame);
  await look(show, "5-scanned", { renewed: "as configured", others: "as configured" });

  for (const file of RENEWED) await lab.host.put(file, "old");
  await scanUntil(show, "differs");
  await look(show, "6-rolled-back", { renewed: "differs", others: "as configured" });
  await lookAtFinding(show, "6-rolled-back", { rule: "Serves another certificate", says: "rolled back" });
  await reload(lab);
  for (const file of RENEWED) await lab.untilServed(file, "old");
  await lab.scanAll(frame);
  await look(show, "7-over", { renewed: "as configured", others: "as configured" });

  await lab.host.lose("relay-rsa", "gone");
  await lab.host.lose("mail-ec", "unreadable");
  await lab.host.lose("shop-ec", "other-key");
  await lab.scanAll(frame);
  await lookAtLost(show);
});

/** Files that a reload would fail on: their certificates are still served, and no finding says to reload. */
async function lookAtLost({ lab, frame, camera }: Show): Promise<void> {
  const drawer = await (await frame.goTo("Hosts")).open(lab.host.address);
  await expect(lineOf(drawer, PATHS["relay-rsa"])).not.toContainText("as configured");
  await expect(lineOf(drawer, PATHS["mail-ec"])).not.toContainText("as configured");
  await expect(lineOf(drawer, PATHS["shop-ec"])).toContainText("is the key of another certificate");
  await expect(lineOf(drawer, PATHS.pay)).toContainText("as configured");
  await toTop(drawer.getByRole("heading", { name: /^What it serves/ }));
  expect(await camera.photograph("served-8-lost-host")).toEqual([]);

  const list = await frame.goTo("Findings");
  expect(await camera.photograph("served-8-lost-findings")).toEqual([]);
  for (const [name, rule] of Object.entries(LOST)) {
    await list.filter("Rule", rule);
    await list.rows.first().click();
    await expect(list.drawer).toContainText(/before the server is (reloaded|started again)/);
    expect(await camera.photograph(`served-8-lost-${name}`)).toEqual([]);
    await frame.press("Escape");
    await frame.page.getByRole("button", { name: "Drop the filter Rule" }).click();
    await list.settled();
  }

  const certificates = await frame.goTo("Certificates");
  const certificate = await certificates.open("pay.lab");
  await certificate.getByRole("tab", { name: "Chain" }).click();
  await certificate.getByRole("listitem").filter({ hasText: "Mozilla's roots" }).waitFor();
  expect(await camera.photograph("served-8-lost-chain")).toEqual([]);
}

const LOST = {
  gone: "Certificate file is missing",
  unreadable: "Certificate file holds no certificate",
  "other-key": "Key of another certificate",
};

async function reload({ host }: RenewedFilesLab): Promise<void> {
  for (const server of ["nginx", "haproxy", "postfix"] as const) await host.reload(server);
}

/**
 * On a busy machine a collector may run out of time before it reads the processes: their age is not known then, and the
 * scan is repeated.
 */
async function scanUntil({ lab, frame }: Show, state: string): Promise<void> {
  await expect(async () => {
    await lab.scanAll(frame);
    expect(await lab.say("served")).toContain(`${RENEWED.length} ${state}`);
  }).toPass({ timeout: 120_000 });
}

/** The state of each file in the host's drawer and the terminal, and in the drawer of nginx's RSA certificate. */
async function look(
  { lab, frame, camera }: Show,
  name: string,
  { renewed, others }: { renewed: string; others: string },
): Promise<void> {
  const stateOf = (file: RenewedFile) => (RENEWED.includes(file) ? renewed : others);
  const hosts = await frame.goTo("Hosts");
  const drawer = await hosts.open(lab.host.address);
  for (const file of ALL) await expect(lineOf(drawer, PATHS[file])).toContainText(stateOf(file));
  await toTop(drawer.getByRole("heading", { name: /^What it serves/ }));
  expect(await camera.photograph(`served-${name}-host`)).toEqual([]);
  const said = await lab.say("served");
  for (const file of ALL)
    expect(said).toMatch(new RegExp(`^${stateOf(file)} .*${PATHS[file].replaceAll(".", "\\.")}`, "m"));

  await lineOf(drawer, PATHS["shop-rsa"]).getByRole("link").first().click();
  await frame.title.filter({ hasText: "Certificates" }).waitFor();
  const certificate = new ListScreen(frame.page, "certificates").drawer;
  await certificate.getByRole("tab", { name: "Locations" }).click();
  await toTop(certificate.getByRole("heading", { name: /^Where it is served/ }));
  expect(await camera.photograph(`served-${name}-certificate`)).toEqual([]);
  await frame.press("Escape");
}

async function lookAtFinding(
  { frame, camera }: Show,
  name: string,
  { rule, says }: { rule: string; says: string },
): Promise<void> {
  const list = await frame.goTo("Findings");
  await list.filter("Rule", rule);
  await expect(list.rows).toHaveCount(RENEWED.length);
  const drawer = await list.open("shop.lab");
  await expect(drawer).toContainText(says);
  expect(await camera.photograph(`served-${name}-finding`)).toEqual([]);
  await frame.press("Escape");
}

const toTop = (line: Locator): Promise<void> => line.evaluate((element) => element.scrollIntoView());
