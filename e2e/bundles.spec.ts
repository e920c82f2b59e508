import { execFileSync } from "node:child_process";
import { hash } from "node:crypto";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { readCollector } from "#testing/read-scripts.ts";
import { makeTemporaryFolder } from "#testing/temporary-folder.ts";
import { expect, test } from "./latchkey.ts";
import { InspectDialog } from "./pages/inspect-dialog.ts";

const HOST_KEY =
  "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIKfZjSzMErbXGfl4to9sGo5eVcKTGBG738uWAa0AELuB root@vault\n";

/** What the collector writes, with nearly nothing in it. */
function bundleOf({
  time,
  padding = "",
  hostKey = HOST_KEY,
}: {
  time: number;
  padding?: string;
  hostKey?: string;
}): string {
  const key = `${Buffer.from(hostKey).toString("base64")}\n`;
  const records = [
    `host 0 - uid:0 user:root how:login kernel:Linux hostname:vault arch:x86_64 time:${time} offset:+0000 os:Debian\n`,
    `host-key ${key.length} b64 path:/etc/ssh/ssh_host_ed25519_key.pub\n${key}`,
    `padding ${padding.length} text\n${padding}`,
  ];
  const stream = `latchkey-collection 1 nonce${time}\n${records.join("")}`;
  return `${stream}end ${records.length} nonce${time} sha256 ${hash("sha256", stream)}\n`;
}

const DAY_S = 86_400;
const TODAY_S = Math.floor(Date.now() / 1_000);

test("a bundle that is dropped is shown, and imported once that is said", async ({ openEmpty, camera }) => {
  const frame = await openEmpty();
  const inspect = new InspectDialog(frame.page);
  const first = { name: "vault.bundle", text: `Welcome\n${bundleOf({ time: TODAY_S - 2 * DAY_S })}` };
  await inspect.drop([first, { name: "cut.bundle", text: first.text.slice(0, -30) }]);
  const bundle = inspect.file("vault.bundle");
  await expect(bundle).toContainText("vault:22 (new: no host that is known has its keys)");
  await expect(bundle).toContainText("no person has signed it");
  await expect(inspect.file("cut.bundle")).toContainText("Refused; nothing of it was kept");
  await expect(inspect.file("cut.bundle").getByRole("button")).toHaveCount(0);
  expect(await camera.photograph("bundle")).toEqual([]);

  await bundle.getByLabel("Call the host").fill("vault.corp:2222");
  await bundle.getByRole("button", { name: "Use this name" }).click();
  await expect(bundle).toContainText("vault.corp:2222 (new");
  await bundle.getByRole("button", { name: "Import", exact: true }).click();
  await expect(bundle).toContainText("Imported");
  await frame.press("Escape");

  const scans = await frame.goTo("Scans");
  await expect(scans.rows).toHaveCount(1);
  await expect(scans.rows.first()).toContainText("by bundle");
  await scans.rows.first().click();
  await expect(scans.drawer).toContainText("no person has signed it");
  expect(await camera.photograph("scan-by-bundle")).toEqual([]);
  const hosts = await frame.goTo("Hosts");
  await expect(hosts.rows.first()).toContainText("vault.corp");
});

test("a bundle that was signed says by whom, once the signers are chosen", async ({ openEmpty, folders }) => {
  const folder = folders.use(await makeTemporaryFolder());
  const [key, path] = [join(folder.path, "key"), join(folder.path, "vault.bundle")];
  const text = bundleOf({ time: TODAY_S });
  await writeFile(path, text);
  execFileSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-C", "an auditor", "-f", key]);
  execFileSync("ssh-keygen", ["-Y", "sign", "-q", "-n", "latchkey-bundle", "-f", key, path]);
  const signature = await readFile(`${path}.sig`, "utf8");
  const frame = await openEmpty();
  const inspect = new InspectDialog(frame.page);
  await inspect.drop([
    { name: "vault.bundle", text },
    { name: "vault.bundle.sig", text: signature },
  ]);
  const bundle = inspect.file("vault.bundle");
  await expect(bundle).toContainText("which nobody here is known by");
  const chooser = frame.page.waitForEvent("filechooser");
  await bundle.getByRole("button", { name: "Choose signers" }).click();
  await (await chooser).setFiles(`${key}.pub`);
  await expect(bundle).toContainText("signed by an auditor");
  await bundle.getByRole("button", { name: "Import", exact: true }).click();
  await expect(bundle).toContainText("Imported");
});

test("a bundle that nothing shows to be of its host is kept beside what is known, once that is said", async ({
  openEmpty,
  camera,
  folders,
}) => {
  const folder = folders.use(await makeTemporaryFolder());
  const key = join(folder.path, "host_key");
  execFileSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-C", "root@vault", "-f", key]);
  const hostKey = await readFile(`${key}.pub`, "utf8");
  const signed = (text: string): string => {
    const input = text.slice(text.lastIndexOf("\nend ") + 1);
    const args = ["-Y", "sign", "-q", "-n", "latchkey-host-bundle", "-f", key];
    return `${text}host-signature 1\n${execFileSync("ssh-keygen", args, { input, encoding: "utf8" })}`;
  };
  const frame = await openEmpty();
  const inspect = new InspectDialog(frame.page);
  await inspect.drop([{ name: "vault.bundle", text: signed(bundleOf({ time: TODAY_S - DAY_S, hostKey })) }]);
  const first = inspect.file("vault.bundle");
  await expect(first).toContainText("first use: signed by the host key SHA256:");
  await first.getByRole("button", { name: "Import", exact: true }).click();
  await expect(first).toContainText("Imported");

  await inspect.drop([{ name: "forged.bundle", text: bundleOf({ time: TODAY_S, hostKey }) }]);
  const forged = inspect.file("forged.bundle");
  await expect(forged).toContainText("claimed: no host key has signed it; it stands beside what is known");
  const keep = forged.getByRole("button", { name: "Keep as a claim" });
  await expect(keep).toBeDisabled();
  expect(await camera.photograph("claim")).toEqual([]);
  await forged.getByLabel("Keep what it claims of vault:22 beside what is known of it").check();
  await keep.click();
  await expect(forged).toContainText("Kept as a claim, beside what is known");
  await frame.press("Escape");

  const hosts = await frame.goTo("Hosts");
  await hosts.rows.first().click();
  await expect(hosts.drawer).toContainText("Claimed by unverified bundles");
  await expect(hosts.drawer).toContainText("a bundle, signed by a host key that is known from bundles only");
  expect(await camera.photograph("host-claims")).toEqual([]);
  await hosts.drawer.getByRole("button", { name: "Forget this claim" }).click();
  await expect(hosts.drawer).not.toContainText("Claimed by unverified bundles");
});

test("a bundle larger than a message is taken in parts, and one that is older is refused", async ({
  openEmpty,
}) => {
  const frame = await openEmpty();
  const inspect = new InspectDialog(frame.page);
  const large = bundleOf({ time: TODAY_S, padding: `${"x".repeat(99)}\n`.repeat(20_000) });
  await inspect.drop([{ name: "vault.bundle", text: large }]);
  await inspect.file("vault.bundle").getByRole("button", { name: "Import", exact: true }).click();
  await expect(inspect.file("vault.bundle")).toContainText("Imported");

  await inspect.drop([{ name: "again.bundle", text: large }]);
  await expect(inspect.file("again.bundle")).toContainText("to import it again would change nothing");
  await inspect.drop([{ name: "older.bundle", text: bundleOf({ time: TODAY_S - DAY_S }) }]);
  await expect(inspect.file("older.bundle")).toContainText("it is older than what is known of vault:22");
});

test("the collector and its instructions are saved from the page, to the byte", async ({
  openEmpty,
  camera,
}) => {
  const frame = await openEmpty();
  const inspect = new InspectDialog(frame.page);
  await inspect.open();
  expect(await camera.photograph("offline")).toEqual([]);
  const save = async (name: string) => {
    const saving = frame.page.waitForEvent("download");
    await inspect.root.getByRole("button", { name }).click();
    return readFile(await (await saving).path(), "utf8");
  };
  const script = await readCollector();
  const saved = await save("Save the collector");
  expect(saved).toMatch(/\n\thanded='[0-9a-f]{16}'\n/);
  expect(saved.replace(/(?<=\n\thanded=')[0-9a-f]{16}/, "")).toBe(script);
  expect(await save("Save the instructions")).toContain("WHAT IS IN A BUNDLE");

  // The print view, at the moment when it is printed.
  await frame.page.emulateMedia({ media: "print" });
  const printed = frame.page.evaluate(
    () =>
      new Promise<string>((resolve) => {
        window.print = () => {
          const shown = [...document.body.children].filter((one) => getComputedStyle(one).display !== "none");
          resolve(shown.map(({ textContent }) => textContent).join(""));
          window.dispatchEvent(new Event("afterprint"));
        };
      }),
  );
  await inspect.root.getByRole("button", { name: "Print the instructions" }).evaluate((button) => {
    if (button instanceof HTMLElement) button.click();
  });
  expect((await printed).trim()).toMatch(/^LATCHKEY: READING A HOST[\s\S]*No content of other files\.$/);
  await frame.page.emulateMedia({ media: null });
  await expect(inspect.root.getByRole("button", { name: "Print the instructions" })).toBeVisible();
});
