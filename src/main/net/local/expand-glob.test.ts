import { execFile } from "node:child_process";
import { mkdir, symlink, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { makeTemporaryFolder } from "#testing/temporary-folder.ts";
import { expandGlob } from "./expand-glob.ts";

const run = promisify(execFile);

const FILES = [
  "a.conf",
  "b.conf",
  "B.conf",
  ".hidden.conf",
  "c",
  "[x].conf",
  "sub/a.conf",
  "sub/deep/z.conf",
  "other/a.conf",
];

test.skipIf(process.platform === "win32")("a pattern stands for what the shell takes it for", async () => {
  await using folder = await makeTemporaryFolder();
  for (const name of FILES) {
    await mkdir(dirname(join(folder.path, name)), { recursive: true });
    await writeFile(join(folder.path, name), "");
  }
  await symlink("gone", join(folder.path, "z.conf"));
  const patterns = [
    "*.conf",
    "*",
    ".*.conf",
    "[ab].conf",
    "[!ab].conf",
    "?.conf",
    "*/a.conf",
    "*/*/*",
    "\\[x\\].conf",
    "[a-c]*",
    "none/*",
    "c",
    "gone",
    "*b*.*f*",
  ];
  for (const pattern of patterns) {
    // A shell passes a pattern without matches on as it is; with these options it becomes nothing.
    const { stdout } = await run("bash", [
      "-c",
      `shopt -s nullglob; LC_ALL=C; cd "$1"; for each in ${pattern}; do [ -e "$each" ] || [ -L "$each" ] && echo "$each"; done; true`,
      "bash",
      folder.path,
    ]);
    const expected = stdout.split("\n").filter((name) => name !== "" && name !== ".." && name !== ".");
    const found = await expandGlob(
      join(folder.path, pattern.replaceAll("\\", "\\\\").replaceAll("\\\\", "\\")),
    );
    expect({ pattern, found: found.map((path) => path.slice(folder.path.length + 1)) }).toEqual({
      pattern,
      found: expected,
    });
  }
});

test("a pattern that would try every way to match is answered at once", async () => {
  await using folder = await makeTemporaryFolder();
  await writeFile(join(folder.path, "a".repeat(200)), "");
  expect(await expandGlob(join(folder.path, `${"*a".repeat(60)}b`))).toEqual([]);
});
