/** The attacker is another user of this computer; the page of `latchkey serve` is open in a browser. */

import { TAB_CHANNEL } from "#shared/contract/transport/web-protocol.ts";
import { formatHostAddress } from "#shared/text/hosts/target.ts";
import { startAttack } from "#testing/attacks/start-attack.ts";
import { startSilentServer } from "#testing/servers.ts";
import { expect, test } from "../latchkey.ts";
import { playedOn } from "../stages/played-on.ts";

test.skip(playedOn !== "web", "the desktop window has no port");

/** As the page keeps it, in JSON within JSON. */
const SECRET = /"secret\\*":\\*"([\w-]{43})/;
const PASSPHRASE = "correct horse battery staple";

/** What a stranger serves at the address of a Latchkey that has ended: it asks every open tab for a session. */
const ASKING_PAGE = `<!doctype html><title>asking</title><script>
  const channel = new BroadcastChannel("${TAB_CHANNEL}");
  globalThis.received = [];
  channel.onmessage = ({ data }) => {
    received.push(data);
    if (data.kind === "offer") channel.postMessage({ kind: "take", tab: data.tab, by: data.by });
  };
  setInterval(() => channel.postMessage({ kind: "request", tab: "A".repeat(43) }), 20);
</script>`;

test("ten wrong codes of another user free no port: the page goes on, and so does its scan", async ({
  openSample,
}) => {
  await using silent = await startSilentServer();
  const frame = await openSample();
  const { host, port } = new URL(frame.page.url());
  const dialog = await frame.openScanDialog();
  const logins = Array.from(
    { length: 12 },
    (_, index) => `user${index}@${formatHostAddress(silent.endpoint)}`,
  );
  await dialog.scan(logins);
  const running = frame.page.getByRole("link", { name: /Scanning \d+ of 12/ });
  await expect(dialog.progress).toContainText("of 12 scanned");
  await frame.press("Escape");

  await using stranger = await startAttack("take-port.py", port, host);
  const { codes } = await stranger.until("codes");
  expect(codes).toEqual(Array(10).fill(401));
  const list = await frame.goTo("Certificates");
  await expect(list.rows.first()).toContainText("grafana");
  await frame.page.reload();
  await list.rows.first().waitFor();
  await expect(running).toBeVisible();
  expect(stranger.said.filter((what) => !("codes" in what))).toEqual([]);
});

test("whoever has the port after Latchkey hears no secret, no call and no passphrase, and a reload asks for nothing", async ({
  openSample,
  camera,
}) => {
  const frame = await openSample();
  const { page } = frame;
  await frame.goTo("Issuers and vault");
  const { host, port } = new URL(page.url());
  const panel = page.locator("section").filter({ has: page.getByRole("heading", { name: "Vault" }) });
  for (const field of await panel.getByRole("textbox").all()) await field.fill(PASSPHRASE);
  let kept = "";
  const keep = async () => {
    kept = await page.evaluate(() => JSON.stringify(sessionStorage));
    return kept;
  };
  // The page keeps it once the server has shown that it has it, too.
  await expect.poll(keep).toMatch(SECRET);
  await using stranger = await startAttack("take-port.py", port, host, 0);
  await stranger.until("codes");

  await frame.shell.stop();
  await stranger.until("bound");
  await stranger.until("heard");
  // A user who has typed a passphrase presses this next, where the page still lets them.
  const create = panel.getByRole("button", { name: "Create the vault" });
  const left = page.getByRole("heading", { name: "Another program answers" });
  await create.or(left).first().click();
  await expect(left).toBeVisible();
  expect(page.url()).toMatch(/^blob:/);
  expect(await page.content()).not.toContain("grafana");
  expect(await camera.photographBare("another-program")).toEqual([]);

  const heard = JSON.stringify(stranger.said);
  const secret = SECRET.exec(kept)?.[1];
  expect(secret).toBeDefined();
  expect(heard).not.toContain(secret);
  expect(heard).not.toMatch(/latchkey\.\d, |events\/watch|vault\/|settings\/|"i"/);

  const count = stranger.said.length;
  await page.reload().catch(() => undefined);
  const shown = () => page.content().catch(() => "Unlock the vault");
  await expect.poll(shown).not.toContain("Unlock the vault");
  expect(stranger.said).toHaveLength(count);
});

test("a page that has the address after Latchkey gets no session from the tabs that were open", async ({
  openSample,
  context,
}) => {
  const frame = await openSample();
  await frame.goTo("Hosts");
  const { origin } = new URL(frame.page.url());
  const stranger = await context.newPage();
  await stranger.route(`${origin}/**`, (route) =>
    route.fulfill({ contentType: "text/html", body: ASKING_PAGE }),
  );
  await frame.shell.stop();
  await stranger.goto(`${origin}/`);
  await expect(stranger).toHaveTitle("asking");
  // It asks all the while, until the tab has left.
  await expect.poll(() => frame.page.url(), { timeout: 20_000 }).toMatch(/^blob:/);
  expect(await stranger.evaluate("received")).toEqual([]);
});
