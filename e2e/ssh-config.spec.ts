import { mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "./latchkey.ts";

const KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEB";

const SSH_CONFIG = `Host bastion
  HostName 192.0.2.1
  User deploy
Host app1 app2
  ProxyJump bastion
  Port 2222
Host tunnel
  ProxyCommand nc %h %p
Host db
  Prot 22
Match exec "vpn-is-up"
  User nobody
`;

/** Fills ~/.ssh for as long as a test lasts: the home is that of every test. */
async function fillSshFolder(home: string) {
  const folder = join(home, ".ssh");
  await mkdir(folder, { mode: 0o700, recursive: true });
  await writeFile(join(folder, "config"), SSH_CONFIG, { mode: 0o600 });
  await writeFile(join(folder, "known_hosts"), `web1.corp ${KEY}\nweb2.corp ${KEY}\n`, { mode: 0o600 });
  return {
    [Symbol.asyncDispose]: async () => {
      for (const name of ["config", "known_hosts"]) await rm(join(folder, name));
    },
  };
}

test("hosts of ssh_config and known_hosts are offered, and what of them cannot be done is said first", async ({
  sample,
  openSample,
  camera,
}) => {
  await using _files = await fillSshFolder(sample.home);
  const frame = await openSample();
  const dialog = await frame.openScanDialog();
  await dialog.root.getByLabel("5 hosts of ~/.ssh/config").check();
  await expect(dialog.start).toHaveText("Scan 5 targets");
  await expect(dialog.root).toContainText("ssh://app1:2222");
  await expect(dialog.root).toContainText("Logs in over SSH as deploy");
  await expect(dialog.root).toContainText("runs ProxyCommand nc %h %p, by OpenSSH's ssh (~/.ssh/config:8)");
  await expect(dialog.root).toContainText("Match exec is not evaluated");
  await expect(dialog.root).toContainText('~/.ssh/config line 10: "Prot 22" is not a keyword that ssh knows');

  await dialog.root.getByLabel(/^Names in known_hosts/).check();
  await dialog.write(["shop.example:443", "web3.corp:x", "web4.corp:y"]);
  await expect(dialog.start).toHaveText("Scan 8 targets");
  await expect(dialog.root).toContainText("3 entries cannot be read, and are left out");
  await expect(dialog.root).toContainText('line 2: "web3.corp:x" has no port');
  expect(await camera.photograph("scan-sources")).toEqual([]);
});

test("the first page counts what ssh_config names", async ({ sample, openEmpty, camera }) => {
  await using _files = await fillSshFolder(sample.home);
  const { page } = await openEmpty();
  await expect(page.getByText("hosts in ssh_config")).toBeVisible();
  await expect(page.getByText("1 line of it cannot be read")).toBeVisible();
  expect(await camera.photograph("first-run-ssh-config")).toEqual([]);
});
