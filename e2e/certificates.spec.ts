import { expect, test } from "./latchkey.ts";
import { InspectDialog } from "./pages/inspect-dialog.ts";
import { makeServedBundle } from "./pages/served-bundle.ts";

test("certificates are listed with the first to expire on top, and can be searched, filtered and sorted", async ({
  openSample,
  camera,
}) => {
  const frame = await openSample();
  const list = await frame.goTo("Certificates");
  await expect(list.rows.first()).toContainText(/grafana\.corp\.example.*expired \d+ days ago/);
  expect(await camera.photograph("certificates")).toEqual([]);

  await list.filter("Expires", "expired");
  await expect(list.rows).toHaveCount(2);
  await expect(frame.page).toHaveURL(/within=0/);
  await frame.page.getByRole("button", { name: "Drop the filter Expires" }).click();

  // The search also finds the intermediate that this endpoint sends.
  await list.search.fill("pay.shop");
  await expect(list.rows).toHaveCount(2);
  await expect(list.rows.first()).toContainText("pay.shop.example");
  await list.search.fill("");

  await list.sortBy("Certificate");
  await expect(list.table.getByRole("columnheader", { name: "Certificate" })).toHaveAttribute(
    "aria-sort",
    "ascending",
  );
  await expect(frame.page).toHaveURL(/sort=subject/);

  await list.search.fill("no such name");
  await expect(frame.page.getByRole("heading", { name: "No certificate matches" })).toBeVisible();
  expect(await camera.photograph("certificates-no-match")).toEqual([]);
  await frame.page.getByRole("button", { name: "Clear the filters" }).click();
  await expect(list.rows.first()).toContainText("grafana");
});

test("the drawer of a certificate says what breaks when it ends; its address opens it again", async ({
  openSample,
  camera,
}) => {
  const frame = await openSample();
  const list = await frame.goTo("Certificates");
  const drawer = await list.open("pay.shop.example");
  await expect(drawer).toContainText("X509v3 Subject Alternative Name");
  expect(await camera.photograph("certificate")).toEqual([]);
  await drawer.getByRole("tab", { name: "Chain" }).click();
  const mozilla = drawer.getByRole("listitem").filter({ hasText: "Mozilla's roots" });
  await expect(mozilla).toContainText("Root not there");
  await expect(mozilla).toContainText("evaluated against the Baseline Requirements");
  expect(await camera.photograph("certificate-chain")).toEqual([]);
  await drawer.getByRole("tab", { name: "Revocation" }).click();
  await expect(drawer.getByRole("listitem").filter({ hasText: "By " }).first()).toBeVisible();
  expect(await camera.photograph("certificate-revocation")).toEqual([]);
  await drawer.getByRole("tab", { name: "Locations" }).click();
  await expect(drawer.getByRole("listitem").filter({ hasText: "first seen" }).first()).toBeVisible();
  await drawer.getByText("On the wire").first().click();
  await expect(drawer).toContainText("client certificate");
  expect(await camera.photograph("certificate-locations")).toEqual([]);

  await frame.page.reload();
  await expect(list.drawer.getByRole("tab", { name: "Locations", selected: true })).toBeVisible();
  await expect(list.drawer.getByRole("heading", { name: "pay.shop.example" })).toBeVisible();
  await frame.page.goBack();
  await expect(list.drawer).toHaveCount(0);
});

test("the map leads from the line of a configuration to what is served", async ({
  openSample,
  sample,
  camera,
}) => {
  const frame = await openSample();
  const target = sample.targets.find((one) => one.endsWith("/pay.shop.example")) ?? "";
  const { host, text } = await makeServedBundle(target);
  await new InspectDialog(frame.page).importAs(host, { name: "edge.bundle", text });

  const list = await frame.goTo("Certificates");
  const drawer = await list.open("pay.shop.example");
  await drawer.getByRole("tab", { name: "Locations" }).click();
  const line = drawer.getByRole("listitem").filter({ hasText: "names /srv/tls/site.pem" });
  await expect(line).toContainText("as configured");
  await expect(line).toContainText("ssl_certificate in /etc/nginx/nginx.conf:3 names /srv/tls/site.pem");
  await expect(line).toContainText("a link to /srv/tls/site-2.pem");
  await expect(line).toContainText("it is the first certificate in /srv/tls/site.pem");
  expect(await camera.photograph("certificate-map")).toEqual([]);

  const hosts = await frame.goTo("Hosts");
  const onHost = await hosts.open(host);
  const never = onHost.getByRole("listitem").filter({ hasText: "names /srv/tls/older.pem" });
  await expect(never).toContainText(
    "No handshake is answered by it: /srv/tls/site.pem is served in its place, by ssl_certificate in /etc/nginx/nginx.conf:3",
  );
  const late = onHost.getByRole("listitem").filter({ hasText: "names /srv/tls/late.pem" });
  await expect(late).toContainText(/No handshake has shown it: scan [\d.]+:\d+\/late\.example/);
  const served = onHost.getByRole("listitem").filter({ hasText: "names /srv/tls/site.pem" });
  await expect(served).toContainText("as configured");
  await served.scrollIntoViewIfNeeded();
  expect(await camera.photograph("host-serves")).toEqual([]);
  await served.getByRole("link", { name: /pay\.shop\.example/ }).click();
  await expect(list.drawer.getByRole("heading", { name: "pay.shop.example" })).toBeVisible();
});

test("its ASN.1 is a tree that is walked by its keys, with the bytes of each element; the rest is to copy", async ({
  openSample,
  camera,
}) => {
  const frame = await openSample();
  const list = await frame.goTo("Certificates");
  const drawer = await list.open("pay.shop.example");
  await drawer.getByRole("tab", { name: "ASN.1" }).click();
  const tree = drawer.getByRole("tree", { name: "ASN.1" });
  await expect(tree.getByRole("treeitem", { name: /^OBJECT IDENTIFIER/ })).toHaveCount(1);
  await tree.getByRole("treeitem").first().focus();
  const focused = tree.locator(":focus");
  await expect(focused).toHaveAttribute("aria-level", "1");
  for (const key of ["ArrowRight", "ArrowDown", "ArrowRight"]) await frame.page.keyboard.press(key);
  await expect(tree.getByRole("treeitem", { name: "INTEGER 2", exact: true })).toBeVisible();
  await frame.page.keyboard.press("ArrowRight");
  await expect(focused).toHaveAccessibleName("INTEGER 2");
  await expect(drawer.getByRole("region", { name: "Bytes of the element" })).toContainText("02 01 02");
  await frame.page.keyboard.press("ArrowLeft");
  await expect(focused).toHaveAccessibleName("[0]");
  await frame.page.keyboard.press("ArrowLeft");
  await expect(focused).toHaveAttribute("aria-expanded", "false");
  await frame.page.keyboard.press("End");
  await expect(focused).toHaveAccessibleName(/^BIT STRING/);
  await frame.page.keyboard.press("ArrowRight");
  expect(await camera.photograph("certificate-asn1")).toEqual([]);

  await drawer.getByRole("tab", { name: "Raw" }).click();
  await expect(drawer).toContainText("-----BEGIN CERTIFICATE-----");
  await expect(drawer.locator("pre").nth(1)).toContainText(/^3082/);
  expect(await camera.photograph("certificate-raw")).toEqual([]);
  await expect(frame.page).toHaveURL(/tab=raw/);
});

test("an export is every row of the view with the columns that are shown", async ({ openSample }) => {
  const frame = await openSample();
  const list = await frame.goTo("Certificates");
  await list.filter("Expires", "expired");
  await expect(list.rows).toHaveCount(2);
  const [header, ...lines] = await list.exportCsv();
  expect(header).toBe("Certificate,Expires,Findings,Issuer,Key,Seen at,SHA-256");
  expect(lines).toHaveLength(2);
  expect(lines[0]).toMatch(/^CN=grafana.*,certificate-expired.*,[0-9a-f]{64}$/);
});

test("without any, the list says where certificates come from and how to get them", async ({
  openEmpty,
  camera,
}) => {
  const frame = await openEmpty();
  await frame.goTo("Certificates");
  await expect(frame.page.getByRole("heading", { name: "No certificate seen yet" })).toBeVisible();
  expect(await camera.photograph("certificates-empty")).toEqual([]);
  await frame.page.getByRole("button", { name: "Scan endpoints" }).click();
  await expect(frame.page.getByRole("dialog", { name: "Scan" })).toBeVisible();
});
