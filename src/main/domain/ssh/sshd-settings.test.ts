import { expect, test } from "vitest";
import { readSshdConfig } from "./sshd-config.ts";
import { type Keyword, settingsOf } from "./sshd-settings.ts";
import { makeAccount, makeCollection, NO_SETTINGS } from "./testdata/make-collection.ts";

const alice = makeAccount("alice", { groups: ["alice", "ops"] });

function settings(config: string, account = alice, more: Parameters<typeof makeCollection>[0] = {}) {
  const collection = makeCollection({ config, ...more });
  return settingsOf(account, collection, readSshdConfig(collection.sshd));
}
const value = (config: string, keyword: Keyword, account = alice) =>
  settings(config, account).plain.get(keyword).values.join(" ");

test("the first line of a keyword counts, and what is not written is sshd's default", () => {
  const { plain } = settings("StrictModes no\nStrictModes yes\n");
  expect(plain.get("StrictModes")).toEqual({
    name: "StrictModes",
    values: ["no"],
    location: "/etc/ssh/sshd_config:1",
    isInMatch: false,
  });
  expect(plain.get("PermitRootLogin")).toMatchObject({
    values: ["prohibit-password"],
    location: "sshd's default",
  });
});

test("the lists of users and groups add up", () => {
  expect(settings("AllowUsers a b\nDenyUsers x\nAllowUsers c").plain.get("AllowUsers")).toMatchObject({
    values: ["a", "b", "c"],
    location: "/etc/ssh/sshd_config:1, /etc/ssh/sshd_config:3",
  });
});

test("a Match block that holds goes before the global part, and replaces its lists", () => {
  const config = "PermitRootLogin yes\nAllowUsers bob\nMatch User al*\nPermitRootLogin no\nAllowUsers alice";
  expect(value(config, "PermitRootLogin")).toBe("no");
  expect(value(config, "AllowUsers")).toBe("alice");
  expect(value(config, "PermitRootLogin", makeAccount("bob"))).toBe("yes");
});

test("of two Match blocks that hold the first counts; Match all is a part of the global settings too", () => {
  expect(
    value("Match Group ops\nPermitRootLogin no\nMatch User alice\nPermitRootLogin yes", "PermitRootLogin"),
  ).toBe("no");
  expect(value("Match all\nPermitRootLogin no\nMatch User bob\nStrictModes no", "PermitRootLogin")).toBe(
    "no",
  );
});

test("UsePAM, StrictModes and UseDNS cannot be changed by a Match block", () => {
  expect(value("UsePAM yes\nMatch User alice\nUsePAM no", "UsePAM")).toBe("yes");
});

test("Match goes by patterns, negation and every criterion", () => {
  const holds = (match: string, account = alice) =>
    value(`Match ${match}\nPermitRootLogin no`, "PermitRootLogin", account) === "no";
  expect(
    [
      "User bob,alice",
      "User *,!alice",
      "Group ops",
      "Group ops,!alice",
      "User alice Group nobody",
      "user ALICE",
      "User a?ice",
    ].map((match) => holds(match)),
  ).toEqual([true, false, true, false, false, false, true]);
  expect(["Invalid-User", "User !bob", "Address *", "Host localhost"].map((match) => holds(match))).toEqual([
    false,
    false,
    true,
    false,
  ]);
});

test("a block that depends on the address is a case of its own", () => {
  const { plain, when } = settings(
    "Match Address 10.0.0.0/8\nPubkeyAuthentication no\nMatch Address *,!10.0.0.0/8\nStrictModes no\nPermitRootLogin no",
  );
  expect([plain.get("PubkeyAuthentication").values, plain.get("PermitRootLogin").values]).toEqual([
    ["yes"],
    ["no"],
  ]);
  expect(when).toMatchObject([{ outcomes: [{ holds: true }, { holds: false }], isByConnection: true }]);
  expect(
    when.map(({ settings: { get } }) => [get("PubkeyAuthentication").values, get("PermitRootLogin").values]),
  ).toEqual([[["no"], ["prohibit-password"]]]);
});

test("groups that were not read leave a block open", () => {
  const { when } = settings("Match Group ops\nPermitRootLogin no", makeAccount("alice", { groups: null }));
  expect(when).toMatchObject([{ isByConnection: false }]);
});

test("what sshd -T says goes before the files, which tell the place where they agree", () => {
  const collection = makeCollection({ config: "PermitRootLogin no\nAllowUsers alice\n" });
  const answers = new Map([
    ["permitrootlogin", ["no"]],
    ["allowusers", ["alice", "bob"]],
    ["authorizedkeysfile", [".ssh/authorized_keys /etc/keys/%u"]],
  ]);
  const sshd = { ...collection.sshd, effective: new Map([["alice", answers]]) };
  const { plain } = settingsOf(alice, { ...collection, sshd }, readSshdConfig(sshd));
  expect(plain.get("PermitRootLogin").location).toBe("/etc/ssh/sshd_config:1");
  expect(plain.get("AllowUsers")).toMatchObject({
    values: ["alice", "bob"],
    location: "sshd -T -C user=alice",
  });
  expect(plain.get("AuthorizedKeysFile").values).toEqual([".ssh/authorized_keys", "/etc/keys/%u"]);
});

test("what of the configuration was not read is told once", () => {
  const unreadable = [{ kind: "sshd-config" as const, path: "/etc/ssh/sshd_config", why: "not permitted" }];
  const { plain } = settings("", alice, {
    unreadable,
    sshd: NO_SETTINGS,
  });
  expect(plain.unreadable).toEqual([
    "/etc/ssh/sshd_config could not be read",
    "/etc/ssh/sshd_config: not permitted",
  ]);
});

test("where several daemons run with different options, sshd -T does not speak for all of them", () => {
  const unreadable = [
    { kind: "sshd-config" as const, path: "sshd", why: "several sshd run here with different options" },
    { kind: "sshd-config" as const, path: "/etc/ssh/more.conf", why: "not permitted" },
  ];
  const effective = new Map([["alice", new Map([["usepam", ["yes"]]])]]);
  const { plain } = settings("", alice, { unreadable, sshd: { ...NO_SETTINGS, effective } });
  expect(plain.unreadable).toEqual(["sshd: several sshd run here with different options"]);
});
