import fc from "fast-check";
import { expect, test } from "vitest";
import type { SshTarget } from "#shared/model/hosts/target.ts";
import { makeConfig } from "./testdata/make-config.ts";

const target = (host: string, port = 22, user: string | null = null): SshTarget => ({
  kind: "ssh",
  host,
  port,
  user,
});

const routeTo = (config: ReturnType<typeof makeConfig>, host: string, port?: number) =>
  config.routeTo(target(host, port), "jo");

/** The hops of a route, as `user@name:port at address`. */
function formatRoute(config: ReturnType<typeof makeConfig>, host: string): string[] | string {
  const route = routeTo(config, host);
  if (route.kind === "unsupported") return route.why;
  return route.hops.map(({ user, name, port, address }) => `${user}@${name}:${port} at ${address}`);
}

test("a host has the address, login, keys and name in known_hosts that its lines say", () => {
  const config = makeConfig({
    config: `
Host web1
  HostName Web1.Corp
  User deploy
  Port 2222
  IdentityFile ~/.ssh/%r_%h_%n_%p_%u_%i_%L
  IdentityFile "\${HOME}/my keys/a%%b"
  IdentitiesOnly yes
Host db
  HostKeyAlias The-DB
  IdentityFile none
Host plain`,
  });
  expect(config.routeTo(target("web1", 2222), "jo")).toEqual({
    kind: "hops",
    hops: [
      {
        name: "web1",
        port: 2222,
        address: "web1.corp",
        user: "deploy",
        knownAs: { host: "web1.corp", port: 2222 },
        identityFiles: ["/home/jo/.ssh/deploy_web1.corp_web1_2222_jo_1000_desk", "/home/jo/my keys/a%b"],
        identitiesOnly: true,
      },
    ],
  });
  expect(config.routeTo(target("db"), "jo")).toMatchObject({
    hops: [{ knownAs: { host: "the-db", port: 22 }, identityFiles: [], identitiesOnly: false, user: "jo" }],
  });
  expect(config.routeTo(target("plain", 22, "ann"), "jo")).toMatchObject({
    hops: [{ address: "plain", user: "ann", identityFiles: null }],
  });
  expect(config.names).toEqual(["web1", "db", "plain"]);
  expect(["web1", "db", "plain", "Web1"].map(config.isAlias)).toEqual([true, false, false, false]);
  expect(["web1", "db"].map((host) => config.portOf(host, null))).toEqual([2222, null]);
});

test("a name is what a Host line says in full: no pattern, nothing negated, each once", () => {
  const config = makeConfig({ config: "Host a *.b c !d a\nMatch host e\nHost Web1 10.0.0.5" });
  expect(config.names).toEqual(["a", "c", "Web1", "10.0.0.5"]);
  expect(["a", "Web1", "web1"].map(config.isNamed)).toEqual([true, true, false]);
});

test("every hop of ProxyJump is looked up by itself, and only the first goes its own way", () => {
  const config = makeConfig({
    config: `
Host inner
  ProxyJump jo@hop1:2201,hop2,hop3
Host hop1
  HostName 10.0.0.1
  ProxyJump outer
Host hop2
  User two
  Port 2202
  ProxyJump never
Host hop3
  ProxyCommand never
Host outer
  HostName outer.example
  ProxyJump none`,
  });
  expect(formatRoute(config, "inner")).toEqual([
    "jo@outer:22 at outer.example",
    "jo@hop1:2201 at 10.0.0.1",
    "two@hop2:2202 at hop2",
    "jo@hop3:22 at hop3",
    "jo@inner:22 at inner",
  ]);
});

test.each([
  ["itself", "Host *\n  ProxyJump a", "a"],
  ["its own address", "Host web1\n  HostName a\n  ProxyJump a", "a"],
  [
    "another that comes back",
    "Host web1\n  ProxyJump a\nHost a\n  HostName 10.0.0.1\n  ProxyJump b\nHost b\n  ProxyJump a",
    "a",
  ],
])("a way through %s is a loop, and is named", (_, text, name) => {
  const said = formatRoute(makeConfig({ config: text }), "web1");
  expect(said).toContain("a loop in ProxyJump at ~/.ssh/config:");
  expect(said).toContain(name);
});

test("a line that cannot be read is named; the hosts it is said of are not guessed at, and the others hold", () => {
  const config = makeConfig({
    config: `
Host web1
  Port many
Host web2
  HostNmae 10.0.0.2
  Port 2222
Host "web3
  User three
Host web4 web1
  Port 4`,
  });
  expect(config.broken).toEqual([
    { where: "~/.ssh/config line 3", text: "Port many", why: "has no port from 1 to 65535" },
    { where: "~/.ssh/config line 5", text: "HostNmae 10.0.0.2", why: "is not a keyword that ssh knows" },
    { where: "~/.ssh/config line 7", text: 'Host "web3', why: "has a quote without its other half" },
  ]);
  expect(formatRoute(config, "web1")).toBe(
    "what ssh_config says of web1 at ~/.ssh/config:3 has no port from 1 to 65535; correct that line",
  );
  expect(formatRoute(config, "web2")).toEqual(["jo@web2:22 at web2"]);
  expect(config.portOf("web2", null)).toBe(2222);
  expect(formatRoute(config, "web3")).toEqual(["jo@web3:22 at web3"]);
  expect(config.portOf("web4", null)).toBe(4);
});

test.each([
  "HostName -oProxyCommand=x",
  "HostName a;id",
  "User -x",
  "User $(id)",
  "ProxyJump -oProxyCommand=x",
  "ProxyJump $(id)@a",
  "ProxyJump a,b;c",
  "ProxyJump 10.0.0.0/24",
])("%s is nothing that a login is tried with", (text) => {
  const config = makeConfig({ config: text });
  expect(config.broken).toHaveLength(1);
  expect(routeTo(config, "web1").kind).toBe("unsupported");
});

test("what is not evaluated is a note with its places, and holds for nothing", () => {
  const config = makeConfig({
    config: 'Match host web1 exec "touch /tmp/ran"\n  Port 1\nMatch localnetwork 10.0.0.0/8\n  Port 2',
  });
  expect(config.notes).toEqual([
    "Match exec is not evaluated: what stands under it is left out (~/.ssh/config:1)",
    "Match localnetwork is not evaluated: what stands under it is left out (~/.ssh/config:3)",
  ]);
  expect(config.portOf("web1", null)).toBeNull();
});

test("what is not followed is said of the hosts that it is about, with a few of its places", () => {
  const hosts = ["a", "b", "c", "d", "e"].map((host) => target(host));
  const config = makeConfig({
    config: `${hosts.map(({ host }) => `Host ${host}\n  UserKnownHostsFile /dev/null`).join("\n")}
Host e
  IdentityFile ~/.ssh/%C
  IdentityFile id_work
  ProxyJump f
Host f
  CanonicalizeHostname yes`,
  });
  expect(config.notesOn(hosts, "jo")).toEqual([
    "UserKnownHostsFile is not followed: the usual known_hosts files are read (~/.ssh/config:2, ~/.ssh/config:4, ~/.ssh/config:6 and 2 more)",
    "IdentityFile with %C is not followed: write the path in full (~/.ssh/config:12)",
    "IdentityFile with a path that is not absolute is not followed: begin it with ~/ or / (~/.ssh/config:13)",
    "CanonicalizeHostname is not followed: a name is taken as it is written (~/.ssh/config:16)",
  ]);
  expect(config.notesOn([target("other")], "jo")).toEqual([]);
  expect(config.routeTo(target("e"), "jo")).toMatchObject({ hops: [{}, { identityFiles: [] }] });
});

test("hosts that are not reached as ssh_config says are named, a few of very many", () => {
  const config = makeConfig({ config: "Host *\n  Port many" });
  const notes = config.notesOn(
    ["a", "b", "c", "d", "e", "f", "g"].map((host) => target(host)),
    "jo",
  );
  expect(notes).toHaveLength(6);
  expect(notes[0]).toContain("what ssh_config says of a at ~/.ssh/config:2");
  expect(notes[5]).toBe("and 2 hosts more that are not reached as ssh_config says");
});

test("files are included where they stand, in their order", () => {
  const config = makeConfig(
    {
      config: "Include conf.d/*\nHost *\n  Port 3",
      "conf.d/a": "Host a\n  Port 1",
      "conf.d/b": "Host b a\n  Port 2",
    },
    { "conf.d/*": ["conf.d/a", "conf.d/b"] },
  );
  expect(["a", "b", "c"].map((host) => config.portOf(host, null))).toEqual([1, 2, 3]);
  expect(config.names).toEqual(["a", "b"]);
});

test("a loop of Include is named and goes round once", () => {
  const config = makeConfig({
    config: "Include other\nHost a\n  Port 1",
    other: "Host b\n  Include config\n  Port 2",
  });
  expect(config.broken).toEqual([
    {
      where: "~/.ssh/other line 2",
      text: "Include config",
      why: "includes ~/.ssh/config inside itself: a loop, which is not followed",
    },
  ]);
  expect(["a", "b"].map((host) => config.portOf(host, null))).toEqual([1, 2]);
});

test("Include goes 16 files deep, as in ssh, and no deeper", () => {
  const chain = Array.from({ length: 20 }, (_, depth) => [
    `f${depth}`,
    `Include f${depth + 1}\nHost h${depth}\n`,
  ]);
  const config = makeConfig({ config: "Include f1", ...Object.fromEntries(chain) });
  expect(config.names).toEqual(Array.from({ length: 16 }, (_, index) => `h${16 - index}`));
  expect(config.broken).toMatchObject([
    { where: "~/.ssh/f16 line 1", why: expect.stringContaining("16 files deep") },
  ]);
});

test("files that include each other's files over and over come to an end", () => {
  const twice = Array.from({ length: 16 }, (_, depth) => [`f${depth}`, `Include f${depth + 1}\n`.repeat(2)]);
  const config = makeConfig({
    config: "Include f0\nHost a\n  Port 1",
    ...Object.fromEntries(twice),
    f16: "",
  });
  expect(config.broken.some(({ why }) => why.includes("after too many others"))).toBe(true);
  expect(config.portOf("a", null)).toBe(1);
});

test("ten thousand hosts in one file are each found at once, and a hundred broken lines are each named", () => {
  const blocks = Array.from({ length: 10_000 }, (_, index) => {
    const port = index % 100 === 7 ? "x" : String(1_000 + index);
    return `Host h${index} h${index}.* !h${index}.not\n  HostName 10.0.${index >> 8}.${index & 255}\n  Port ${port}`;
  });
  const config = makeConfig({
    config: `${blocks.join("\n")}\nHost bastion\n  ProxyJump none\nHost *\n  ProxyJump bastion`,
  });
  expect(config.broken).toHaveLength(100);
  expect(config.broken[1]).toEqual({
    where: "~/.ssh/config line 324",
    text: "Port x",
    why: "has no port from 1 to 65535",
  });
  const kinds = config.names.map((host) => routeTo(config, `${host}.corp`).kind);
  expect(kinds.filter((kind) => kind === "unsupported")).toHaveLength(100);
});

test("of a file that is broken throughout the first ten thousand lines are named", () => {
  const { broken } = makeConfig({ config: "rubbish\n".repeat(20_000) });
  expect(broken).toHaveLength(10_001);
  expect(broken.at(-1)).toMatchObject({
    where: "~/.ssh/config line 10001",
    why: expect.stringContaining("no more is named"),
  });
});

test("no bytes do anything but say how a host is reached", () => {
  const word = fc.constantFrom(
    "Host",
    "Match",
    "Include",
    "ProxyJump",
    "HostName",
    "User",
    "Port",
    "IdentityFile",
    "all",
    "host",
    "exec",
    "a",
    "*",
    "!",
    "=",
    '"',
    "'",
    "\\",
    "#",
    "%h",
    "${X}",
    "~",
    ",",
    "@",
    "::1",
    "\0",
    "\n",
    "\r",
    " ",
    "\t",
  );
  const text = fc.oneof(
    fc.array(word, { maxLength: 40 }).map((words) => words.join(" ")),
    fc.string({ unit: "binary", maxLength: 200 }),
  );
  fc.assert(
    fc.property(text, fc.string({ unit: "binary", maxLength: 30 }), (config, host) => {
      const { kind } = routeTo(makeConfig({ config, a: config }), host);
      expect(["hops", "unsupported"]).toContain(kind);
    }),
    { numRuns: 300 },
  );
});
