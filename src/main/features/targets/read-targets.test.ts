import { chmod, mkdir, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { loadSshConfig } from "#connect/load-ssh-config.ts";
import { TargetText } from "#shared/contract/scans.ts";
import { formatTarget } from "#shared/text/hosts/target.ts";
import { makeTemporaryFolder } from "#testing/temporary-folder.ts";
import { createKnownHostsReader, createTargetReader } from "./read-targets.ts";

const KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEB";
const HASHED = "|1|AQEBAQEBAQEBAQEBAQEBAQEBAQE=|AQEBAQEBAQEBAQEBAQEBAQEBAQE=";

/** The home of a user with these files in ~/.ssh. */
async function makeHome(files: Record<string, string>) {
  const folder = await makeTemporaryFolder();
  await mkdir(join(folder.path, ".ssh/conf.d"), { recursive: true });
  for (const [name, text] of Object.entries(files))
    await writeFile(join(folder.path, ".ssh", name), text, { mode: 0o600 });
  const workstation = { user: "jo", home: folder.path, agentSocket: null };
  const readTargets = createTargetReader({
    workstation,
    readKnownHosts: createKnownHostsReader(workstation),
  });
  return {
    ...folder,
    workstation,
    read: (wish: Partial<TargetText>) => readTargets(TargetText.parse({ text: "", ...wish })),
  };
}

test("names mean what ~/.ssh/config and what it includes say, as it stands at each call", async () => {
  await using home = await makeHome({
    config: "Include conf.d/*\nHost web1\n  HostName 10.0.0.1\n",
    "conf.d/one": "Host web2\n  ProxyJump web1\n  Port 2222\n",
  });
  const read = async (text: string) => (await home.read({ text })).targets.map(formatTarget);
  expect(await read("web1 web2 web3:22")).toEqual(["web1:22", "ssh://web2:2222", "web3:22"]);
  await writeFile(join(home.path, ".ssh/conf.d/one"), "Host web2\n  Port 2223\n");
  expect(await read("web2")).toEqual(["ssh://web2:2223", "web2:443"]);
});

test("how many names a pattern of ssh_config makes visited over SSH alone is said, and how to visit TLS too", async () => {
  await using home = await makeHome({
    config: "Host gate\n  HostName 10.0.0.1\nHost * !gate\n  ProxyJump gate\n",
  });
  const { targets, notes } = await home.read({ text: "gate web[1-3] web1 db:443 root@app" });
  const plain = ["gate:22", "web1:22", "web2:22", "web3:22", "db:443", "root@app"];
  expect(targets.map(formatTarget)).toEqual(plain);
  expect(notes).toEqual([
    "3 names are scanned over SSH only, because a pattern of ssh_config gives them another address or a proxy; write name:443 to scan TLS too",
  ]);
});

test("every host that ssh_config names is a target, and what no host can be named is broken", async () => {
  await using home = await makeHome({
    config: "Host web1 *.corp !no\n  Port 2222\nHost we$ird 10.0.0.5 prod/web\nHost web1\n",
  });
  const { targets, broken, sshConfig } = await home.read({ text: "web1 shop:443", sources: ["ssh-config"] });
  expect(targets.map(formatTarget)).toEqual(["ssh://web1:2222", "web1:443", "shop:443", "10.0.0.5:22"]);
  expect(broken).toMatchObject([{ text: "Host we$ird" }, { text: "Host prod/web" }]);
  expect(sshConfig.names).toContain("web1");
});

test("every name in known_hosts that can be read is a target, on its port, once", async () => {
  await using home = await makeHome({
    known_hosts: [
      `web1,10.0.0.1 ${KEY}`,
      `[web2]:2222,[10.0.0.2]:2222 ${KEY}`,
      `10.0.0.3 ${KEY}`,
      `WEB1 ${KEY}`,
      `*.corp ${KEY}`,
      `@cert-authority authority ${KEY}`,
      `@revoked gone ${KEY}`,
      `${HASHED} ${KEY}`,
      "broken ssh-ed25519",
    ].join("\n"),
  });
  const { targets, broken, notes } = await home.read({ sources: ["known-hosts"] });
  expect(targets.map(formatTarget)).toEqual(["web1:22", "ssh://web2:2222", "10.0.0.3:22"]);
  expect(broken).toEqual([
    { where: join(home.path, ".ssh/known_hosts line 9"), text: "", why: "it has no key" },
  ]);
  expect(notes).toEqual([
    "1 name in known_hosts cannot be listed, for it is hashed",
    "2 addresses are left out that known_hosts has beside a name, because the name is scanned",
  ]);
});

test("a known_hosts that cannot be read is said, for a scan would know none of its keys", async () => {
  await using home = await makeHome({});
  await mkdir(join(home.path, ".ssh/known_hosts"));
  const why = `${join(home.path, ".ssh/known_hosts")} cannot be read: it is a folder; host keys that only it has count as unknown`;
  expect((await home.read({ text: "web1" })).notes).toEqual([why]);
  expect((await home.read({ text: "" })).notes).toEqual([why]);
  expect((await home.read({ text: "shop:443" })).notes).toEqual([]);
});

test.skipIf(process.platform === "win32")(
  "a config of one's own that others may write to is said, and not followed",
  async () => {
    await using home = await makeHome({ config: "Host web1\n  HostName 10.0.0.1" });
    await chmod(join(home.path, ".ssh/config"), 0o666);
    const { targets, notes } = await home.read({ text: "web1" });
    expect(targets).toHaveLength(2);
    expect(notes).toEqual([
      "~/.ssh/config is not read: others may write to it; chmod go-w it, as ssh asks, too; hosts are taken as they are written",
    ]);
  },
);

test("another ssh_config is read in place of the usual ones; none reads none; one that is not there is refused", async () => {
  await using home = await makeHome({
    config: "Host web1\n  Port 1",
    other: "Host web1\n  Port 2\n  Prot x",
  });
  const sshConfigFile = join(home.path, ".ssh/other");
  const { targets, broken } = await home.read({ text: "web1:22 jo@web1", sshConfigFile });
  expect(targets.map(formatTarget)).toEqual(["web1:22", "jo@web1:2"]);
  expect(broken).toMatchObject([{ where: "~/.ssh/other line 3", text: "Prot x" }]);
  expect((await home.read({ text: "jo@web1", sshConfigFile: "none" })).targets).toMatchObject([{ port: 22 }]);
  expect((await home.read({ text: "jo@web1", sshConfigFile: "~/.ssh/other" })).targets).toMatchObject([
    { port: 2 },
  ]);
  await expect(home.read({ text: "web1", sshConfigFile: join(home.path, "gone") })).rejects.toThrow(
    "cannot be read as ssh_config (there is no such file)",
  );
});

test("what Match exec would run is never run, and ProxyCommand not to read a list", async () => {
  await using home = await makeHome({});
  const marker = join(home.path, "marker");
  await writeFile(
    join(home.path, ".ssh/config"),
    `Match exec "touch ${marker}"\n  Port 9\nHost web1\n  ProxyCommand touch ${marker}\n  KnownHostsCommand /usr/bin/touch ${marker}\nMatch final exec "touch ${marker}"\n  User x\n`,
  );
  const { targets, notes, sshConfig } = await home.read({ text: "web1 web2:22", sources: ["ssh-config"] });
  expect(targets).toMatchObject([{ port: 22 }, { port: 22 }]);
  expect(sshConfig.routeTo({ kind: "ssh", host: "web1", port: 22, user: null }, "jo").kind).toBe("hops");
  expect(notes).toContain(
    "Match exec is not evaluated: what stands under it is left out (~/.ssh/config:1, ~/.ssh/config:6)",
  );
  await expect(stat(marker)).rejects.toThrow("ENOENT");
});

test("a loop of Include, and a folder in place of a file, are named, and the rest is read", async () => {
  await using home = await makeHome({
    config: "Include conf.d/*\nInclude conf.d\nHost web1\n  Port 2222",
    "conf.d/loop": "# round\nInclude config",
  });
  const { config, files } = await loadSshConfig(home.workstation, join(home.path, ".ssh/config"));
  expect(config.broken).toEqual([
    {
      where: "~/.ssh/conf.d/loop line 2",
      text: "Include config",
      why: "includes ~/.ssh/config inside itself: a loop, which is not followed",
    },
    {
      where: "~/.ssh/config line 2",
      text: "Include conf.d",
      why: "includes ~/.ssh/conf.d, which cannot be read: it is a folder",
    },
  ]);
  expect(config.portOf("web1", null)).toBe(2222);
  expect(files).toEqual(["~/.ssh/config", "~/.ssh/conf.d/loop"]);
});
