import { readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { expect, test } from "vitest";
import { readPublicKeyLine } from "./key-blob.ts";
import { evaluateHostKey, formatHostKey, preferHostKeyTypes, readKnownHosts } from "./known-hosts.ts";

const lines = readFileSync(join(import.meta.dirname, "testdata/host-keys.txt"), "utf8")
  .trimEnd()
  .split("\n")
  .slice(2);
const [caLine = "", hostLine = "", , rsaLine = "", ...hashedLines] = lines;
const keyOf = (line: string) => {
  const read = readPublicKeyLine(line);
  if (!read) throw new Error(`no key in ${line}`);
  return read.key;
};
const ca = keyOf(caLine);
const ed25519 = keyOf(hostLine);
const rsa = keyOf(rsaLine);

const judge = (text: string, host: string, port = 22, { blob } = ed25519) =>
  evaluateHostKey(
    { host, port, blob },
    { knownHosts: [readKnownHosts(text, "kh")], pin: null, bundleKeys: [] },
  );

test.each([
  ["its name", `web1.corp ${hostLine}`, "web1.corp"],
  ["its name in another case", `Web1.Corp ${hostLine}`, "WEB1.corp"],
  ["one of several names", `a,web1.corp,10.0.0.1 ${hostLine}`, "10.0.0.1"],
  ["a wildcard", `*.corp,!db?.corp ${hostLine}`, "web1.corp"],
  ["an IPv6 address", `2001:db8::1 ${hostLine}`, "2001:db8::1"],
  ["a line with CRLF, tabs and a comment", `  web1.corp\t${hostLine} of the rack\r\n`, "web1.corp"],
  ["a line after bad ones", `?\nweb1.corp ssh-ed25519 AAAA\nweb1.corp ${hostLine}`, "web1.corp"],
])("a host key is trusted by %s", (_, text, host) => {
  expect(judge(text, host)).toMatchObject({ kind: "trusted", where: expect.stringMatching(/^kh:\d$/) });
});

test.each([
  ["another name", `web2.corp ${hostLine}`, "web1.corp"],
  ["a wildcard with an exception for it", `*.corp,!web1.corp ${hostLine}`, "web1.corp"],
  ["a bare name that a hash only looks like", `|1|${hostLine}`, "web1.corp"],
  ["an address that is longer", `10.0.0.1 ${hostLine}`, "10.0.0.11"],
])("a host key is unknown by %s", (_, text, host) => {
  expect(judge(text, host)).toEqual({ kind: "unknown" });
});

test("a host key is found under the names that ssh-keygen -H has hashed, with its port and without", () => {
  const text = hashedLines.join("\n");
  expect(judge(text, "web1.corp")).toEqual({ kind: "trusted", where: "kh:1" });
  expect(judge(text, "10.0.0.1")).toEqual({ kind: "trusted", where: "kh:2" });
  expect(judge(text, "web1.corp", 2222, rsa)).toEqual({ kind: "trusted", where: "kh:3" });
  expect(judge(text, "web2.corp")).toEqual({ kind: "unknown" });
});

test("a host key is known for its port only, but one under the bare name is taken on any port, as ssh does", () => {
  expect(judge(`[web1]:2222 ${hostLine}`, "web1", 2222)).toMatchObject({ kind: "trusted" });
  expect(judge(`[web1]:2222 ${hostLine}`, "web1")).toEqual({ kind: "unknown" });
  expect(judge(`web1 ${hostLine}`, "web1", 2222)).toMatchObject({ kind: "trusted" });
  expect(judge(`web1 ${rsaLine}`, "web1", 2222)).toEqual({ kind: "unknown" });
  expect(judge(`web1 ${hostLine}\n[web1]:2222 ${rsaLine}`, "web1", 2222)).toMatchObject({
    kind: "changed",
  });
});

test("a host key has changed when other keys are known, of its type or another, and it is said which and where", () => {
  const evaluation = judge(`web1 ${rsaLine}\n# a comment\nweb1 ${caLine}`, "web1");
  expect(evaluation).toMatchObject({ kind: "changed", known: [{ where: "kh:1" }, { where: "kh:3" }] });
  const sentence = formatHostKey({ host: "web1", port: 22, blob: ed25519.blob }, evaluation);
  for (const part of [ed25519.fingerprint, rsa.fingerprint, ca.fingerprint, "kh:1", "kh:3", "web1"])
    expect(sentence).toContain(part);
});

test("a host key is trusted when it is one of several that are known", () => {
  expect(judge(`web1 ${rsaLine}\nweb1 ${hostLine}`, "web1")).toEqual({ kind: "trusted", where: "kh:2" });
});

test("a host key that is revoked is refused, whatever else is known of it", () => {
  const text = `web1 ${hostLine}\n@revoked * ${hostLine}`;
  expect(judge(text, "web1")).toEqual({ kind: "revoked", where: "kh:2" });
  const knowledge = { knownHosts: [readKnownHosts(text, "kh")], pin: ed25519, bundleKeys: [] };
  expect(evaluateHostKey({ host: "web1", port: 22, blob: ed25519.blob }, knowledge)).toMatchObject({
    kind: "revoked",
  });
  expect(judge(`@revoked web2 ${hostLine}\nweb1 ${hostLine}`, "web1")).toMatchObject({ kind: "trusted" });
});

test("a host key needs a certificate where only an authority is known, and has changed without one where others are", () => {
  expect(judge(`@cert-authority *.corp ${caLine}`, "web1.corp")).toMatchObject({
    kind: "needs-certificate",
    authorities: [{ where: "kh:1" }],
    otherwise: { kind: "unknown" },
  });
  expect(judge(`@cert-authority *.corp ${caLine}\nweb1.corp ${rsaLine}`, "web1.corp")).toMatchObject({
    kind: "needs-certificate",
    otherwise: { kind: "changed", known: [{ fingerprint: rsa.fingerprint }] },
  });
  expect(judge(`@cert-authority *.corp ${hostLine}`, "web1.corp")).toMatchObject({
    kind: "needs-certificate",
  });
});

test("our pin decides before known_hosts does", () => {
  const knownHosts = [readKnownHosts(`web1 ${hostLine}`, "kh")];
  const question = { host: "web1", port: 22, blob: ed25519.blob };
  expect(evaluateHostKey(question, { knownHosts, pin: rsa, bundleKeys: [] })).toMatchObject({
    kind: "changed",
    known: [{ where: "pin", fingerprint: rsa.fingerprint }],
  });
  expect(
    evaluateHostKey({ ...question, blob: rsa.blob }, { knownHosts, pin: rsa, bundleKeys: [] }),
  ).toMatchObject({
    where: "pin",
  });
});

test("lines that cannot be read are told with their number, and spoil no other", () => {
  const text = [
    "# fine",
    "web1",
    "@unknown web1 ssh-ed25519 AAAA",
    "web1 1024 35 1234567",
    "web1 ssh-ed25519 !!!!",
    `web1 ssh-rsa ${hostLine.split(" ")[1]}`,
    `|1|short|short ${hostLine}`,
    `web1 ${hostLine}`,
  ].join("\n");
  expect(readKnownHosts(text, "kh").problems).toMatchInlineSnapshot(`
    [
      {
        "line": 2,
        "why": "it has no key",
      },
      {
        "line": 3,
        "why": "@unknown is not a marker that ssh knows",
      },
      {
        "line": 4,
        "why": "its key is for SSH version 1, which nothing takes any more",
      },
      {
        "line": 5,
        "why": "its ssh-ed25519 key cannot be read",
      },
      {
        "line": 6,
        "why": "it says ssh-rsa, but the key in it is ssh-ed25519",
      },
      {
        "line": 7,
        "why": "its hashed name cannot be read",
      },
    ]
  `);
  expect(judge(text, "web1")).toEqual({ kind: "trusted", where: "kh:8" });
});

test("the types of the keys that are known for a host are asked for first", () => {
  const prefer = (text: string, port = 22) =>
    preferHostKeyTypes("web1", port, { knownHosts: [readKnownHosts(text, "kh")], pin: null, bundleKeys: [] });
  expect(prefer("")[0]).toBe("ssh-ed25519");
  expect(prefer(`web1 ${rsaLine}`).slice(0, 4)).toEqual([
    "rsa-sha2-512",
    "rsa-sha2-256",
    "ssh-rsa",
    "ssh-ed25519",
  ]);
  expect(prefer(`web1 ${rsaLine}`, 2222)[0]).toBe("rsa-sha2-512");
  expect(prefer(`@revoked web1 ${rsaLine}`)[0]).toBe("ssh-ed25519");
  expect(
    preferHostKeyTypes("web1", 22, {
      knownHosts: [readKnownHosts(`web1 ${hostLine}`, "kh")],
      pin: rsa,
      bundleKeys: [],
    })[0],
  ).toBe("rsa-sha2-512");
});

test("no text and no question makes it throw", () => {
  const word = fc.oneof(
    fc.constantFrom(
      "@revoked",
      "@cert-authority",
      "|1|a|b",
      "*",
      "!",
      "[",
      "web1",
      "ssh-ed25519",
      ...hostLine.split(" "),
    ),
    fc.string(),
  );
  const text = fc.array(fc.array(word).map((words) => words.join(" "))).map((some) => some.join("\n"));
  fc.assert(
    fc.property(text, fc.string(), fc.nat(65_535), fc.uint8Array(), (content, host, port, blob) => {
      const knownHosts = [readKnownHosts(content, "kh")];
      evaluateHostKey({ host, port, blob }, { knownHosts, pin: null, bundleKeys: [] });
      evaluateHostKey({ host, port, blob: ed25519.blob }, { knownHosts, pin: null, bundleKeys: [] });
    }),
  );
});

test("a pattern full of stars costs no more than its length times that of the name", () => {
  expect(judge(`${"*a".repeat(500)}b ${hostLine}`, "a".repeat(250))).toEqual({ kind: "unknown" });
});
