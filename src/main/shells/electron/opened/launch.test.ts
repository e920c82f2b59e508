import fc from "fast-check";
import { expect, test } from "vitest";
import { argumentsOf, readLaunch, readOpened } from "./launch.ts";

const files = { sshConfigs: [], identities: [], programs: [] };
const window = { kind: "window", database: null, files, opened: [] };

test.each([
  ["nothing", [], window],
  ["switches of Chromium", ["--no-sandbox", "--ozone-platform=x11", "-psn_0_1"], window],
  ["a database", ["--db", "a.db"], { ...window, database: "/here/a.db" }],
  ["a database in one word", ["--db=/there/a.db"], { ...window, database: "/there/a.db" }],
  [
    "files that the page may name",
    ["--identity", "a", "--identity=/b", "--ssh-config=c", "--dns-hook", "/d"],
    { ...window, files: { sshConfigs: ["/here/c"], identities: ["/here/a", "/b"], programs: ["/d"] } },
  ],
  ["a file", ["/tmp/cert.pem"], { ...window, opened: [{ kind: "file", path: "/tmp/cert.pem" }] }],
  ["a file from here", ["./cert"], { ...window, opened: [{ kind: "file", path: "/here/cert" }] }],
  [
    "a link",
    ["latchkey://open/hosts?open=1"],
    { ...window, opened: [{ kind: "link", link: "latchkey://open/hosts?open=1" }] },
  ],
  ["a command", ["scan", "web1"], { kind: "command", argv: ["scan", "web1"] }],
  [
    "a command behind options",
    ["--db", "a.db", "--json", "certificates"],
    { kind: "command", argv: ["--db", "a.db", "--json", "certificates"] },
  ],
  ["a mistyped command", ["scna"], { kind: "command", argv: ["scna"] }],
  ["a question", ["--version"], { kind: "command", argv: ["--version"] }],
])("%s: %j", (_, argv, launch) => {
  expect(readLaunch(argv, "/here")).toEqual(launch);
});

test.each([
  [["/opt/latchkey", "a.pem"], true, ["a.pem"]],
  [["/opt/latchkey"], true, []],
  [["electron", ".", "--db", "a.db"], false, ["--db", "a.db"]],
  [["electron", "--inspect=0", "--no-sandbox", ".", "a.pem"], false, ["a.pem"]],
  [["electron"], false, []],
])("of %j (packaged: %s) the program's arguments are %j", (argv, isPackaged, args) => {
  expect(argumentsOf(argv, { isPackaged })).toEqual(args);
});

test("a second start names what to open, by the folder that it was started in", () => {
  expect(readOpened(["--flag", "a.pem", "latchkey://open/scans"], "/there")).toEqual([
    { kind: "file", path: "/there/a.pem" },
    { kind: "link", link: "latchkey://open/scans" },
  ]);
});

test("any arguments start something", () => {
  fc.assert(
    fc.property(fc.array(fc.string()), (argv) => {
      expect(["command", "window"]).toContain(readLaunch(argv, "/here").kind);
    }),
  );
});
