import { readFile } from "node:fs/promises";
import { expect, test } from "vitest";
import { viewKey } from "#codec/fingerprint.ts";
import { inspectDaemon, reloadDaemon } from "#net/ssh/session/inspect-host.ts";
import { createKey } from "#net/ssh/session/private-keys.ts";
import {
  blobOf,
  openHostSession,
  readHostKey,
  readIdentity,
  routeTo,
} from "#net/ssh/verify/testing/lab-route.ts";
import { openStore } from "#store/store.ts";
import { letIn } from "#testing/lab/desk.ts";
import { canStartHosts, startHost } from "#testing/lab/start-host.ts";
import { watchLogins } from "#testing/runs/watch-hosts.ts";
import { makeKeyFile } from "#testing/ssh/key-files.ts";
import { makeTemporaryFolder } from "#testing/temporary-folder.ts";
import { createHostKeys } from "./host-key.ts";

const lab = test.skipIf(!canStartHosts());
const LIBRARIES = ["facts.sh", "key-location.sh", "host-key.sh"];
const CONFIG = "/etc/ssh/sshd_config";
const OLD = "/etc/ssh/ssh_host_ed25519_key";
const NEW = "/etc/ssh/ssh_host_ed25519_key_2026";

async function makeWorld() {
  const folder = await makeTemporaryFolder();
  const admin = await makeKeyFile(folder.path, "admin");
  const host = await startHost({ name: "web1", prepare: letIn(admin.publicLine.trim()) });
  const hand = await openHostSession(host, admin, LIBRARIES);
  const watched = await watchLogins([host], { keyFile: admin.path, account: "root", reloads: true });
  return {
    host,
    hand,
    route: await routeTo(host),
    loginKey: await readIdentity(admin),
    expectNobodyLockedOut: watched.expectNobodyLockedOut,
    async [Symbol.asyncDispose]() {
      await watched[Symbol.asyncDispose]();
      await hand[Symbol.asyncDispose]();
      await host[Symbol.asyncDispose]();
      await folder.remove();
    },
  };
}

function keepPins(blob: Uint8Array) {
  const store = openStore({ path: ":memory:", access: "write" });
  const pin = { ...viewKey(blob), blob, source: "accepted" as const, pinnedAt: "2026-01-01T00:00:00Z" };
  store.pins.put({ host: "web1", port: 22, ...pin });
  const hostKeys = createHostKeys({ store, now: () => new Date() });
  return { pinned: () => store.pins.find("web1", 22)?.fingerprint, hostKeys };
}

/** Repeats, for an sshd that was just reloaded may not have read its configuration yet. */
async function again<T extends { kind: string }>(work: () => Promise<T>): Promise<T> {
  for (let left = 50; ; left--) {
    const result = await work();
    if (result.kind !== "unsure" || left === 0) return result;
  }
}

lab(
  "a host key is rotated beside the old one: named and verified first, then presented, and then our pin",
  async () => {
    await using world = await makeWorld();
    const { host, hand, route, loginKey } = world;
    const { fingerprint } = viewKey(route.hostKey);
    const { pinned, hostKeys } = keepPins(route.hostKey);
    const made = await createKey(hand, { path: NEW, keyType: "ed25519", bits: null, comment: "web1" });
    if (made.kind !== "made") throw new Error(made.kind);
    const blob = blobOf({ publicLine: made.line });
    const [type, base64] = made.line.split(" ");
    const asked = {
      host: "web1",
      port: 22,
      oldKey: fingerprint,
      newLine: `${type} ${base64}`,
      loginKey,
      keyFile: NEW,
      comment: "root@web1",
    };
    const use = (...paths: string[]) =>
      host.run(`sed -i '/^HostKey/d' ${CONFIG}; printf 'HostKey %s\\n' ${paths.join(" ")} >> ${CONFIG}`);

    await use(OLD, NEW);
    expect(await again(() => hostKeys.verify({ ...asked, phase: "grant" }, { remote: hand, route }))).toEqual(
      {
        kind: "verified",
        evidence: [{ kind: "host-key", is: "new-named", fingerprint: viewKey(blob).fingerprint }],
      },
    );
    expect(pinned()).toBe(fingerprint);

    await use(NEW);
    expect(
      await again(() => hostKeys.verify({ ...asked, phase: "revoke" }, { remote: hand, route })),
    ).toEqual({
      kind: "verified",
      evidence: [{ kind: "host-key", is: "new-presented", fingerprint: viewKey(blob).fingerprint }],
    });
    expect(pinned()).toBe(viewKey(blob).fingerprint);

    await use(OLD);
    expect(await hostKeys.rollBack(asked, { remote: hand, route })).toBeNull();
    expect(pinned()).toBe(fingerprint);
    const other = { ...asked, phase: "revoke" as const, loginKey: null };
    const stale = await hostKeys.verify(other, { remote: hand, route });
    expect(stale).toMatchObject({ kind: "unsure" });
    await world.expectNobodyLockedOut();
  },
);

lab(
  "without a login by a key, a new key is verified where its type is new, and said to be unverified where it stands beside an old one",
  async () => {
    await using world = await makeWorld();
    const { host, hand } = world;
    const route = { ...world.route, hostKeyTypes: ["ssh-ed25519", "ecdsa-sha2-nistp256"] };
    const { pinned, hostKeys } = keepPins(route.hostKey);
    const before = pinned();
    const use = (...paths: string[]) =>
      host.run(`sed -i '/^HostKey/d' ${CONFIG}; printf 'HostKey %s\\n' ${paths.join(" ")} >> ${CONFIG}`);
    const verifyAdded = async (path: string, keyType: "ecdsa" | "ed25519", oldKey: string | null) => {
      const made = await createKey(hand, { path, keyType, bits: null, comment: "web1" });
      if (made.kind !== "made") throw new Error(made.kind);
      await use(OLD, path);
      const asked = {
        phase: "grant" as const,
        host: "web1",
        port: 22,
        oldKey,
        loginKey: null,
        newLine: made.line.split(" ").slice(0, 2).join(" "),
        keyFile: path,
        comment: "web1",
      };
      const verification = await again(() => hostKeys.verify(asked, { remote: hand, route }));
      return { verification, fingerprint: viewKey(blobOf({ publicLine: made.line })).fingerprint };
    };
    const fresh = await verifyAdded("/etc/ssh/ssh_host_ecdsa_key_2026", "ecdsa", null);
    expect(fresh.verification).toEqual({
      kind: "verified",
      evidence: [{ kind: "host-key", is: "new-presented", fingerprint: fresh.fingerprint }],
    });
    const beside = await verifyAdded(NEW, "ed25519", viewKey(route.hostKey).fingerprint);
    expect(beside.verification).toEqual({ kind: "unverified", evidence: [{ kind: "host-key-unverified" }] });
    expect(pinned()).toBe(before);
    await world.expectNobodyLockedOut();
  },
);

lab("what sshd reads, and which host keys it uses, is told in its order, with what is included", async () => {
  await using world = await makeWorld();
  const { host, hand, route } = world;
  await host.run(`mkdir -p /etc/ssh/sshd_config.d; echo 'PermitTTY yes' > /etc/ssh/sshd_config.d/a.conf
    sed -i '1i Include /etc/ssh/sshd_config.d/*.conf' ${CONFIG}`);
  const seen = await inspectDaemon(hand);
  if (seen.kind !== "seen") throw new Error(seen.kind);
  expect(seen.daemon.configs.slice(0, 2)).toEqual([CONFIG, "/etc/ssh/sshd_config.d/a.conf"]);
  const [found] = seen.daemon.hostKeys.filter(({ path }) => path === OLD);
  const line = (await host.run(`cut -d' ' -f1,2 ${OLD}.pub`)).trim();
  expect(found).toEqual({ path: OLD, line, ...viewKey(route.hostKey) });
  expect(seen.daemon.keyFiles).toContain(`${OLD}.pub`);
  expect(seen.daemon.canReload).toBe(true);
});

lab("a configuration that sshd does not take is told, and sshd is not", async () => {
  await using world = await makeWorld();
  const { host, hand, route } = world;
  await host.run(`echo 'HostKey /nowhere/key
    NoSuchKeyword yes' >> ${CONFIG}`);
  expect(await reloadDaemon(hand)).toMatchObject({
    kind: "bad",
    message: expect.stringContaining("NoSuchKeyword"),
  });
  const { hostKeys } = keepPins(route.hostKey);
  const made = await createKey(hand, { path: NEW, keyType: "ed25519", bits: null, comment: "web1" });
  const asked = {
    phase: "grant" as const,
    host: "web1",
    port: 22,
    oldKey: null,
    loginKey: null,
    comment: "web1",
    keyFile: NEW,
    newLine: made.kind === "made" ? made.line.split(" ").slice(0, 2).join(" ") : "",
  };
  expect(await hostKeys.verify(asked, { remote: hand, route })).toMatchObject({ kind: "refused" });
  expect(await readHostKey(host)).toEqual(route.hostKey);
  expect(await readFile(`${host.root}/var/log/auth.log`, "utf8")).not.toContain("SIGHUP");
});
