import fc from "fast-check";
import { expect, test } from "vitest";
import { makeAccount } from "#domain/ssh/testdata/make-collection.ts";
import { findDoas } from "./doas.ts";
import { readSudoers } from "./read-sudoers.ts";
import { findEscalation } from "./sudo.ts";

const root = makeAccount("root", { uid: 0, gid: 0, home: "/root", groups: ["root"] });
const ann = makeAccount("ann", { uid: 1_001, groups: ["ann", "wheel"] });
const bob = makeAccount("bob", { uid: 1_002 });
const app = makeAccount("app", { uid: 1_003 });
const accounts = [root, ann, bob, app];

const read = (text: string, more: Record<string, string> = {}, folders: Record<string, string[]> = {}) =>
  readSudoers(
    {
      first: "/etc/sudoers",
      files: new Map(
        Object.entries({ "/etc/sudoers": text, ...more }).map(([path, said]) => [path, Buffer.from(said)]),
      ),
      folders: new Map(Object.entries(folders)),
    },
    "web1.example.org",
  );

function become(text: string) {
  const found = findEscalation(read(text), { accounts, hostname: "web1.example.org" });
  return found.map(({ account, target, commands, password, isCertain }) =>
    [account, target, commands, password, isCertain ? "" : "perhaps"].join(" ").trim(),
  );
}

test("a group, an alias and a number each name accounts, and the last rule that fits holds", () => {
  expect(become("%wheel ALL=(ALL) ALL\nann ALL=(ALL) NOPASSWD: ALL\n")).toEqual(["ann root any none"]);
  expect(become("User_Alias OPS = ann, #1002\nOPS ALL=(app) ALL\n")).toEqual([
    "ann app any own",
    "bob app any own",
  ]);
  expect(become("ALL, !ann ALL=ALL\n")).toEqual(["bob root any own", "app root any own"]);
});

test("what depends on a netgroup, an address or a date is told without certainty", () => {
  expect(become("+admins ALL=(ALL) ALL\n")[0]).toBe("ann root any own perhaps");
  expect(become("bob 192.0.2.7=(ALL) ALL\n")).toEqual(["bob root any own perhaps"]);
  expect(become("bob ALL=(ALL) NOTAFTER=20300101000000Z ALL\n")).toEqual(["bob root any own perhaps"]);
  expect(become("bob ALL=(ALL) ALL\n+admins ALL=(ALL) !ALL\n")).toEqual(["bob root any own perhaps"]);
});

test("a host list fits by the short name and by the long one", () => {
  const of = (hosts: string) => become(`bob ${hosts}=(ALL) ALL\n`).length;
  expect([
    of("web1"),
    of("web1.example.org"),
    of("web*"),
    of("web2"),
    of("ALL, !web1"),
    of("*.example.org"),
  ]).toEqual([1, 1, 1, 0, 0, 1]);
});

test("whoever may start a shell without a password needs none for the rest", () => {
  expect(become("bob ALL=(ALL) ALL, NOPASSWD: /bin/bash\n")).toEqual(["bob root any none"]);
  expect(become("bob ALL=(ALL) ALL, NOPASSWD: /bin/ls\n")).toEqual(["bob root any own"]);
});

test("a folder and a pattern that shells fit let their user start one", () => {
  const shellOf = (command: string) =>
    findEscalation(read(`bob ALL=(ALL) ${command}\n`), { accounts, hostname: "web1" })[0]?.shell ?? null;
  for (const command of ["/bin/bash", "/usr/bin/", "/bin/*", "/usr/bin/[a-z]*sh", "/*/sh", "/sbin/*"])
    expect(shellOf(command)).toBe(command);
  for (const command of ["/bin/ls", "/opt/tools/", "/usr/*", "/opt/*", "/usr/sbin/*sh", "/bin/* --version"])
    expect(shellOf(command)).toBe(null);
});

test("includes stand where they are written, and one in a circle ends", () => {
  const sudoers = read(
    "@include local\n@includedir /etc/sudoers.d\nbob ALL=ALL\n",
    { "/etc/local": "ann ALL=ALL\n@include /etc/sudoers\n", "/etc/sudoers.d/a": "app ALL=ALL\n" },
    { "/etc/sudoers.d": ["/etc/sudoers.d/a"] },
  );
  expect(sudoers.rules.map(({ location }) => location)).toEqual([
    "/etc/local:1",
    "/etc/sudoers.d/a:1",
    "/etc/sudoers:3",
  ]);
  expect(sudoers.problems).toEqual(["/etc/sudoers is included in a circle, by /etc/local"]);
});

test("files that include each other over and over end as well", () => {
  const twice = (next: number) => `@include /etc/f${next}\n`.repeat(2);
  const more = Object.fromEntries(
    Array.from({ length: 60 }, (_, index) => [`/etc/f${index}`, twice(index + 1)]),
  );
  expect(read(twice(0), more).rules).toEqual([]);
});

test("whatever stands in a file of rules, it is read without a fault and in bounded time", () => {
  const piece = fc.constantFrom(
    "ann",
    "ALL",
    "=",
    "(",
    ")",
    ":",
    ",",
    "!",
    "\\",
    '"',
    "#",
    "%",
    "+",
    " ",
    "\n",
    "NOPASSWD:",
    "CWD=/x",
    "User_Alias",
    "Cmnd_Alias",
    "A",
    "B",
    "Defaults",
    "@include /etc/sudoers",
    "/bin/ls",
    "sha224:ab",
    "^a$",
    "permit",
    "deny",
    "as",
    "cmd",
    "args",
    "{",
    "}",
    "nopass",
    "setenv",
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 80 }), (pieces) => {
      const text = pieces.join(" ");
      become(text);
      findDoas({ path: "/etc/doas.conf", bytes: Buffer.from(text) }, accounts);
    }),
  );
});

test("aliases that name each other end", () => {
  const text = `User_Alias A = B, B\nUser_Alias B = A, A\nCmnd_Alias C = D, D\nCmnd_Alias D = C, C\nA ALL=C\nann ALL=C\n`;
  expect(become(text)).toEqual(expect.any(Array));
});
