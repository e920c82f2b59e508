import { readFile } from "node:fs/promises";
import { expect, test } from "vitest";
import { lookAtDaemon, reloadDaemon } from "#net/ssh/hand/daemon.ts";
import { makeKey, put } from "#net/ssh/hand/put-halves.ts";
import { blobOf, enterHost, readHostKey, readIdentity, routeTo } from "#net/ssh/prove/testing/lab-route.ts";
import { viewKey } from "#net/ssh/wire.ts";
import { letIn } from "#testing/lab/desk.ts";
import { canStartHosts, startHost } from "#testing/lab/start-host.ts";
import { makeKeyFile } from "#testing/ssh/key-files.ts";
import { makeTemporaryFolder } from "#testing/temporary-folder.ts";
import { createHostKeys } from "./create-host-keys.ts";

const lab = test.skipIf(!canStartHosts());
const LIBRARIES = ["hand.sh", "facts.sh", "holders.sh", "host-key.sh"];
const CONFIG = "/etc/ssh/sshd_config";
const OLD = "/etc/ssh/ssh_host_ed25519_key";
const NEW = "/etc/ssh/ssh_host_ed25519_key_2026";

async function makeWorld() {
  const folder = await makeTemporaryFolder();
  const admin = await makeKeyFile(folder.path, "admin");
  const host = await startHost({ name: "web1", prepare: letIn(admin.publicLine.trim()) });
  const hand = await enterHost(host, admin, LIBRARIES);
  return {
    ...{ host, hand, route: await routeTo(host), loginKey: await readIdentity(admin) },
    async [Symbol.asyncDispose]() {
      await hand[Symbol.asyncDispose]();
      await host[Symbol.asyncDispose]();
      await folder.remove();
    },
  };
}

function keepPins(fingerprint: string) {
  const pins = [fingerprint];
  const hostKeys = createHostKeys({
    findPin: () => ({ fingerprint: pins.at(-1) ?? "" }),
    replacePin: async (_host, _port, pin) => void pins.push(pin.fingerprint),
  });
  return { pins, hostKeys };
}

/** An sshd that was told to may not have read its configuration yet. */
async function again<T extends { kind: string }>(work: () => Promise<T>): Promise<T> {
  for (let left = 50; ; left--) {
    const result = await work();
    if (result.kind !== "unsure" || left === 0) return result;
  }
}

lab(
  "a host key is rotated beside the old one: named and proved first, then presented, and then our pin",
  async () => {
    await using world = await makeWorld();
    const { host, hand, route, loginKey } = world;
    const { fingerprint } = viewKey(route.hostKey);
    const { pins, hostKeys } = keepPins(fingerprint);
    const made = await makeKey(hand, { path: NEW, keyType: "ed25519", bits: null, comment: "web1" });
    if (made.kind !== "made") throw new Error(made.kind);
    await put(hand, { path: NEW, before: null, wanted: made.hash, mode: "0600", bytes: "made" });
    const blob = blobOf({ publicLine: made.line });
    const asked = { host: "web1", port: 22, oldKey: fingerprint, newLine: made.line, loginKey };
    const use = (...paths: string[]) =>
      host.run(`sed -i '/^HostKey/d' ${CONFIG}; printf 'HostKey %s\\n' ${paths.join(" ")} >> ${CONFIG}`);

    await use(OLD, NEW);
    expect(await again(() => hostKeys.prove({ ...asked, phase: "add" }, { hand, route }))).toEqual({
      ...{ kind: "proved", said: [`the new host key is named and proved: ${viewKey(blob).fingerprint}`] },
    });
    expect(pins).toEqual([fingerprint]);

    await use(NEW);
    expect(await again(() => hostKeys.prove({ ...asked, phase: "remove" }, { hand, route }))).toEqual({
      ...{ kind: "proved", said: [`the new host key is presented: ${viewKey(blob).fingerprint}`] },
    });
    expect(pins).toEqual([fingerprint, viewKey(blob).fingerprint]);

    await use(OLD);
    expect(await hostKeys.takeBack(asked, { hand, route })).toBeNull();
    expect(pins.at(-1)).toBe(fingerprint);
    const other = { ...asked, phase: "remove" as const, loginKey: null };
    const stale = await hostKeys.prove(other, { hand, route });
    expect(stale).toMatchObject({ kind: "unsure" });
  },
);

lab("what sshd reads, and which host keys it uses, is told in its order, with what is included", async () => {
  await using world = await makeWorld();
  const { host, hand, route } = world;
  await host.run(`mkdir -p /etc/ssh/sshd_config.d; echo 'PermitTTY yes' > /etc/ssh/sshd_config.d/a.conf
    sed -i '1i Include /etc/ssh/sshd_config.d/*.conf' ${CONFIG}`);
  const seen = await lookAtDaemon(hand);
  if (seen.kind !== "seen") throw new Error(seen.kind);
  expect(seen.daemon.configs.slice(0, 2)).toEqual([CONFIG, "/etc/ssh/sshd_config.d/a.conf"]);
  const [found] = seen.daemon.hostKeys.filter(({ path }) => path === OLD);
  expect(found).toEqual({ path: OLD, ...viewKey(route.hostKey) });
  expect(seen.daemon.taken).toContain(`${OLD}.pub`);
  expect(seen.daemon.canReload).toBe(true);
});

lab("a configuration that sshd does not take is told, and sshd is not", async () => {
  await using world = await makeWorld();
  const { host, hand, route } = world;
  await host.run(`echo 'HostKey /nowhere/key
    NoSuchKeyword yes' >> ${CONFIG}`);
  expect(await reloadDaemon(hand)).toMatchObject({
    ...{ kind: "bad", message: expect.stringContaining("NoSuchKeyword") },
  });
  const { hostKeys } = keepPins("");
  const asked = {
    phase: "add" as const,
    host: "web1",
    port: 22,
    oldKey: null,
    newLine: "x y",
    loginKey: null,
  };
  expect(await hostKeys.prove(asked, { hand, route })).toMatchObject({ kind: "refused" });
  expect(await readHostKey(host)).toEqual(route.hostKey);
  expect(await readFile(`${host.root}/var/log/auth.log`, "utf8")).not.toContain("SIGHUP");
});
