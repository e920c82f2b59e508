import { spawnSync } from "node:child_process";
import { mkdir, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import fc from "fast-check";
import { expect, test } from "vitest";
import { type DesktopMessage, MOST_FILE_BYTES } from "#shared/contract/transport/desktop.ts";
import { makeTemporaryFolder } from "#testing/temporary-folder.ts";
import {
  argumentsOf,
  formatOtherDatabase,
  type Opened,
  readLaunch,
  readSecondStart,
  showOpened,
} from "./launch.ts";

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

test("a second start names what to open, by the folder that it was started in, or opens a window", () => {
  const start = (...argv: string[]) => readSecondStart(argv, "/there", "/here/a.db");
  expect(start("--flag", "a.pem", "latchkey://open/scans")).toEqual({
    kind: "show",
    opened: [
      { kind: "file", path: "/there/a.pem" },
      { kind: "link", link: "latchkey://open/scans" },
    ],
  });
  expect(start()).toEqual({ kind: "new-window" });
  expect(start("--no-sandbox")).toEqual({ kind: "new-window" });
  expect(start("--db", "../here/a.db")).toEqual({ kind: "new-window" });
});

test("a second start that names another database opens nothing, and is told which one is open", async () => {
  expect(readSecondStart(["--db=b.db", "c.pem"], "/there", "/here/a.db")).toEqual({
    kind: "other-database",
    database: "/there/b.db",
  });
  expect(formatOtherDatabase("/there/b.db", "/here/a.db")).toBe(
    "/there/b.db was not opened: the Latchkey that runs has /here/a.db open; quit it first",
  );
  await using folder = await makeTemporaryFolder();
  const [database, link] = [join(folder.path, "a.db"), join(folder.path, "link.db")];
  await writeFile(database, "");
  await symlink(database, link);
  expect(readSecondStart(["--db", "link.db"], folder.path, database)).toEqual({ kind: "new-window" });
});

test("any arguments start something", () => {
  fc.assert(
    fc.property(fc.array(fc.string()), (argv) => {
      expect(["command", "window"]).toContain(readLaunch(argv, "/here").kind);
    }),
  );
});

test("a file's bytes travel to the page, by its name alone", async () => {
  await using folder = await makeTemporaryFolder();
  const path = join(folder.path, "id.pub");
  await writeFile(path, "ssh-ed25519 AAAA");
  expect(await show([{ kind: "file", path }])).toEqual([
    { kind: "file", name: "id.pub", base64: Buffer.from("ssh-ed25519 AAAA").toString("base64") },
  ]);
});

test("as much as the limit is read, and no byte more", async () => {
  await using folder = await makeTemporaryFolder();
  const path = join(folder.path, "large.pem");
  await writeFile(path, Buffer.alloc(MOST_FILE_BYTES));
  expect(await show([{ kind: "file", path }])).toMatchObject([{ kind: "file" }]);
  await writeFile(path, Buffer.alloc(MOST_FILE_BYTES + 1));
  expect(await show([{ kind: "file", path }])).toEqual([
    {
      kind: "unreadable-file",
      name: "large.pem",
      sentence: "large.pem could not be read: it is larger than 700 KiB; latchkey inspect reads it",
    },
  ]);
});

test.runIf(process.platform !== "win32")(
  "what is no regular file is not waited for: a folder, a device without end, a pipe that nobody writes to",
  async () => {
    await using folder = await makeTemporaryFolder();
    const pipe = join(folder.path, "pipe");
    const inner = join(folder.path, "folder");
    spawnSync("mkfifo", [pipe]);
    await mkdir(inner);
    const paths = [inner, "/dev/zero", pipe, join(folder.path, "gone")];
    const said = await show(paths.map((path) => ({ kind: "file", path })));
    expect(said.map((message) => message.kind === "unreadable-file" && message.sentence)).toEqual([
      "folder could not be read: it is not a regular file",
      "zero could not be read: it is not a regular file",
      "pipe could not be read: it is not a regular file",
      expect.stringContaining("gone could not be read: ENOENT"),
    ]);
  },
);

test("a link leads to a row, and what is no link of ours leads nowhere", async () => {
  const links = ["latchkey://open/hosts?open=3", "latchkey://open/hosts?open=1#evil", "latchkey:evil"];
  expect(await show(links.map((link) => ({ kind: "link", link })))).toEqual([
    { kind: "go", screen: "hosts", open: "3" },
  ]);
});

async function show(opened: Opened[]): Promise<DesktopMessage[]> {
  const said: DesktopMessage[] = [];
  await showOpened(opened, (message) => said.push(message));
  return said;
}
