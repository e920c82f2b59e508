import { execFileSync } from "node:child_process";
import { chmod, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { makeTemporaryFolder } from "#testing/temporary-folder.ts";
import { isPrivateGroup, readSshConfigFile, readTextFile } from "./read-ssh-files.ts";

test("a file is read to its limit, and a folder, or none, is told apart", async () => {
  await using folder = await makeTemporaryFolder();
  const path = join(folder.path, "file");
  await writeFile(path, "x".repeat(1024 * 1024));
  expect(await readTextFile(path, 1)).toMatchObject({ text: expect.stringMatching(/^x{1048576}$/) });
  await writeFile(path, "x".repeat(1024 * 1024 + 1));
  expect(await readTextFile(path, 1)).toEqual({ why: "it is larger than 1 MiB" });
  expect(await readTextFile(folder.path, 1)).toEqual({ why: "it is a folder" });
  expect(await readTextFile(join(path, "below"), 1)).toBeNull();
  expect(await readTextFile(join(folder.path, "none"), 1)).toBeNull();
});

test.skipIf(process.platform === "win32")(
  "a pipe that nobody writes to, or a device without end, holds up nothing",
  async () => {
    await using folder = await makeTemporaryFolder();
    const pipe = join(folder.path, "pipe");
    execFileSync("mkfifo", [pipe]);
    const why = "it is not a regular file";
    expect(await readTextFile(pipe, 1)).toEqual({ why });
    expect(await readTextFile("/dev/zero", 1)).toEqual({ why });
  },
);

test.skipIf(process.platform === "win32")(
  "an ssh_config that others may write to is not believed, as ssh does not",
  async () => {
    await using folder = await makeTemporaryFolder();
    const path = join(folder.path, "config");
    await writeFile(path, "User jo");
    await chmod(path, 0o646);
    expect(await readSshConfigFile(path, { mustBeSafe: true })).toEqual({
      why: "others may write to it; chmod go-w it, as ssh asks, too",
    });
    expect(await readSshConfigFile(path, { mustBeSafe: false })).toEqual({ text: "User jo" });
    await chmod(path, 0o644);
    expect(await readSshConfigFile(path, { mustBeSafe: true })).toEqual({ text: "User jo" });
  },
);

const PASSWD = `root:x:0:0:root:/root:/bin/bash
jo:x:1000:1000::/home/jo:/bin/bash
ada:x:1001:100::/home/ada:/bin/bash
eve:x:1002:100::/home/eve:/bin/bash
max:x:1003:1003::/home/max:/bin/bash
`;
const GROUP = `root:x:0:
users:x:100:
jo:x:1000:jo
max:x:1003:eve
staff:x:50:jo
`;

test.each([
  ["of the same name", 1000, 1000, true],
  ["that others have for their first", 100, 1001, false],
  ["that somebody else was added to", 1003, 1003, false],
  ["of somebody else", 1000, 1001, false],
  ["that is not the first of that user", 50, 1000, false],
  ["that nobody knows", 4242, 1000, false],
])("a group %s is private or not", (_, gid, uid, isPrivate) => {
  expect(isPrivateGroup(gid, uid, { passwd: PASSWD, group: GROUP })).toBe(isPrivate);
});
