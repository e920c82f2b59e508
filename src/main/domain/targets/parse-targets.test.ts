import fc from "fast-check";
import { expect, test } from "vitest";
import { NO_SSH_CONFIG } from "#domain/ssh-config/ssh-config.ts";
import { makeConfig } from "#domain/ssh-config/testdata/make-config.ts";
import { MOST_TARGETS, Protocol, Target } from "#shared/model/hosts/target.ts";
import { Refusal } from "#shared/model/refusal.ts";
import { formatTarget, writeTarget } from "#shared/text/hosts/target.ts";
import { parseTargets as parse } from "./parse-targets.ts";

const parseTargets = (text: string, only: "ssh" | "tls" | null, protocol: Protocol | null = null) =>
  parse(text, { only, protocol, serverNames: [], sshConfig: NO_SSH_CONFIG, skipBroken: false }).targets;

const say = (text: string, only: "ssh" | "tls" | null = null) => parseTargets(text, only).map(formatTarget);

test("what the port does not say is both: SSH on 22 and TLS on 443", () => {
  expect(parseTargets("web01.corp", null)).toEqual([
    { kind: "ssh", host: "web01.corp", port: 22, user: null },
    { kind: "tls", host: "web01.corp", port: 443, serverName: null, protocol: "tls" },
  ]);
});

test.each([
  ["root@web01", ["root@web01"]],
  ["root@web01:2222", ["root@web01:2222"]],
  ["CORP\\jo.doe@web01", ["CORP\\jo.doe@web01"]],
  ["jo@corp.example@web01", ["jo@corp.example@web01"]],
  ["web01:22", ["web01:22"]],
  ["web01:8443", ["web01:8443"]],
  ["WEB_1.Corp.:443", ["web_1.corp.:443"]],
  ["10.0.0.5:443/shop.example", ["10.0.0.5:443/shop.example"]],
  ["10.0.0.5:22/shop.example", ["10.0.0.5:22/shop.example"]],
  ["2001:DB8:0:0::1", ["[2001:db8::1]:22", "[2001:db8::1]:443"]],
  ["[2001:db8::1]:22", ["[2001:db8::1]:22"]],
  ["root@2001:db8::1", ["root@[2001:db8::1]"]],
  ["root@[fe80::1%eth0]:2222", ["root@[fe80::1%eth0]:2222"]],
  ["https://shop.example", ["shop.example:443"]],
  ["https://shop.example:8443/cart?id=1", ["shop.example:8443"]],
  ["ssh://web01:2222", ["ssh://web01:2222"]],
  ["ssh://jo@web01/", ["jo@web01"]],
  ["tls://web01:22", ["tls://web01:22"]],
  ["tls://web01", ["web01:443"]],
  ["mail:25", ["mail:25"]],
  ["smtp://mail:587", ["mail:587"]],
  ["smtp://mail", ["mail:25"]],
  ["SMTP://mail:2525/", ["smtp://mail:2525"]],
  ["smtp://jo@mail:2525/mx.example", ["smtp://mail:2525/mx.example"]],
  ["imap://mail/imap.example", ["mail:143/imap.example"]],
  ["imaps://mail", ["mail:993"]],
  ["smtp://mail:443", ["smtp://mail:443"]],
  ["tls://mail:25", ["tls://mail:25"]],
  ["postgresql://db:5433", ["postgres://db:5433"]],
  ["mariadb://db", ["db:3306"]],
  ["xmpp-server://chat:5222", ["xmpp-server://chat:5222"]],
])("%s means %j", (text, targets) => {
  expect(say(text)).toEqual(targets);
});

test.each([
  ["10.0.0.0/30", ["10.0.0.1", "10.0.0.2"]],
  ["10.0.0.5/30", ["10.0.0.5", "10.0.0.6"]],
  ["10.0.0.0/31", ["10.0.0.0", "10.0.0.1"]],
  ["10.0.0.9/32", ["10.0.0.9"]],
  ["2001:db8::/126", ["[2001:db8::]", "[2001:db8::1]", "[2001:db8::2]", "[2001:db8::3]"]],
  ["10.0.0.254-255", ["10.0.0.254", "10.0.0.255"]],
  ["10.0.0.255-10.0.1.1", ["10.0.0.255", "10.0.1.0", "10.0.1.1"]],
  ["2001:db8::f-2001:db8::11", ["[2001:db8::f]", "[2001:db8::10]", "[2001:db8::11]"]],
  ["web[09-11].corp", ["web09.corp", "web10.corp", "web11.corp"]],
  ["web[9-11]", ["web9", "web10", "web11"]],
  ["db[1,3,7-8]", ["db1", "db3", "db7", "db8"]],
  ["r[a-b]-[1-2].x", ["ra-1.x", "ra-2.x", "rb-1.x", "rb-2.x"]],
])("%s means every host of %j", (text, hosts) => {
  expect(say(text, "tls")).toEqual(hosts.map((host) => `${host}:443`));
});

test("a network, a range and a pattern take a login, a port and a server name", () => {
  expect(say("root@10.0.0.1-2:2222 10.0.0.0/31:443/shop.example [2001:db8::/127]:22 jo@web[1-2]")).toEqual([
    "root@10.0.0.1:2222",
    "root@10.0.0.2:2222",
    "10.0.0.0:443/shop.example",
    "10.0.0.1:443/shop.example",
    "[2001:db8::]:22",
    "[2001:db8::1]:22",
    "jo@web1",
    "jo@web2",
  ]);
});

test("entries stand between spaces, commas or lines; comments end with the line; doubles are dropped", () => {
  const text = "# the shop\r\nshop:443, db:5432 # both, really\n\tshop:443\ndb[1,2]:443,,SHOP:443";
  expect(say(text)).toEqual(["shop:443", "db:5432", "db1:443", "db2:443"]);
  expect(say(" \n# nothing\n")).toEqual([]);
});

test("a wish for SSH or TLS alone overrides what the port says", () => {
  expect(say("jo@a b:443/x.example c", "tls")).toEqual(["a:443", "b:443/x.example", "c:443"]);
  expect(say("jo@a b:443/x.example c", "ssh")).toEqual(["jo@a", "ssh://b:443", "c:22"]);
});

test.each([
  ["web01:0", "has no port from 1 to 65535; write it as host:port"],
  ["web01:ssh", "has no port from 1 to 65535; write it as host:port"],
  ["-oProxyCommand=x", "is not the name of a host"],
  ["-x@web01", "has a user name that cannot be one; write it as user@host"],
  ["$(id)@web01", "has a user name that cannot be one"],
  ["web01;id", "is not the name of a host"],
  ["a..b", "is not the name of a host"],
  ["root@", "names no host"],
  ["10.0.0.256", "is not an IPv4 address; write 10.0.0.1"],
  ["10.0.0.01", "is not an IPv4 address"],
  ["10.1", "is not an IPv4 address"],
  ["web.10", "ends in a number as an address does"],
  ["web.[a,1]", "ends in a number as an address does"],
  ["10.0.[0-3].1", "ends in a number as an address does, and is none; write a range as 10.0.0.1-10.0.3.1"],
  ["10.0.0.9-3", "is a range that ends before it begins"],
  ["10.0.0.0/33", "is not a network; its prefix is a number up to 32"],
  ["2001:db8::/129", "is not a network; its prefix is a number up to 128"],
  ["2001:db8:::1", "is not an IPv6 address"],
  ["web[01-20", "has a bracket without its other half; write it as web[01-20].corp"],
  ["web[5-1]", "has a bracket that counts down"],
  ["web[01-100]", "has a bracket whose ends are padded differently"],
  ["web[x1]", "has a bracket that cannot be counted"],
  ["10.0.0.5/shop.example", "names a server but no port"],
  ["http://shop.example", "has no TLS, so it shows no certificate; write host:443"],
  ["gopher://shop.example", "is an address of a kind that is not scanned"],
  ["ldap://dir.example/dc=example", "is not the name of a host"],
  ["bücher.example", "is not ASCII; write the name as DNS has it (its xn-- form)"],
])("%s is refused, saying what to write", (text, why) => {
  expect(() => parseTargets(text, null)).toThrow(Refusal);
  expect(() => parseTargets(text, null)).toThrow(`"${text}" ${why}`);
});

test("what is spoken before TLS is told by the port, by the text, or by a wish for all that do not say it", () => {
  const protocols = (text: string, wish: Protocol | null = null) =>
    parseTargets(text, null, wish).map((one) => (one.kind === "tls" ? one.protocol : "ssh"));
  expect(protocols("a b:25 b:8443 tls://b:25 ldap://b:1389")).toEqual([
    "ssh",
    "tls",
    "smtp",
    "tls",
    "tls",
    "ldap",
  ]);
  expect(protocols("b:2525 tls://b:25 ldap://b:1389 root@b", "smtp")).toEqual(["smtp", "tls", "ldap", "ssh"]);
  expect(parseTargets("mail[1-2]", null, "imap").map(formatTarget)).toEqual(["mail1:143", "mail2:143"]);
});

test("an endpoint may be asked for several server names, each address for each of them", () => {
  expect(say("10.0.0.5:443/a.example+B.example+a.example")).toEqual([
    "10.0.0.5:443/a.example",
    "10.0.0.5:443/b.example",
  ]);
  expect(say("10.0.0.1-2:8443/a.example+b.example")).toHaveLength(4);
  expect(() => say("10.0.0.5:443/a.example+")).toThrow(Refusal);
  const wish = { only: null, protocol: null, sshConfig: NO_SSH_CONFIG, skipBroken: false } as const;
  const asked = (text: string, serverNames: string[]) => parse(text, { ...wish, serverNames });
  expect(asked("web1 10.0.0.5:443/own.example 10.0.0.6:443", ["a", "b"]).targets.map(formatTarget)).toEqual([
    "web1:22",
    "web1:443/a",
    "web1:443/b",
    "10.0.0.5:443/own.example",
    "10.0.0.6:443/a",
    "10.0.0.6:443/b",
  ]);
  const many = Array.from({ length: 1_000 }, (_, index) => `n${index}.example`);
  expect(() => asked("10.0.0.0/24:443", many)).toThrow("this means 254,000 targets");
});

test("a refusal names the line where there are several", () => {
  expect(() => parseTargets("a\nb # fine\nc:x", null)).toThrow('"c:x" on line 3 has no port');
});

test.each([
  ["10.0.0.0/16", null, "131,068"],
  ["web[1-65537]", "tls", "65,537"],
  ["2001:db8::/64", "ssh", "18,446,744,073,709,551,616"],
  ["a[0-999999999][0-999999999][0-999999999]", "tls", "1,000,000,000,000,000,000,000,000,000"],
] as const)("%s is refused before it is expanded, with its count", (text, only, count) => {
  expect(() => parseTargets(text, only)).toThrow(`this means ${count} targets, and at most 65,536`);
});

test("the largest that is allowed is allowed", () => {
  expect(parseTargets("web[1-65536]", "tls")).toHaveLength(MOST_TARGETS);
  expect(parseTargets("10.0.0.0/17", null)).toHaveLength(65_532);
});

const CONFIG = makeConfig({
  config: `
Host web1
  HostName 10.0.0.1
Host Db1
  Port 2222
Host inner-*
  ProxyJump bastion
  Port 2201`,
});

const formatWith = (text: string, only: "ssh" | "tls" | null = null) =>
  parse(text, { only, protocol: null, serverNames: [], sshConfig: CONFIG, skipBroken: false }).targets.map(
    formatTarget,
  );

test.each([
  ["web1", ["web1:22"]],
  ["web1:8443", ["web1:8443"]],
  ["Db1", ["ssh://Db1:2222", "Db1:443"]],
  ["db1", ["db1:22", "db1:443"]],
  ["root@Db1", ["root@Db1:2222"]],
  ["Db1:22", ["Db1:22"]],
  ["ssh://Db1", ["ssh://Db1:2222"]],
  ["inner-[1-2]", ["ssh://inner-1:2201", "ssh://inner-2:2201"]],
  ["jo@inner-[1-2]:22", ["jo@inner-1", "jo@inner-2"]],
])("with an ssh_config that knows it, %s means %j", (text, targets) => {
  expect(formatWith(text)).toEqual(targets);
  const again = parse(text, {
    only: null,
    protocol: null,
    serverNames: [],
    sshConfig: CONFIG,
    skipBroken: false,
  }).targets;
  expect(formatWith(again.map(writeTarget).join(" "))).toEqual(targets);
});

test("of ten thousand lines with a hundred broken ones each of these is named, and the rest are taken", () => {
  const lines = Array.from({ length: 10_000 }, (_, index) =>
    index % 100 === 99 ? `web${index}:${70_000 + index} # broken` : `root@web${index}`,
  );
  const wish = {
    only: null,
    protocol: null,
    serverNames: [],
    sshConfig: NO_SSH_CONFIG,
    skipBroken: true,
  } as const;
  const { targets, broken } = parse(lines.join("\n"), wish);
  expect(targets).toHaveLength(9_900);
  expect(broken).toHaveLength(100);
  expect(broken[1]).toEqual({
    where: "line 200",
    text: "web199:70199",
    why: "has no port from 1 to 65535; write it as host:port",
  });
});

test("a text of which nothing can be read is refused for its first word, broken words skipped or not", () => {
  const wish = {
    only: null,
    protocol: null,
    serverNames: [],
    sshConfig: NO_SSH_CONFIG,
    skipBroken: true,
  } as const;
  expect(() => parse("\na:x b:y", wish)).toThrow('"a:x" on line 2 has no port');
  expect(parse("\n# nothing", wish)).toEqual({ targets: [], broken: [], sshAlone: 0 });
  const noise = Array.from({ length: 20_000 }, (_, index) => `a:x${index}`).join(" ");
  expect(() => parse(noise, wish)).toThrow("more than 10,000 words cannot be read as targets");
});

const label = fc.stringMatching(/^[a-z_]([a-z0-9_-]{0,8}[a-z0-9_])?$/);
const host = fc.oneof(
  fc.array(label, { minLength: 1, maxLength: 3 }).map((labels) => labels.join(".")),
  fc.ipV4(),
  fc.ipV6().map((text) => parseTargets(text, "tls")[0]?.host ?? ""),
);
const port = fc.integer({ min: 1, max: 65_535 });
const target: fc.Arbitrary<Target> = fc.oneof(
  fc.record({
    kind: fc.constant("ssh" as const),
    host,
    port: fc.oneof(fc.constant(22), port),
    user: fc.option(fc.stringMatching(/^[a-z_][a-z0-9_.\\@-]{0,8}$/)),
  }),
  fc.record({
    kind: fc.constant("tls" as const),
    host,
    port: fc.oneof(fc.constantFrom(22, 25, 389, 443, 5432), port),
    serverName: fc.option(label.map((name) => `${name}.example`)),
    protocol: fc.constantFrom(...Protocol.options),
  }),
);

test("every target that is said is read back the same", () => {
  const isEqual = (one: Target, other: Target) => formatTarget(one) === formatTarget(other);
  fc.assert(
    fc.property(fc.uniqueArray(target, { comparator: isEqual, maxLength: 20 }), (targets) => {
      expect(parseTargets(targets.map(formatTarget).join("\n"), null)).toEqual(targets);
    }),
  );
});

test("no text does anything but mean targets or be refused", () => {
  const written = fc.stringMatching(/^[a-c0-3@:./[\], #%-]{0,24}$/);
  const only = fc.constantFrom("ssh", "tls", null);
  fc.assert(
    fc.property(fc.oneof(written, fc.string({ unit: "binary" })), only, (text, wish) => {
      const targets = parseOrRefuse(text, wish);
      if (targets === null) return;
      for (const each of targets) expect(Target.parse(each)).toEqual(each);
    }),
    { numRuns: 2_000 },
  );
});

function parseOrRefuse(text: string, only: "ssh" | "tls" | null): Target[] | null {
  try {
    return parseTargets(text, only);
  } catch (error) {
    expect(error).toBeInstanceOf(Refusal);
    return null;
  }
}
