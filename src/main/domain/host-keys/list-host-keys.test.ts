import { readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { expect, test } from "vitest";
import { readPublicKeyLine } from "#domain/ssh/key-blob.ts";
import { readKnownHosts } from "#domain/ssh/known-hosts.ts";
import type { HostKeyState } from "#shared/model/hosts/host-key.ts";
import type { KeyedHost } from "./host-key-rows.ts";
import { listHostKeys } from "./list-host-keys.ts";

const lines = readFileSync(join(import.meta.dirname, "../ssh/testdata/host-keys.txt"), "utf8")
  .trimEnd()
  .split("\n")
  .slice(2);
const [otherLine = "", ownLine = "", , rsaLine = "", hashedWeb1 = "", hashedAddress = ""] = lines;
const keyOf = (line: string) => {
  const read = readPublicKeyLine(line);
  if (!read) throw new Error(`no key in ${line}`);
  return read.key;
};
const own = keyOf(ownLine);
const other = keyOf(otherLine);
const rsa = keyOf(rsaLine);
const AT = "2026-06-01T00:00:00Z";

const presented = (key: typeof own, isRefused = false) => ({ ...key, at: AT, isRefused });
const host = (given: Partial<KeyedHost> & { name?: string } = {}): KeyedHost => {
  const { name = "web1.corp", port = 22 } = given;
  return {
    name,
    port,
    knownAs: { host: name, port },
    id: name.length,
    pin: null,
    presented: null,
    held: [],
    bundleKeys: [],
    ...given,
  };
};
const list = (hosts: KeyedHost[], text = "", untried: readonly string[] = []) =>
  listHostKeys({
    hosts,
    otherNames: [],
    knownHosts: [readKnownHosts(text, "kh")],
    wasTried: (name) => !untried.includes(name),
  });
const states = (rows: ReturnType<typeof list>) =>
  Object.fromEntries(rows.map(({ name, keyType, state }) => [`${name} ${keyType}`, state]));

type Case = [why: string, host: Partial<KeyedHost>, knownHosts: string, own: HostKeyState];

test.each<Case>([
  ["presented and pinned", { presented: presented(own), pin: own }, "", "matched"],
  ["presented and known", { presented: presented(own) }, `web1.corp ${ownLine}`, "matched"],
  ["presented and known by a pattern", { presented: presented(own) }, `*.corp ${ownLine}`, "matched"],
  ["presented and known by its hash", { presented: presented(own) }, hashedWeb1, "matched"],
  ["found on the host and known", { held: [{ ...own, at: AT }] }, `web1.corp ${ownLine}`, "matched"],
  ["presented alone", { presented: presented(own, true) }, "", "new"],
  [
    "presented where another is known",
    { presented: presented(own, true) },
    `web1.corp ${otherLine}`,
    "changed",
  ],
  ["presented where another is pinned", { presented: presented(own, true), pin: other }, "", "changed"],
  ["revoked and presented", { presented: presented(own, true) }, `@revoked * ${ownLine}`, "revoked"],
  ["revoked and pinned", { pin: own }, `@revoked web1.corp ${ownLine}`, "revoked"],
  ["found on the host alone", { held: [{ ...own, at: AT }] }, "", "held"],
  ["an RSA key, presented and pinned", { presented: presented(rsa), pin: rsa }, "", "matched"],
  ["known of a host that was not reached", {}, `web1.corp ${ownLine}`, "unused"],
  [
    "vouched for when visited",
    { presented: presented(own) },
    `@cert-authority *.corp ${otherLine}`,
    "matched",
  ],
  ["not vouched for", { presented: presented(own, true) }, `@cert-authority *.corp ${otherLine}`, "new"],
])("a key is judged that is %s", (_, given, text, state) => {
  const row = list([host(given)], text).find(({ name }) => name === "web1.corp");
  expect(row).toMatchObject({ state, why: expect.stringMatching(/^[^A-Z]/) });
});

test("the key that is trusted and the one that is presented instead are both changed, each saying of the other", () => {
  const rows = list([host({ presented: presented(own, true), pin: other })], "");
  expect(rows.map(({ state }) => state)).toEqual(["changed", "changed"]);
  expect(rows.map(({ why }) => why)).toEqual([
    `pinned, but the host presents ssh-ed25519 ${own.fingerprint}`,
    `presented, but ssh-ed25519 ${other.fingerprint} is pinned; find out why before you trust it`,
  ]);
});

test("a stale line of known_hosts is told beside the pin that a scan goes by", () => {
  const rows = list([host({ presented: presented(own), pin: own })], `web1.corp ${otherLine}`);
  expect(rows).toMatchObject([
    { fingerprint: own.fingerprint, state: "matched" },
    {
      fingerprint: other.fingerprint,
      state: "changed",
      why: expect.stringContaining("ssh refuses it until"),
    },
  ]);
});

test("lines that no host has told of are rows of their own", () => {
  const text = [
    `old.corp,10.9.9.9 ${ownLine}`,
    `@revoked dead.corp ${otherLine}`,
    `@cert-authority *.corp ${otherLine}`,
    hashedAddress,
  ].join("\n");
  const rows = list([host()], text);
  expect(states(rows)).toEqual({
    "old.corp,10.9.9.9 ssh-ed25519": "unused",
    "dead.corp ssh-ed25519": "revoked",
    "*.corp ssh-ed25519": "authority",
    [`${hashedAddress.split(" ")[0]} ssh-ed25519`]: "hashed",
  });
  expect(rows.find(({ state }) => state === "authority")?.why).toContain("to vouch for web1.corp");
});

test("a hashed name is told by any name of the inventory, and stays hashed without it", () => {
  const facts = { hosts: [], knownHosts: [readKnownHosts(hashedAddress, "kh")], wasTried: () => true };
  const told = listHostKeys({ ...facts, otherNames: ["10.0.0.1"] });
  expect(told).toMatchObject([{ name: "10.0.0.1", state: "unused" }]);
  expect(listHostKeys({ ...facts, otherNames: ["10.0.0.2"] })).toMatchObject([{ state: "hashed" }]);
});

test("of a host that was not tried with hashed names nothing is said that they may know better", () => {
  const given = host({ presented: presented(own, true) });
  const untried = list([given], hashedWeb1, ["web1.corp"]);
  expect(untried[0]).toMatchObject({ name: "web1.corp", state: "hashed" });
  const clear = list([given], `web1.corp ${ownLine}\n${hashedAddress}`, ["web1.corp"]);
  expect(clear[0]).toMatchObject({ name: "web1.corp", state: "matched" });
});

test("one key on two hosts names each to the other; two ports of one name are one machine", () => {
  const twins = ["web1.corp", "web22.corp"].map((name) =>
    host({ name, presented: presented(own), pin: own }),
  );
  expect(list(twins).map(({ sharedWith }) => sharedWith)).toMatchObject([
    { count: 1, first: [{ host: "web22.corp" }] },
    { count: 1, first: [{ host: "web1.corp" }] },
  ]);
  const ports = [
    host({ pin: own, presented: presented(own) }),
    host({ port: 2222, held: [{ ...own, at: AT }] }),
  ];
  expect(list(ports).map(({ sharedWith }) => sharedWith.count)).toEqual([0, 0]);
});

test("a short key and an obsolete type are weak", () => {
  const held = [
    { keyType: "ssh-rsa", keyBits: 1024, fingerprint: "SHA256:short", at: AT },
    { keyType: "ssh-rsa", keyBits: null, fingerprint: "SHA256:unknown", at: AT },
    { keyType: "ssh-dss", keyBits: 1024, fingerprint: "SHA256:dsa", at: AT },
  ];
  expect(list([host({ held })]).map(({ weakness }) => weakness)).toEqual([
    "this RSA key has 1024 bits; fewer than 2048 are within reach of an attacker",
    null,
    "it is DSA with 1024 bits, which OpenSSH has removed",
  ]);
});

test("whatever stands in known_hosts, every row has an id of its own and a reason", () => {
  const word = fc.oneof(
    fc.constantFrom("web1.corp", "*", "!web1.corp,*", "@revoked *", "@cert-authority web1.corp", "|1|x|y"),
    fc.string(),
  );
  const line = fc
    .tuple(word, fc.constantFrom(ownLine, otherLine, rsaLine, ""))
    .map((words) => words.join(" "));
  fc.assert(
    fc.property(fc.array(line), (text) => {
      const rows = list([host({ presented: presented(own) })], text.join("\n"));
      expect(new Set(rows.map(({ id }) => id)).size).toBe(rows.length);
      expect(rows.filter(({ why }) => why === "")).toEqual([]);
    }),
  );
});
