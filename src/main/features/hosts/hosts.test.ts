import { createRouterClient } from "@orpc/server";
import { expect, test } from "vitest";
import type { Announcement } from "#shared/contract/events.ts";
import { openStore } from "#store/store.ts";
import { makeAccount, START, visitHost } from "#store/testing/make-visit.ts";
import { createHosts } from "./index.ts";

const web1 = { host: "web1", port: 22 };
const key = (name: string) => ({
  keyType: "ssh-ed25519",
  fingerprint: `SHA256:${name}`,
  blob: new Uint8Array([1]),
});

function open() {
  const store = openStore({ path: ":memory:", access: "write" });
  const announced: Announcement[] = [];
  const announce = (announcement: Announcement) => announced.push(announcement);
  const hosts = createRouterClient(createHosts({ store, now: () => new Date(START), announce }));
  return { store, announced, hosts };
}

test("a key is trusted only as it was presented, once, and on the record", async () => {
  const { store, announced, hosts } = open();
  await expect(hosts.trustKey({ ...web1, fingerprint: "SHA256:right" })).rejects.toThrow(
    "has not presented a host key yet",
  );
  visitHost(store, "web1", {
    collected: null,
    outcome: "host-key-unknown",
    hostKey: key("right"),
    isKeyRefused: true,
  });
  await expect(hosts.trustKey({ ...web1, fingerprint: "SHA256:wrong" })).rejects.toThrow(
    "presented SHA256:right, and not",
  );
  expect(announced).toEqual([]);

  await hosts.trustKey({ ...web1, fingerprint: "SHA256:right" });
  expect(await hosts.find({ id: 1 })).toMatchObject({
    pin: { keyType: "ssh-ed25519", fingerprint: "SHA256:right", source: "accepted", pinnedAt: START },
    refusedKey: { fingerprint: "SHA256:right" },
  });
  await expect(hosts.trustKey({ ...web1, fingerprint: "SHA256:right" })).rejects.toThrow("has a pin already");
  expect(announced).toEqual([{ kind: "pins-changed" }]);
  expect(store.events.count()).toBe(1);
});

test("a key that has changed or is revoked is never trusted from here, nor one of a visit that went well", async () => {
  const { store, hosts } = open();
  const trust = () => hosts.trustKey({ ...web1, fingerprint: "SHA256:new" });
  const refused = { collected: null, hostKey: key("new"), isKeyRefused: true };
  visitHost(store, "web1", { ...refused, outcome: "host-key-changed" });
  await expect(trust()).rejects.toThrow("did not end at an unknown host key");
  visitHost(store, "web1", { collected: null, outcome: "timed-out" });
  await expect(trust()).rejects.toThrow("did not end at an unknown host key");
  expect(store.pins.count()).toBe(0);
});

test("a pin is forgotten once", async () => {
  const { store, announced, hosts } = open();
  store.pins.put({ ...web1, ...key("right"), source: "known_hosts", pinnedAt: START });
  expect(await hosts.forgetPin(web1)).toEqual({ hadPin: true });
  expect(await hosts.forgetPin(web1)).toEqual({ hadPin: false });
  expect(announced).toEqual([{ kind: "pins-changed" }]);
  expect(store.events.count()).toBe(1);
});

test("a host tells what is on it, and what of it could not be read", async () => {
  const { store, hosts } = open();
  const unread = { what: "/home/ann/.ssh", why: "permission denied" };
  const keyFile = {
    path: "/root/.ssh/id",
    owner: "root",
    mode: "0600",
    format: "openssh",
    keyType: null,
    keyBits: null,
    fingerprint: null,
    isEncrypted: null,
    lock: null,
    likelyFingerprint: null,
    possession: { kind: "claimed" as const, why: "not-tested" as const },
    spkiSha256: null,
  };
  visitHost(store, "web1", {
    state: "partial",
    collected: {
      accounts: [makeAccount("root", { uid: 0, passwordState: "locked" })],
      keyFiles: [keyFile],
      hostKeys: [{ keyType: "ssh-ed25519", keyBits: 256, fingerprint: "SHA256:x" }],
      coverage: { read: ["accounts"], notRead: [unread] },
      clockAheadSeconds: -3,
    },
  });
  expect(await hosts.find({ id: 1 })).toMatchObject({
    accounts: [{ name: "root", grantCount: 0, passwordState: "locked" }],
    keyFiles: [{ path: keyFile.path, mode: keyFile.mode, id: 1 }],
    hostKeys: [{ fingerprint: "SHA256:x" }],
    coverage: { read: ["accounts"], notRead: [unread] },
    clockAheadSeconds: -3,
    pin: null,
    refusedKey: null,
  });
  await expect(hosts.find({ id: 2 })).rejects.toThrow("there is no host 2");
});
