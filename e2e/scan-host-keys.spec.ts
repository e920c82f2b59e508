import type { Locator } from "@playwright/test";
import { makeKeyPair, startSshServer } from "#testing/ssh/ssh-server.ts";
import { expect, test } from "./latchkey.ts";
import { fillSshFolder } from "./pages/ssh-folder.ts";

type Address = { host: string; port: number };

const formatHost = (name: string, { host, port }: Address, ...more: readonly string[]): string =>
  [`Host ${name}`, `HostName ${host}`, `Port ${port}`, ...more, ""].join("\n");

test("from the first screen, new hosts of ~/.ssh/config are compared, accepted and read in four clicks", async ({
  sample,
  openEmpty,
  camera,
}) => {
  test.skip(!sample.hasHosts, "no hosts can be started here");
  const hosts = sample.targets.filter((target) => target.includes("@")).slice(0, 3);
  const config = hosts.map((target, index) => {
    const [user = "", address = ""] = target.split("@");
    return formatHost(
      `lab${index + 1}`,
      { host: address, port: 22 },
      `User ${user}`,
      `IdentityFile ${sample.identity}`,
    );
  });
  await using _files = await fillSshFolder(sample.home, { config: config.join("") });
  const { firstScan, page } = await openEmpty();
  let clicks = 0;
  const click = async (button: Locator) => {
    clicks++;
    await button.click();
  };

  await click(page.getByLabel(`${hosts.length} hosts of ~/.ssh/config`));
  // And localhost, by SSH and TLS, which the first page has written down.
  const total = hosts.length + 2;
  await expect(firstScan.start).toHaveText(`Scan ${total} targets`);
  await click(firstScan.start);
  const list = page.getByRole("region", { name: "Host keys" });
  await expect(list.getByRole("listitem")).toHaveCount(hosts.length);
  await expect(list.getByRole("button", { name: "Accept" })).toBeDisabled();
  expect(await camera.photograph("first-host-keys")).toEqual([]);
  await click(list.getByLabel(`All ${hosts.length}`));
  await click(list.getByRole("button", { name: `Accept ${hosts.length} host keys` }));
  await expect(firstScan.progress).toContainText(`${total} of ${total} scanned`);
  await expect(firstScan.visits.filter({ hasText: "Read" })).toHaveCount(hosts.length);
  await expect(list).toBeHidden();
  expect(clicks).toBeLessThanOrEqual(4);
});

test("what known_hosts and DNS say stands beside each new key; a contradicted one cannot be accepted", async ({
  sample,
  openSample,
  camera,
}) => {
  await using servers = new AsyncDisposableStack();
  const start = async (hostKey?: string) =>
    servers.use(await startSshServer({ run: null, ...(hostKey ? { hostKey } : {}) }));
  const twin = makeKeyPair();
  const [known, changed] = [await start(twin.private), await start()];
  const others = await Promise.all(Array.from({ length: 8 }, () => start()));
  await using _files = await fillSshFolder(sample.home, {
    config: [
      formatHost("web1", known),
      formatHost("web2", changed),
      ...others.map((server, index) => formatHost(`app${index + 1}`, server)),
    ].join(""),
    known_hosts: `old-web.corp ${twin.public}\nweb2,[web2]:${changed.port} ${makeKeyPair().public}\n`,
  });
  const frame = await openSample();
  const { page } = frame;
  const dialog = await frame.openScanDialog();
  await dialog.root.getByLabel("10 hosts of ~/.ssh/config").check();
  await dialog.start.click();
  const list = dialog.root.getByRole("region", { name: "Host keys" });
  const rows = list.getByRole("checkbox", { name: /^Accept the key of/ });
  await expect(rows).toHaveCount(9);
  for (const box of await rows.all()) await expect(box).not.toBeChecked();
  await expect(list).toContainText("1 host is refused for its key");
  await expect(list).toContainText("Another key is known for this host: ssh-ed25519 SHA256:");
  await expect(list).toContainText(/The same key is in known_hosts as old-web\.corp \(.*known_hosts:1\)/);
  await expect(list.getByText("SSHFP: DNS was not asked")).toHaveCount(9);
  await expect(list.getByRole("button", { name: "Go on without all 9" })).toBeInViewport({ ratio: 1 });
  expect(await camera.photograph("host-keys-offered")).toEqual([]);
  await page.setViewportSize({ width: 390, height: 860 });
  expect(await camera.photograph("host-keys-offered-narrow")).toEqual([]);
  await page.setViewportSize({ width: 1280, height: 860 });

  // In the background it is still there, and the header says so.
  await dialog.root.getByRole("button", { name: "Go on in the background" }).click();
  await page.getByRole("link", { name: /Scanning 1 of 10, 9 host keys to accept/ }).click();
  const drawer = page.getByRole("complementary", { name: "scan" });
  const inDrawer = drawer.getByRole("region", { name: "Host keys" });
  await inDrawer.getByLabel("Find a host key").fill("web1");
  await expect(inDrawer.getByRole("checkbox", { name: /^Accept the key of/ })).toHaveCount(1);
  // By keyboard alone: tick the one that was found, and accept it.
  await inDrawer.getByRole("checkbox", { name: /^Accept the key of web1/ }).focus();
  await frame.press("Space");
  expect(await camera.photograph("host-keys-in-drawer")).toEqual([]);
  await inDrawer.getByRole("button", { name: "Accept 1 host key" }).focus();
  await frame.press("Enter");
  await expect(drawer).toContainText("2 of 10 scanned");
  expect(known.seen.clients).toBeGreaterThan(1);
  await inDrawer.getByRole("button", { name: "Go on without all 8" }).click();
  await expect(drawer).toContainText("10 of 10 scanned");
  await expect(drawer.getByText("Host key not accepted")).toHaveCount(8);
  expect([changed, ...others].flatMap(({ attempts }) => attempts)).toEqual([]);
});

for (const [width, height] of [
  [1280, 860],
  [390, 860],
] as const)
  test(`the button that scans is in sight without scrolling at ${width} by ${height}, whatever is to be scanned`, async ({
    sample,
    openEmpty,
    openSample,
    camera,
  }) => {
    await using server = await startSshServer({ run: null });
    const broken = Array.from({ length: 20 }, (_, index) => `Host broken${index}\n  Prot 22\n`).join("");
    await using _files = await fillSshFolder(sample.home, { config: formatHost("web1", server) + broken });
    const isInSight = async (button: Locator) => {
      const box = await button.boundingBox();
      expect(
        box && box.y >= 0 && box.y + box.height <= height && box.x >= 0 && box.x + box.width <= width,
      ).toBe(true);
      await button.click({ trial: true });
    };
    const first = await openEmpty();
    await first.page.setViewportSize({ width, height });
    await isInSight(first.firstScan.start);
    expect(await camera.photograph(`first-run-${width}`)).toEqual([]);
    await first.page.getByLabel("hosts of ~/.ssh/config").check();
    await expect(first.firstScan.start).toHaveText(/^Scan 23 targets/);
    await isInSight(first.firstScan.start);
    await first.firstScan.write(Array.from({ length: 40 }, (_, index) => `web${index}.corp`));
    await expect(first.firstScan.start).toHaveText(/^Scan 101 targets/);
    await isInSight(first.firstScan.start);

    const frame = await openSample();
    await frame.page.setViewportSize({ width, height });
    const dialog = await frame.openScanDialog();
    await isInSight(dialog.start);
    await dialog.root.getByText("Options for SSH").click();
    await dialog.root.getByText("Options for TLS").click();
    await isInSight(dialog.start);
    expect(await camera.photograph(`scan-dialog-${width}`)).toEqual([]);
    await frame.press("Escape");
    await frame.goToAddress("#/scans");
    await isInSight(frame.page.getByRole("banner").getByRole("button", { name: "Scan" }));
  });
