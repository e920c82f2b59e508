import { expect, test } from "vitest";
import type { Unreadable } from "#domain/collection/collection.ts";
import { evaluateKeysReadings } from "./authorities.ts";
import { makeAccount, makeCollection, makeKeysFile } from "./testdata/make-collection.ts";

const root = makeAccount("root", { uid: 0, home: "/root" });
const toor = makeAccount("toor", { uid: 0, home: "/toor" });
const alice = makeAccount("alice");
const accounts = [root, toor, alice];

/** The gap of root's number and of alice's. */
function gapsOf(more: Parameters<typeof makeCollection>[0] = {}) {
  const readings = evaluateKeysReadings(makeCollection({ accounts, ...more }));
  expect(readings.map(({ uid }) => uid)).toEqual([0, 1_000]);
  return readings.map(({ gap }) => gap);
}

const hidden = { why: "permission denied", kind: "authorized-keys" } as const;

test("all keys of a number are known where root has read every file of every account with it", () => {
  const files = [root, alice].map((account) => makeKeysFile(account, ""));
  expect(gapsOf({ authorizedKeys: files })).toEqual([null, null]);
});

test("a file of one account leaves a gap for each account of the same number, and for no other", () => {
  const unread = makeKeysFile(toor, "", { bytes: null, whyUnreadable: "permission denied" });
  const file = { why: "file", path: "/toor/.ssh/authorized_keys" };
  expect(gapsOf({ authorizedKeys: [unread] })).toEqual([file, null]);
  expect(gapsOf({ authorizedKeys: [makeKeysFile(toor, "", { isCut: true })] })).toEqual([file, null]);
  const home: Unreadable = { ...hidden, kind: "home", path: "/home/alice" };
  expect(gapsOf({ unreadable: [home] })).toEqual([null, { why: "file", path: "/home/alice" }]);
});

test("a command leaves a gap for those alone whose keys sshd asks it for", () => {
  const command = { why: "command", command: "/usr/bin/keys %u" };
  const line = "AuthorizedKeysCommand /usr/bin/keys %u\n";
  expect(gapsOf({ config: line })).toEqual([command, command]);
  expect(gapsOf({ config: `Match User alice\n${line}` })).toEqual([null, command]);
  // Only for a connection from somewhere: that may be the next one.
  expect(gapsOf({ config: `Match User alice Address 192.0.2.0/24\n${line}` })).toEqual([null, command]);
  expect(gapsOf({ config: "AuthorizedKeysCommand none\n" })).toEqual([null, null]);
});

test("whoever is not root, a reading that was cut short, and settings that were not read leave a gap for everybody", () => {
  const both = (gap: object) => [gap, gap];
  expect(gapsOf({ readAs: { uid: 1_000, user: "alice", how: "login" } })).toEqual(both({ why: "not-root" }));
  expect(gapsOf({ readAs: { uid: 0, user: "alice", how: "sudo" } })).toEqual([null, null]);
  expect(gapsOf({ incomplete: "the connection broke" })).toEqual(both({ why: "cut-short" }));
  const path = "/etc/ssh/sshd_config.d/x.conf";
  const settings: Unreadable = { ...hidden, kind: "sshd-config", path };
  expect(gapsOf({ unreadable: [settings] })).toEqual(both({ why: "settings", path }));
  const { sshd } = makeCollection({});
  const stale = { ...sshd, readAt: 10, changedAt: new Map([[path, 11]]) };
  expect(gapsOf({ sshd: stale })).toEqual(both({ why: "settings", path }));
});
