import fc from "fast-check";
import { expect, test } from "vitest";
import { readSshdConfig, splitConfigLine } from "./sshd-config.ts";

const read = (files: Record<string, string>, includes: Record<string, string[]> = {}) =>
  readSshdConfig({
    files: new Map(Object.entries(files).map(([path, text]) => [path, Buffer.from(text)])),
    includes: new Map(Object.entries(includes)),
  });

test("a line is split as sshd splits it", () => {
  expect(
    [
      "PermitRootLogin no",
      "\tPermitRootLogin=no\r",
      "PermitRootLogin = no",
      'AllowUsers "a b" c\\ d \'e\' f"g h"i # comment',
      "AllowUsers a#b",
      '"AllowUsers" a',
      'ForceCommand echo \\"x\\"',
      "UsePAM",
      "   # nothing",
      "",
    ].map(splitConfigLine),
  ).toEqual([
    ["permitrootlogin", "no"],
    ["permitrootlogin", "no"],
    ["permitrootlogin", "no"],
    ["allowusers", "a b", "c d", "e", "fg hi"],
    ["allowusers", "a#b"],
    ["allowusers", "a"],
    ["forcecommand", "echo", '"x"'],
    ["usepam"],
    null,
    null,
  ]);
});

test("a line stands under the Match blocks around it, across includes and no further", () => {
  const { lines, unreadable } = read(
    {
      "/etc/ssh/sshd_config":
        "Include one.conf\nMatch User=alice Address 10.0.0.0/8\nInclude two.conf\nUsePAM no\n",
      "/etc/ssh/one.conf": "Match all\nStrictModes no\n",
      "/etc/ssh/two.conf": "UseDNS yes\nMatch Group ops\nPermitRootLogin no\n",
    },
    { "one.conf": ["/etc/ssh/one.conf"], "two.conf": ["/etc/ssh/two.conf"] },
  );
  expect(
    lines.map(({ keyword, location, match }) => [keyword, location, ...match.map(({ text }) => text)]),
  ).toEqual([
    ["strictmodes", "/etc/ssh/one.conf:2", "Match all"],
    ["usedns", "/etc/ssh/two.conf:1", "Match User=alice Address 10.0.0.0/8"],
    ["permitrootlogin", "/etc/ssh/two.conf:3", "Match User=alice Address 10.0.0.0/8", "Match Group ops"],
    ["usepam", "/etc/ssh/sshd_config:4", "Match User=alice Address 10.0.0.0/8"],
  ]);
  expect(lines[1]?.match[0]?.criteria).toEqual([
    { name: "user", argument: "alice" },
    { name: "address", argument: "10.0.0.0/8" },
  ]);
  expect(unreadable).toEqual([]);
});

test("what could not be read or expanded is named", () => {
  expect(read({}).unreadable).toEqual(["/etc/ssh/sshd_config could not be read"]);
  const { unreadable } = read(
    { "/etc/ssh/sshd_config": "Include a.d/*.conf b.conf" },
    { "b.conf": ["/etc/ssh/b.conf"] },
  );
  expect(unreadable).toEqual([
    "what Include a.d/*.conf stands for is not known",
    "/etc/ssh/b.conf could not be read",
  ]);
});

test("an include of itself ends", () => {
  const { unreadable } = read({ "/etc/ssh/sshd_config": "Include x" }, { x: ["/etc/ssh/sshd_config"] });
  expect(unreadable).toEqual(["/etc/ssh/sshd_config: included too deep"]);
});

test("no text makes it throw", () => {
  const word = fc.constantFrom("Match", "Include", "User", "=", '"', "'", "\\", "#", "\n", " ", "a", "x");
  const text = fc.array(fc.oneof(word, fc.string({ maxLength: 3 }))).map((words) => words.join(" "));
  fc.assert(fc.property(text, (config) => void read({ "/etc/ssh/sshd_config": config }, { a: [] })));
});
