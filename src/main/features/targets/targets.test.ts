import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { createRouterClient } from "@orpc/server";
import { expect, test } from "vitest";
import type { Announcement } from "#shared/contract/events.ts";
import { writeTarget } from "#shared/text/hosts/target.ts";
import { openStore } from "#store/store.ts";
import { START } from "#store/testing/make-visit.ts";
import { makeTemporaryFolder } from "#testing/temporary-folder.ts";
import { createTargets } from "./index.ts";
import { createKnownHostsReader, createTargetReader } from "./read-targets.ts";

function open(home = "/nonexistent") {
  const store = openStore({ path: ":memory:", access: "write" });
  const announced: Announcement[] = [];
  const announce = (announcement: Announcement) => announced.push(announcement);
  const workstation = { user: "jo", home, agentSocket: null };
  const readTargets = createTargetReader({
    workstation,
    readKnownHosts: createKnownHostsReader(workstation),
  });
  const targets = createRouterClient(
    createTargets({ store, readTargets, workstation, now: () => new Date(START), announce }),
  );
  return { store, announced, targets };
}

test("targets are added once, keep their login, and are listed in their order", async () => {
  const { store, announced, targets } = open();
  expect(await targets.add({ text: "ann@web1, shop.example:443" })).toEqual({
    added: 2,
    known: 0,
    broken: [],
    notes: [],
  });
  expect(await targets.add({ text: "web1:22 web2:22", useSudo: true })).toEqual({
    added: 1,
    known: 1,
    broken: [],
    notes: [],
  });
  expect(await targets.list()).toEqual([
    {
      id: 1,
      target: { kind: "ssh", host: "web1", port: 22, user: "ann" },
      useSudo: true,
      transport: "auto",
      route: "",
      addedAt: START,
    },
    {
      id: 2,
      target: { kind: "tls", host: "shop.example", port: 443, serverName: null, protocol: "tls" },
      useSudo: false,
      transport: "auto",
      route: "",
      addedAt: START,
    },
    {
      id: 3,
      target: { kind: "ssh", host: "web2", port: 22, user: null },
      useSudo: true,
      transport: "auto",
      route: "",
      addedAt: START,
    },
  ]);
  expect(announced).toEqual([{ kind: "targets-changed" }, { kind: "targets-changed" }]);
  expect({ count: store.events.count(), brokenAt: store.events.findBreak() }).toEqual({
    count: 2,
    brokenAt: null,
  });
});

test("a target is removed by its address, and only with its own login when one is named", async () => {
  const { targets } = open();
  await targets.add({ text: "ann@web1 bob@web2 shop:443" });
  expect(await targets.remove({ text: "bob@web1" })).toEqual({ removed: 0, broken: [] });
  expect(await targets.remove({ text: "web1:22 bob@web2 shop:443 unknown:22" })).toEqual({
    removed: 3,
    broken: [],
  });
  expect(await targets.list()).toEqual([]);
});

test("a preview counts and adds nothing", async () => {
  const { targets } = open();
  expect(await targets.preview({ text: "10.0.0.1-40:22 web1:443" })).toMatchObject({
    total: 41,
    ssh: 40,
    tls: 1,
    logins: ["jo"],
    keyFiles: 0,
  });
  expect(await targets.list()).toEqual([]);
});

test("a preview says as whom and with how many keys of ssh_config it would log in, and the first of what is broken", async () => {
  await using home = await makeTemporaryFolder();
  await mkdir(join(home.path, ".ssh"));
  const config =
    "IdentityFile ~/.ssh/%r\nHost web1 web2\n  User deploy\n  ProxyJump gate\nHost gate\n  User jumper\n";
  await writeFile(join(home.path, ".ssh/config"), config, { mode: 0o600 });
  const { targets } = open(home.path);
  const broken = Array.from({ length: 150 }, (_, index) => `a:x${index}`);
  const text = ["web1", "web2", "ann@web1", ...broken].join("\n");
  const preview = await targets.preview({ text, skipBroken: true });
  expect(preview).toMatchObject({ total: 3, ssh: 3, logins: ["deploy", "ann"], keyFiles: 2 });
  expect(preview.broken.total).toBe(150);
  expect(preview.broken.first).toHaveLength(100);
  const added = await targets.add({ text, skipBroken: true });
  expect(added).toMatchObject({ added: 2, known: 1 });
  expect(added.broken).toHaveLength(150);
  await expect(targets.add({ text })).rejects.toThrow('"a:x0" on line 4 has no port');
});

test("a host that ssh_config named with capitals is forgotten when it names it no more", async () => {
  const { store, targets } = open();
  store.targets.remember({
    target: { kind: "ssh", host: "Web1", port: 22, user: null },
    useSudo: false,
    at: START,
  });
  expect(await targets.remove({ text: "Web1:22" })).toMatchObject({ removed: 1 });
  expect(await targets.list()).toEqual([]);
});

test("the hosts of ssh_config are known that no scan was asked for, by that name or by its address, each once", async () => {
  await using home = await makeTemporaryFolder();
  await mkdir(join(home.path, ".ssh"));
  const config = [
    "Host web1 Web2\n  Port 2222",
    "Host web3 *.corp",
    "Host we$ird",
    "Host db store\n  HostName 10.0.0.9",
    "Host app\n  HostName 10.0.0.7",
    "Host behind\n  HostName 10.0.0.7\n  ProxyJump web3",
    "Host github.com\n  User git",
  ];
  await writeFile(join(home.path, ".ssh/config"), config.join("\n"), { mode: 0o600 });
  const { targets } = open(home.path);
  const text = async () => {
    const { total, first } = await targets.unscanned();
    expect(first).toHaveLength(total);
    return first.map(writeTarget).join(" ");
  };
  const all = "ssh://web1:2222 ssh://Web2:2222 web3:22 db:22 app:22 behind:22";
  expect(await text()).toBe(all);
  await targets.add({ text: "web3:22 10.0.0.7:22" });
  // On another port it is another host.
  await targets.add({ text: "ssh://web1:2200" });
  expect(await text()).toBe("ssh://web1:2222 ssh://Web2:2222 db:22 behind:22");
  await targets.add({ text: await text() });
  expect(await targets.unscanned()).toEqual({ total: 0, first: [] });
});
